"""A PostgreSQL server for the tests of this folder that ask for one."""

import itertools

import pytest

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
