"""Fixtures of publications: a PostgreSQL server, a database of it, closed Iceberg catalogs.

The conftest.py of a folder imports those that its tests use.
"""

import itertools

import pytest

from resources.publish_to import iceberg
from tests.support.postgresql_server import PASSWORD, running

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server():
    with running() as found:
        yield found


@pytest.fixture
def database(server, monkeypatch):
    """A new database; its password is in the environment, as libpq wants it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return server.database(f"of_a_test_{next(_numbers)}")


@pytest.fixture(autouse=True)
def catalogs_are_closed(monkeypatch):
    """Those that a test opens to look at the tables."""
    opened, catalog = [], iceberg._catalog

    def opening(home):
        opened.append(catalog(home))
        return opened[-1]

    monkeypatch.setattr(iceberg, "_catalog", opening)
    yield
    for one in opened:
        one.close()
