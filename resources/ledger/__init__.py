"""The state of each dataset and day, read from the names of files."""
