"""From what is due to a committed capture and its lake file. Imports nothing of the warehouse."""
