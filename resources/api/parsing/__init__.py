"""Parsing: from the body of a response to typed rows. Pure: no network, no files."""
