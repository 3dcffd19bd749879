"""Which days to ask for and in which order, and what that costs."""
