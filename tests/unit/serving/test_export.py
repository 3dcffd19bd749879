"""Answers written to files."""

import csv
import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from resources.fs import atomic
from resources.serving import export
from resources.serving.sql_sandbox import QueryError
from resources.sql import quoting

ANSWER = (
    "SELECT * FROM (VALUES (1, 'a,b', 'nan'::DOUBLE), (NULL, '', 0.5), (3, NULL, NULL)) t(n, s, x)"
)


@pytest.fixture
def relation():
    with duckdb.connect() as connection:
        yield connection.sql


def test_csv_tells_null_from_an_empty_text(relation, tmp_path):
    export.write_file(relation(ANSWER), "csv", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == 'n,s,x\n1,"a,b",nan\n,"",0.5\n3,,\n'


def test_json_has_null_where_a_number_is_none(relation, tmp_path):
    export.write_file(relation(ANSWER), "json", tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_text())
    assert [row["x"] for row in found] == [None, 0.5, None]
    export.write_file(relation(f"{ANSWER} LIMIT 0"), "json", tmp_path / "none.json")
    assert json.loads((tmp_path / "none.json").read_text()) == []


def test_parquet_has_the_types_of_the_answer(relation, tmp_path):
    export.write_file(relation(ANSWER), "parquet", tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").column("n").to_pylist() == [1, None, 3]


def test_a_query_that_fails_on_its_way_leaves_the_old_file(relation, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    answer = relation(
        "SELECT CASE WHEN i = 99999 THEN error('late') ELSE i END FROM range(100000) t(i)"
    )
    with pytest.raises(duckdb.Error, match="late"):
        export.write_atomically(answer, "csv", path)
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_the_next_export_removes_what_a_killed_one_left(relation, tmp_path):
    path = tmp_path / "a.parquet"
    left = atomic.temp_path(path)
    left.write_bytes(b"PAR1")
    export.write_atomically(relation("SELECT 1 AS n"), "parquet", path)
    assert [*tmp_path.iterdir()] == [path]
    assert pq.read_table(path).num_rows == 1


def test_two_columns_of_one_name_are_refused(relation, tmp_path):
    with pytest.raises(QueryError, match="Two columns are named a"):
        export.write_file(relation("SELECT 1 AS a, 2 AS a"), "csv", tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("name", "said"), [("a.ods", "The ending .ods"), ("a", "A name without an ending")]
)
def test_a_format_that_cannot_be_written_names_those_that_can(name, said):
    with pytest.raises(QueryError, match=f"{said} .*csv, .json, .parquet or .xlsx"):
        export.format_name_of(Path(name))


def test_a_target_that_cannot_be_written_is_refused_first(tmp_path):
    export.check_target(tmp_path / "a.csv", "csv")
    for path in (tmp_path / "a.json", tmp_path, tmp_path / "none" / "a.csv", Path("/dev/null")):
        with pytest.raises(QueryError):
            export.check_target(path, "csv")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_is_guarded_on_request(text, relation, tmp_path):
    value = quoting.literal(text)
    sql = f"SELECT {value} AS \"a b\", 'a-b=c' AS plain, -1 AS n, NULL::VARCHAR AS nothing"
    names = ["a b", "plain", "n", "nothing"]
    for query, shown in ((export.guarded(relation(sql)), f"'{text}"), (relation(sql), text)):
        export.write_file(query, "csv", tmp_path / "a.csv")
        with (tmp_path / "a.csv").open(newline="") as file:
            assert [*csv.reader(file)] == [names, [shown, "a-b=c", "-1", ""]]
