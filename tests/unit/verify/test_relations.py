"""Two databases are compared by days; sums of floats may differ in the last digits only."""

from datetime import date

import duckdb
import pytest

from resources.verify import relations

DAY = date(2026, 11, 20)
MADE = (
    "CREATE TABLE {}.t AS SELECT DATE '2026-11-20' AS business_date, 'a' AS domain, 0.3 AS mbps "
    "UNION ALL SELECT DATE '2026-11-21', 'a', 5"
)


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        for name in ("anew", "held"):
            connection.execute(f"ATTACH ':memory:' AS {name}")
            connection.execute(MADE.format(name))
            connection.execute(f"ALTER TABLE {name}.t ALTER mbps TYPE DOUBLE")
        yield connection


def days(connection, **options):
    (table,) = relations.common(connection, *relations.declared(connection))
    return relations.differing_days(connection, table, set(), **options)


def test_equal_databases_do_not_differ(connection):
    assert days(connection) == []
    assert list(relations.differences(*relations.declared(connection))) == []


def test_the_last_digits_of_a_sum_do_not_count_but_where_rows_are_copied(connection):
    connection.execute("UPDATE held.t SET mbps = 0.1::DOUBLE + 0.2::DOUBLE WHERE mbps < 1")
    assert days(connection) == []
    assert days(connection, is_exact=True) == [DAY]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE held.t SET mbps = mbps * 1.001 WHERE mbps < 1",
        "UPDATE held.t SET mbps = NULL WHERE mbps < 1",
        "UPDATE held.t SET domain = 'b' WHERE mbps < 1",
        "DELETE FROM held.t WHERE mbps < 1",
        "INSERT INTO held.t FROM held.t WHERE mbps < 1",
    ],
)
def test_another_value_and_another_number_of_rows_are_found(connection, sql):
    connection.execute(sql)
    assert days(connection) == [DAY]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DROP TABLE held.t", ("main.t", "is not there")),
        ("CREATE VIEW held.more AS SELECT 1", ("main.more", "is none of livestats")),
        ("ALTER TABLE held.t DROP COLUMN mbps", ("main.t", "is declared otherwise")),
        ("CREATE SCHEMA held.more", ("more", "is none of livestats")),
        ("CREATE MACRO held.two() AS 2", ("main.two", "is none of livestats")),
    ],
)
def test_other_relations_are_named(connection, sql, said):
    connection.execute(sql)
    assert list(relations.differences(*relations.declared(connection))) == [said]
