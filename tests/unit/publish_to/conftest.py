"""Publications have a PostgreSQL server here, and catalogs that are closed after each test."""

from tests.support.publication_fixtures import catalogs_are_closed, database, server

__all__ = ["catalogs_are_closed", "database", "server"]
