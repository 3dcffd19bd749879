"""A copy of a home in another folder: right at any moment, and a home itself. Read next: copy.py."""
