"""Queries of users read the tables of the served copy, and nothing else."""

import duckdb
import pytest

from resources.serving.sql_sandbox import (
    QueryError,
    error_message,
    required_datasets,
    restrict,
    run_query,
)


@pytest.fixture
def connection(tmp_path):
    with duckdb.connect(tmp_path / "copy.duckdb") as made:
        made.execute("CREATE TABLE edge_stat AS SELECT 1 AS n")
    with duckdb.connect(tmp_path / "copy.duckdb", read_only=True) as found:
        restrict(found, tmp_path / "spill")
        yield found


def test_the_last_statement_answers_and_settings_may_stand_before_it(connection):
    answer = run_query(connection, "SET TimeZone = 'UTC'; SELECT n FROM edge_stat; -- done")
    assert answer.fetchall() == [(1,)]
    assert run_query(connection, "SET TimeZone = 'UTC'") is None


@pytest.mark.parametrize(
    "text",
    ["DELETE FROM edge_stat", "CREATE TABLE a (n INT)", "COPY edge_stat TO 'a.csv'", "ATTACH 'b'"],
)
def test_what_would_write_is_refused_before_it_runs(connection, text):
    with pytest.raises(QueryError, match="read-only"):
        run_query(connection, text)


def test_an_answer_that_would_not_be_shown_is_refused(connection):
    with pytest.raises(QueryError, match="Statement 1 of 2"):
        run_query(connection, "SELECT 1; SELECT 2")


@pytest.mark.parametrize(
    "text",
    [
        "FROM read_csv('{file}')",
        "FROM '{file}'",
        "SET memory_limit = '1GB'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_files_and_settings_are_out_of_reach(connection, tmp_path, text):
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises((duckdb.Error, QueryError)):
        run_query(connection, text.format(file=tmp_path / "other.csv")).fetchall()


def test_a_table_that_is_not_captured_names_the_datasets_it_needs():
    missing = duckdb.CatalogException(
        "Catalog Error: Table with name bandwidth_5min does not exist!"
    )
    assert "which needs edge_stat" in error_message(missing)
    assert "livestats tables" in error_message(duckdb.ParserException("syntax error"))


def test_datasets_of_a_mart_are_found_behind_other_marts():
    assert required_datasets("edge_stat") == ["edge_stat"]
    assert "edge_stat" in required_datasets("billing_monthly_account")
    assert required_datasets("nobody") == []
