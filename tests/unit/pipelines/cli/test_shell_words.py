"""What is offered after TAB in the shell."""

import duckdb
import pytest

from pipelines.cli import shell_words

TABLES = {"edge_stat": ["domain", "down_mbps"], "isp": ["isp", "isp_name"], "dim_isp": ["isp"]}


@pytest.mark.parametrize(
    ("before", "begun", "names"),
    [
        ("FROM ", "", ["dim_isp", "edge_stat", "isp"]),
        ("SELECT 1\nfrom e", "e", ["edge_stat"]),
        ("FROM isp JOIN d", "d", ["dim_isp"]),
        ("FROM edge_stat WHERE do", "do", ["domain", "down_mbps"]),
        ("FROM edge_stat e WHERE e.do", "do", ["domain", "down_mbps"]),
        ("SELECT isp", "isp", ["isp", "isp_name"]),
        ("FROM isp WHERE is", "is", ["isp", "isp_name", "IS NULL"]),
        ("FROM isp GRO", "GRO", ["GROUP BY"]),
        ("FROM isp WHERE ", "", []),
        (".for", ".for", [".format"]),
        (".format ", "", ["table", "csv"]),
        (".tables ed", "ed", ["edge_stat"]),
        (".example worst_s", "worst_s", ["worst_streams"]),
        (".rows ", "", []),
    ],
)
def test_tables_columns_and_words_are_offered_where_they_fit(before, begun, names):
    assert shell_words.offered(before, TABLES, ("table", "csv")) == (begun, names)


def test_the_tables_are_those_of_the_copy():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (b INT, a INT); CREATE VIEW v AS SELECT a FROM t")
        connection.execute("CREATE SCHEMA meta; CREATE TABLE meta.hidden (x INT)")
        assert shell_words.tables_of(connection) == {"t": ["b", "a"], "v": ["a"]}
