"""Fixtures of the tests of marts in files of their own."""

from tests.support.mart_files import bring, connection, folder, home, put

__all__ = ["bring", "connection", "folder", "home", "put"]
