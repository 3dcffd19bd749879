"""Captures: the responses of the API, byte for byte, with requests and checksums."""
