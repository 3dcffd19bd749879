"""The version of livestats, stated once; pyproject.toml repeats it and a test compares them."""

VERSION = "0.1.0"
