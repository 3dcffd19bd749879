"""Publications have a PostgreSQL server here, and catalogs that are closed after each test."""

import pytest

from tests.support import mart_inputs
from tests.support.publication_fixtures import catalogs_are_closed, database, server

__all__ = ["captured", "catalogs_are_closed", "database", "server"]


@pytest.fixture(scope="session")
def captured(tmp_path_factory):
    """A folder with the tables of a simulated account, one Parquet file each."""
    home = tmp_path_factory.mktemp("scale") / "home"
    return mart_inputs.captured(tmp_path_factory.mktemp("captured"), home)
