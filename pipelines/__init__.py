"""WHEN it is done: definitions, jobs, schedules, sensors and the command line."""
