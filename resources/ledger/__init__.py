"""The state of each dataset and day, read off the archive and its notes."""
