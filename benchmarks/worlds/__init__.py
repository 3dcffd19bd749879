"""Seeded worlds: an account, manners of the API, faults, kills and commands, all from one number."""
