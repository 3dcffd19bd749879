"""A table that is declared anew keeps the earlier rows of a day whose file cannot be loaded."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import days_set_aside, load, load_state
from resources.warehouse.connection import WarehouseError
from tests.support.lake_files import store

DAYS = [date(2026, 11, 1) + timedelta(days=i) for i in range(3)]
COUNT, PUSHES = DATASETS["stream_count"], DATASETS["push_stream_info"]


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def connection(home):
    with warehouse_connection.writing(home, "Asia/Shanghai") as opened:
        yield opened


def with_columns(dataset, change):
    found = replace(dataset)
    found.__dict__["columns"] = change(dataset.columns)
    return found


def rows(connection, name):
    return connection.execute(f"FROM {name} ORDER BY ALL").fetchall()


@pytest.mark.parametrize(
    ("dataset", "values"),
    [(COUNT, [{"domain": "a"}, {"domain": "b"}]), (PUSHES, [{"stream": "a"}, {"stream": "b"}])],
    ids=lambda one: getattr(one, "name", ""),
)
def test_rows_of_a_damaged_day_stay_and_come_anew_with_its_file(home, connection, dataset, values):
    paths = [store(home.lake, dataset, day, values) for day in DAYS]
    load.sync_table(connection, home, dataset)
    before, good = rows(connection, dataset.name), paths[1].read_bytes()
    paths[1].write_bytes(good[:-20])
    other = replace(dataset, key=dataset.key[::-1])
    assert str(paths[1]) in load.sync_table(connection, home, other).problem
    assert rows(connection, dataset.name) == before
    assert [*days_set_aside.read(home)] == [(dataset.name, DAYS[1])]
    assert not load_state.is_in_sync(connection, home, other)
    assert str(paths[1]) in load.sync_table(connection, home, other).problem, "it is tried again"
    paths[1].write_bytes(good)
    assert load.sync_table(connection, home, other).problem == ""
    assert rows(connection, dataset.name) == before
    assert days_set_aside.read(home) == {}
    assert load_state.is_in_sync(connection, home, other)


def test_a_day_that_was_never_loaded_leaves_nothing_behind(home, connection):
    store(home.lake, COUNT, DAYS[0], [{"domain": "a"}])
    load.sync_table(connection, home, COUNT)
    path = store(home.lake, COUNT, DAYS[1], [{"domain": "a"}])
    path.write_bytes(path.read_bytes()[:-20])
    other = replace(COUNT, key=COUNT.key[::-1])
    assert load.sync_table(connection, home, other).problem
    assert connection.execute("SELECT DISTINCT day FROM meta.loaded").fetchall() == [(DAYS[0],)]


def test_rows_that_do_not_fit_leave_the_old_table(home, connection):
    for day in DAYS[:2]:
        path = store(home.lake, COUNT, day, [{"domain": "a"}])
    load.sync_table(connection, home, COUNT)
    before = rows(connection, COUNT.name)
    path.write_bytes(path.read_bytes()[:-20])
    other = with_columns(COUNT, lambda c: (*c, replace(c[-1], name="another", nullable=False)))
    store(home.lake, other, DAYS[0], [{"domain": "a", "another": 1}], version=1)
    with pytest.raises(WarehouseError, match="The old table stays"):
        load.sync_table(connection, home, other)
    assert rows(connection, COUNT.name) == before
