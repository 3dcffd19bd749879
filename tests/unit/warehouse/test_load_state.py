"""Which tables differ from the lake; that a load then brings them level is in test_load.py."""

from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import load, load_state
from resources.warehouse.load_state import LoadState
from tests.support.lake_files import store

DAY = date(2026, 11, 1)
COUNT, DOMAIN, EDGE = (DATASETS[name] for name in ("stream_count", "domain", "edge_stat"))
NAMES = (COUNT.name, DOMAIN.name, EDGE.name)


@pytest.fixture
def home(tmp_path):
    """A lake with a day of two datasets; nothing is loaded."""
    found = Home(tmp_path / "home")
    store(found.lake, COUNT, DAY, [{"domain": "a"}])
    store(found.lake, DOMAIN, DAY, [{"domain": "a"}])
    return found


@pytest.fixture
def connection(home):
    with warehouse_connection.writing(home, "Asia/Shanghai") as found:
        yield found


def behind(connection, home, has_stale_days=lambda _: False):
    return load_state.behind(connection, home, NAMES, LoadState.of(connection), has_stale_days)


def test_tables_are_behind_until_they_hold_what_the_lake_has(connection, home):
    assert behind(connection, home) == [*NAMES]  # also the empty one: its table is not there
    assert load_state.lacking(connection, home, NAMES) == [COUNT, DOMAIN]
    for dataset in (COUNT, DOMAIN, EDGE):
        load.sync_table(connection, home, dataset)
    assert behind(connection, home) == []
    assert load_state.lacking(connection, home, NAMES) == []
    store(home.lake, COUNT, DAY, [{"domain": "b"}], version=1)
    assert behind(connection, home) == [COUNT.name]


def test_a_table_whose_lake_files_are_to_be_made_anew_is_behind(connection, home):
    for dataset in (COUNT, DOMAIN, EDGE):
        load.sync_table(connection, home, dataset)
    assert behind(connection, home, lambda dataset: dataset is EDGE) == [EDGE.name]


def test_a_folder_that_cannot_be_looked_at_is_behind_and_lacking(connection, home, monkeypatch):
    """So the load tries it, and says why it cannot."""
    for dataset in (COUNT, DOMAIN, EDGE):
        load.sync_table(connection, home, dataset)
    connection.execute("DELETE FROM meta.loaded")

    def closed(_root, name):
        if name == EDGE.name:
            raise PermissionError(13, "Permission denied")
        return {}

    monkeypatch.setattr(load_state.parquet, "states_of", closed)
    assert behind(connection, home) == [EDGE.name]
    assert load_state.lacking(connection, home, NAMES) == [EDGE]
