"""Reads everything back and tells what is not as it was written; see `whole.Verification`."""
