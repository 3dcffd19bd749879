"""A mart has the same rows in whatever order its inputs come: verify makes it anew and compares."""

from dataclasses import replace

import duckdb
import pytest

from resources.marts import build, definition, schema
from resources.marts.definition import ARCHIVE_TABLE, MartKind
from tests.support.mart_differences import differences
from tests.support.mart_inputs import SOURCES, captured, fill, move_into_summer_time

pytestmark = pytest.mark.slow

MARTS = definition.read()

TIES = """
UPDATE batch_push_stream_metrics SET first_frame_ms = 900, resolution = agg_type
WHERE agg_type = 'max';
UPDATE push_stream_info SET push_ended_at = date_trunc('day', push_ended_at) + INTERVAL 1 DAY,
    break_reason = push_started_at::VARCHAR;
"""
"""What the two answers about a slot say differently, and pushes that end together."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    return captured(folder, tmp_path_factory.mktemp("account") / "home")


def made(inputs, order, how):
    """All marts of tables whose rows stand in this order, by name, as Arrow tables."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        schema.declare_tables(connection)
        connection.execute(f"INSERT INTO {ARCHIVE_TABLE} VALUES ('Europe/Berlin')")
        how(connection, inputs)
        connection.execute(TIES)
        for name in SOURCES:
            connection.execute(f"CREATE TEMP TABLE ordered AS FROM {name} t ORDER BY {order}")
            connection.execute(f"DELETE FROM {name}")
            connection.execute(f"INSERT INTO {name} BY NAME FROM ordered")
            connection.execute("DROP TABLE ordered")
        found = {}
        for mart in (one for one in MARTS.values() if not one.parameters):
            build.create(connection, replace(mart, kind=MartKind.VIEW))
            found[mart.name] = connection.sql(f"FROM {mart.name}").to_arrow_table()
        return found


@pytest.mark.parametrize("how", [fill, move_into_summer_time])
def test_no_mart_depends_on_the_order_of_rows(inputs, how):
    one, other = (made(inputs, order, how) for order in ("hash(t)", "hash(t, 'again')"))
    wrong = {
        name: found
        for name, table in one.items()
        if (found := differences(MARTS[name], rows(table), other[name]))
    }
    assert wrong == {}


def rows(table):
    return [tuple(row.values()) for row in table.to_pylist()]
