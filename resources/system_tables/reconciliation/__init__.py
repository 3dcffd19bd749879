"""Rules that compare what the endpoints say of the same thing, and their table."""
