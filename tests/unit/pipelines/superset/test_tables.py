"""The tables that a BI tool can ask."""

import duckdb

from pipelines.superset.tables import served_tables


def test_tables_and_views_come_with_their_comments_and_nothing_of_meta():
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA meta; CREATE TABLE meta.loaded (n INT)")
        connection.execute("CREATE TABLE b (seen TIMESTAMPTZ); CREATE VIEW a AS SELECT 1 AS n")
        connection.execute("COMMENT ON TABLE b IS 'it''s b'; COMMENT ON COLUMN b.seen IS 'when'")
        found = served_tables(connection)
    assert [(table.name, table.comment) for table in found] == [("a", ""), ("b", "it's b")]
    (column,) = found[1].columns
    assert (column.name, column.type, column.comment) == ("seen", "TIMESTAMPTZ", "when")
