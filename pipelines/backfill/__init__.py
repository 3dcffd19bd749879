"""A range of days from the API to the served copy, and the same offline from raw."""
