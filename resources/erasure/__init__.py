"""Erasing an item from captures: answers without it, byte for byte as they were otherwise."""
