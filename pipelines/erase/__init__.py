"""Erasing an item from an archive for good: raw answers, lake, databases, notes."""
