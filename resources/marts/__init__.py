"""Marts: answers made from the tables of the warehouse, one SELECT each."""
