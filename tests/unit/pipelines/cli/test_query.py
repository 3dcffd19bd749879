"""`livestats query` reads the served copy, whatever the SQL; its files hold what was asked."""

import csv
import io
import json
import math
import re
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from resources.serving import example_queries, export, sql_sandbox
from tests.support.archives import DAYS, lab

pytestmark = pytest.mark.slow

STREAMED = ("csv", "json", "parquet")
"""Formats of any number of rows."""

TYPES = """
SELECT TIMESTAMPTZ '2026-11-01 00:00:00.5+08' AS t, [TIMESTAMPTZ '2026-11-01 00:00:00+08'] AS times,
       'nan'::DOUBLE AS n, '-inf'::FLOAT AS f, 0.1::DOUBLE AS d, NULL::DOUBLE AS missing,
       {'at': TIMESTAMPTZ '2026-11-01 00:00:00+08', 'odd "name"': ['nan'::DOUBLE, 1]} AS s,
       NULL::STRUCT(w TIMESTAMPTZ) AS no_struct, MAP {'x': 'inf'::DOUBLE} AS m,
       [[1.5::DOUBLE, 'nan'::DOUBLE], NULL] AS lists, 'a"b,' || chr(10) || 'c' AS "an ""odd"" name",
       DATE '2026-11-01' AS day, 9007199254740993 AS big
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A small archive with a served copy: its environment and its home."""
    with lab(tmp_path_factory.mktemp("query") / "home") as usual:
        found = usual.only("domain", "isp", "stream_count")
        found.backfill(DAYS[:1])
        yield found


@pytest.fixture
def ask(served):
    def call(*words, text=None):
        return CliRunner().invoke(
            main, ["query", *map(str, words)], env=dict(served.archive.environ), input=text
        )

    return call


@pytest.fixture
def written(ask, tmp_path):
    """The file that a query makes."""

    def made(sql, ending):
        path = tmp_path / f"answer.{ending}"
        result = ask(sql, "--output", path)
        assert result.exit_code == 0, result.output
        return path

    return made


# Reading only ------------------------------------------------------------------------------------

REFUSED = [
    "COPY isp TO '{file}'",
    "COPY (SELECT 1) TO STDOUT",
    "EXPLAIN ANALYZE COPY isp TO '{file}'",
    "EXPORT DATABASE '{file}'",
    "IMPORT DATABASE '{file}'",
    "PRAGMA import_database('{file}')",
    "ATTACH '{file}' AS other",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD '{file}'",
    "FROM read_csv('{file}')",
    "FROM read_text('{file}')",
    "FROM read_parquet('{file}')",
    "FROM glob('/*')",
    "FROM '{file}'",
    "FROM sniff_csv('{file}')",
    "CREATE TABLE mine (a INT)",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE SECRET s (TYPE s3)",
    "DELETE FROM isp",
    "UPDATE isp SET isp_name = ''",
    "INSERT INTO isp VALUES ('a', 'b')",
    "WITH gone AS (DELETE FROM isp RETURNING *) FROM gone",
    "DROP TABLE isp",
    "ALTER TABLE isp ADD COLUMN a INT",
    "COMMENT ON TABLE isp IS 'mine'",
    "CHECKPOINT",
    "VACUUM",
    "CALL checkpoint()",
    "PREPARE p AS COPY isp TO '{file}'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET allowed_paths = ['{file}']",
    "SET allowed_configs = ['threads']",
    "SET temp_directory = '{file}'",
    "SET memory_limit = '1GB'",
    "PRAGMA profiling_output = '{file}'",
    "CALL enable_logging()",
    "SELECT 1; COPY isp TO '{file}'",
    "COPY isp TO '{file}'; SELECT 1",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_writes_attaches_or_reads_files_is_refused_and_told(ask, served, tmp_path, sql):
    secret = tmp_path / "outside"
    secret.write_text("a\nsecret\n")
    before = served.archive.home.served.read_bytes()
    result = ask(sql.format(file=secret))
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("Error: ")
    assert "secret\n" not in result.output
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("outside", "a\nsecret\n")]
    assert served.archive.home.served.read_bytes() == before


@pytest.mark.parametrize(
    "sql", ["SELECT 1; SELECT 2", "FROM isp; SET VARIABLE x = 1", "EXPLAIN FROM isp; FROM isp;"]
)
def test_an_answer_that_would_not_be_shown_is_refused(ask, sql):
    """Else the last one would pass for all that was asked."""
    result = ask(sql)
    assert result.exit_code == 2
    assert "Statement 1 of 2 has an answer that would not be shown" in result.stderr
    assert result.stdout == ""


def test_what_is_set_may_stand_before_and_a_semicolon_after(ask):
    result = ask("SET TimeZone = 'UTC'; SET VARIABLE x = '；a;b'; SELECT getvariable('x'); -- 一;")
    assert "；a;b" in result.stdout
    assert "12" in ask("SELECT 12; /* ; */").stdout


@pytest.mark.parametrize("sql", ["COPY isp TO 'x'", "FROM read_csv('/x')", "SET threads = 1"])
def test_the_message_says_how_to_do_it_instead(ask, sql):
    result = ask(sql)
    assert "--output" in result.output
    assert "served/livestats.duckdb" in result.output


def test_variables_of_this_program_are_no_tables(ask):
    assert "does not exist" in ask("FROM found").output
    assert "does not exist" in ask("FROM text").output


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("SHOW TABLES", "stream_count"),
        ("DESCRIBE isp", "isp_name"),
        ("SUMMARIZE isp", "isp_name"),
        ("PRAGMA table_info('isp')", "isp_name"),
        ("PIVOT isp ON isp USING count(*)", "telecom"),
        ("EXPLAIN FROM isp", "Seq Scan"),
        ("VALUES (12345)", "12345"),
        ("SET VARIABLE x = 12345; SELECT getvariable('x')", "12345"),
        ("SET TimeZone = 'UTC'; SELECT TIMESTAMPTZ '2026-11-01 00:00:00+08'", "2026-10-31 16:00"),
        ("USE meta; FROM state", "changes"),
    ],
)
def test_all_that_only_reads_is_answered(ask, sql, shown):
    result = ask(sql)
    assert result.exit_code == 0, result.output
    assert shown in result.stdout


def test_a_plan_is_drawn_in_lines(ask):
    assert len(ask("EXPLAIN FROM isp").stdout.splitlines()) > 4


@pytest.mark.parametrize(
    ("sql", "needed"),
    [
        ("FROM edge_stat", "edge_stat"),
        ("FROM billing_monthly_account", "edge_stat"),
        ("FROM viewers_daily", "stream_session_by_domain"),
        ("FROM stream_health_daily", "batch_push_stream_metrics"),
        ("FROM origin_pull_daily", "edge_stat, source_traffic"),
        ("FROM top_streams(DATE '2026-11-01', DATE '2026-11-02')", "batch_stream_traffic, domain"),
    ],
)
def test_of_a_mart_that_is_not_there_what_it_needs_is_told(ask, sql, needed):
    result = ask(sql)
    assert result.exit_code == 2
    assert f", which needs {needed}. See `livestats settings`" in result.stderr
    assert "Did you mean" not in result.stderr


def test_damage_inside_the_served_copy_is_told_with_its_remedy(tmp_path):
    with lab(tmp_path / "home") as usual:
        found = usual.only("domain", "isp", "stream_count")
        found.backfill(DAYS[:1])
        copy = found.archive.home.served.resolve()
        whole = copy.read_bytes()
        copy.chmod(0o600)
        # The first blocks open the file; what a question reads lies further on.
        copy.write_bytes(whole[:300_000] + b"\xff" * (len(whole) - 300_000))
        environ = dict(found.archive.environ)
        asked = [
            CliRunner().invoke(main, words, env=environ)
            for words in (
                ["query", "FROM stream_count"],
                ["report", "--output", f"{tmp_path}/r.html"],
            )
        ]
        for result in asked:
            assert result.exit_code != 0
            assert str(copy) in result.stderr
        assert "Delete that file and run `livestats publish`" in asked[0].stderr
        copy.unlink()
        assert CliRunner().invoke(main, ["publish"], env=environ).exit_code == 0
        assert CliRunner().invoke(main, ["query", "FROM isp"], env=environ).exit_code == 0


# Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STREAMED)
def test_every_format_gives_every_row_in_order(written, style):
    path = written("SELECT i, i::VARCHAR AS v FROM range(120000) t(i) ORDER BY hash(i)", style)
    rows = {
        "csv": lambda: [(int(i), v) for i, v in [*csv.reader(path.read_text().splitlines())][1:]],
        "json": lambda: [(r["i"], r["v"]) for r in json.loads(path.read_text())],
        "parquet": lambda: [tuple(r.values()) for r in pq.read_table(path).to_pylist()],
    }[style]()
    ordered = duckdb.sql("SELECT i FROM range(120000) t(i) ORDER BY hash(i)").fetchall()
    assert rows == [(i, str(i)) for (i,) in ordered]


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.tuples(st.text(), st.none() | st.floats(), st.binary()), max_size=5))
def test_whatever_a_text_holds_json_and_csv_say_it(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "answer"
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (a VARCHAR, x DOUBLE, b BLOB)")
        for row in rows:
            connection.execute("INSERT INTO t VALUES (?, ?, ?)", row)
        export.write_file(connection.sql("FROM t"), "json", path)
        found = json.loads(path.read_text("utf-8"))
        export.write_file(connection.sql("SELECT a FROM t"), "csv", path)
        texts = [*csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""))][1:]
    finite = [x if x is not None and math.isfinite(x) else None for _, x, _ in rows]
    assert [(row["a"], row["x"]) for row in found] == list(
        zip((a for a, *_ in rows), finite, strict=True)
    )
    assert [a for line in texts for a in line] == [a for a, *_ in rows]


@pytest.mark.parametrize("style", STREAMED)
def test_no_rows_are_a_file_too(written, style):
    path = written("FROM isp WHERE false", style)
    if style == "json":
        assert json.loads(path.read_text()) == []
    elif style == "csv":
        assert path.read_text() == "isp,isp_name\n"
    else:
        assert pq.read_table(path).column_names == ["isp", "isp_name"]


def test_json_is_json(written):
    def refuse(word):
        raise ValueError(word)

    text = written(TYPES, "json").read_text()
    (row,) = json.loads(text, parse_constant=refuse)
    assert row == {
        "t": "2026-11-01T00:00:00.5+08:00",
        "times": ["2026-11-01T00:00:00+08:00"],
        "n": None,
        "f": None,
        "d": 0.1,
        "missing": None,
        "s": {"at": "2026-11-01T00:00:00+08:00", 'odd "name"': [None, 1.0]},
        "no_struct": None,
        "m": {"x": None},
        "lists": [[1.5, None], None],
        'an "odd" name': 'a"b,\nc',
        "day": "2026-11-01",
        "big": 9007199254740993,
    }


def test_csv_keeps_nan_apart_from_missing(written):
    ((head, row)) = [*csv.reader(io.StringIO(written(TYPES, "csv").read_text(), newline=""))]
    found = dict(zip(head, row, strict=True))
    assert found["t"] == "2026-11-01T00:00:00.5+08:00"
    assert math.isnan(float(found["n"]))
    assert found["missing"] == ""
    assert found['an "odd" name'] == 'a"b,\nc'
    assert "2026-11-01T00:00:00+08:00" in found["s"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_an_instant_stays_the_same_in_any_zone(ask, zone):
    sql = f"SET TimeZone = '{zone}'; SELECT TIMESTAMPTZ '2026-11-01 00:00:00+08' AS t"
    for style in ("csv", "json"):
        text = ask(sql, "--format", style).stdout
        shown = json.loads(text)[0]["t"] if style == "json" else text.splitlines()[1]
        assert datetime.fromisoformat(shown) == datetime.fromisoformat("2026-11-01T00:00+08:00")


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("x.ods", (), ".ods"),
        ("x.txt", (), "--format table"),
        ("x", (), "without an ending"),
        ("x.parquet", ("--format", "csv"), "x.parquet would hold csv"),
        ("x.csv", ("--format", "table"), "x.csv would hold table"),
        ("no/x.csv", (), "no folder"),
    ],
)
def test_a_name_that_would_mislead_is_refused(ask, tmp_path, name, words, told):
    result = ask("FROM isp", "--output", tmp_path / name, *words)
    assert result.exit_code == 2
    assert told in result.output
    assert [*tmp_path.iterdir()] == []


def test_a_table_can_be_written_if_asked_for(ask, tmp_path):
    path = tmp_path / "x.txt"
    assert ask("FROM isp", "--output", path, "--format", "table").exit_code == 0
    assert "telecom" in path.read_text()


def test_devices_are_not_replaced(ask):
    result = ask("FROM isp", "--output", "/dev/null", "--format", "csv")
    assert result.exit_code == 2
    assert not Path("/dev/null").is_file()


def test_two_columns_of_one_name_are_refused_in_files_only(ask):
    assert ask("SELECT 1 AS a, 2 AS a").exit_code == 0
    assert "Two columns are named a" in ask("SELECT 1 AS a, 2 AS a", "--format", "json").output


@pytest.mark.parametrize("style", STREAMED)
def test_a_query_that_fails_on_its_way_leaves_the_old_file(ask, tmp_path, style):
    path = tmp_path / f"x.{style}"
    path.write_text("old")
    sql = "SELECT CASE WHEN i < 200000 THEN i ELSE error('broke') END AS x FROM range(300000) t(i)"
    # DuckDB 2.0.0 hangs here about every tenth time if its own COPY writes the file.
    for _ in range(5):
        result = ask(sql, "--output", path)
        assert result.exit_code == 2
        assert "broke" in result.output
        assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(path.name, "old")]


def test_a_missing_value_an_empty_text_and_a_row_of_one_missing_value_are_told_apart(written):
    text = written("SELECT * FROM (VALUES ('', NULL), ('a', '\r')) t(a, b)", "csv").read_bytes()
    assert text == b'a,b\n"",\na,"\r"\n'
    assert written("SELECT NULL AS a UNION ALL SELECT NULL", "csv").read_text() == 'a\n""\n""\n'


def test_parquet_holds_whole_numbers_exactly_and_what_it_has_no_type_for_as_text(written):
    path = written(
        "SELECT sum(9007199254740993) AS big, INTERVAL 1 DAY AS one, ['101'::BIT] AS bits,"
        " union_value(n := 1) AS either, 12::BIGNUM AS n, TIMESTAMPTZ '2026-11-01 00:00:00+08' AS t",
        "parquet",
    )
    (row,) = pq.read_table(path).to_pylist()
    assert row.pop("t") == datetime.fromisoformat("2026-11-01T00:00+08:00")
    assert row == {
        "big": 9007199254740993,
        "one": "1 day",
        "bits": ["101"],
        "either": "1",
        "n": "12",
    }


def test_sorting_more_than_fits_in_memory_uses_the_scratch_folder_and_not_the_home(
    served, tmp_path
):
    with served.archive.reading() as connection:
        connection.execute("SET memory_limit = '60MB'; SET threads = 1")
        sql_sandbox.restrict(connection, tmp_path / "spill")
        connection.execute(
            "SELECT i FROM range(6000000) t(i) ORDER BY hash(i) LIMIT 1 OFFSET 5000000"
        ).fetchall()
        assert (tmp_path / "spill").is_dir()


# Examples ----------------------------------------------------------------------------------------


@pytest.fixture
def two_examples(tmp_path, monkeypatch):
    (tmp_path / "carriers.sql").write_text("-- Which carriers\n-- are there?\nFROM isp;\n")
    (tmp_path / "days.sql").write_text(
        "-- Which days?\nSELECT coalesce(getvariable('day')::VARCHAR, '1') AS days, "
        "getvariable('n') AS n\n"
    )
    (tmp_path / "names.sql").write_text(
        "-- Our names?\n\n-- --with names: isp, ours\nSELECT ours FROM isp JOIN names USING (isp)\n"
    )
    monkeypatch.setattr(example_queries, "FOLDER", tmp_path)


@pytest.mark.usefixtures("two_examples")
def test_examples_are_listed_with_their_question(ask):
    lines = ask("--examples").stdout.splitlines()
    assert [re.split(" {2,}", line.strip()) for line in lines[1:]] == [
        ["carriers", "Which carriers are there?"],
        ["days", "Which days?", "day, n"],
        ["names", "Our names?", "--with names"],
    ]


@pytest.mark.usefixtures("two_examples")
def test_an_example_is_asked_by_its_name(ask):
    assert "telecom" in ask("--example", "carriers").stdout
    assert ask("--example", "days", "--format", "csv").stdout == "days,n\n1,\n"


@pytest.mark.usefixtures("two_examples")
def test_an_example_joins_a_file_of_the_user_and_asks_for_it(ask, tmp_path):
    refused = ask("--example", "names")
    assert refused.exit_code == 2
    told = " ".join(refused.stderr.split())
    assert "with the columns isp, ours. Name it: --with names=FILE" in told
    (tmp_path / "names.csv").write_text("isp,ours\ntelecom,the first\n")
    words = ["--example", "names", "--with", f"names={tmp_path / 'names.csv'}", "--format", "csv"]
    assert ask(*words).stdout == "ours\nthe first\n"


@pytest.mark.usefixtures("two_examples")
def test_the_sql_of_an_example_is_shown_and_not_asked(ask):
    result = ask("--example", "carriers", "--show-sql")
    assert result.stdout == "-- Which carriers\n-- are there?\nFROM isp;\n"


@pytest.mark.usefixtures("two_examples")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--example", "carrier"], "Did you mean carriers?"),
        (["--example", "../carriers"], "There is no example"),
        (["SELECT 1", "--example", "days"], "not several of them"),
        (["--example", "days", "--param", "dya=today"], "Did you mean day?"),
        (["--example", "days", "--domain", "a"], "no parameter 'domain'"),
        (["--example", "days", "--param", "day"], "'day' is not NAME=VALUE"),
        (["--example", "days", "--param", "day=2026-02-30"], "Write it like 2026-11-01"),
        (["SELECT 1", "--show-sql"], "--example"),
        ([], "--examples"),
    ],
)
def test_wrong_use_of_examples_is_told(ask, words, told):
    result = ask(*words)
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.usefixtures("two_examples")
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--param", "day=yesterday"], "2026-11-21,\n"),
        (["--param", "day=-7d", "--param", "n= a=b "], "2026-11-15, a=b \n"),
        (["--param", "day=2026-10"], "2026-10-01,\n"),
    ],
)
def test_an_example_takes_values(ask, words, answer):
    assert ask("--example", "days", *words, "--format", "csv").stdout == f"days,n\n{answer}"


def test_of_the_last_day_a_month_is_its_end(ask):
    sql = "SELECT getvariable('from') AS a, getvariable('to') AS b, getvariable('domain') AS c"
    words = ("--param", "from=2026-10", "--param", "to=2026-10", "--domain", "live.example.com")
    assert ask(sql, *words, "--format", "csv").stdout.splitlines()[1] == (
        "2026-10-01,2026-10-31,live.example.com"
    )


# Sources and layouts -----------------------------------------------------------------------------


def test_the_sql_can_stand_in_a_file(ask, tmp_path):
    path = tmp_path / "question.sql"
    path.write_text("-- Which?\nSELECT 12345 AS a;\n")
    assert "12345" in ask("-f", path).stdout
    assert "not several of them" in ask("SELECT 1", "--file", path).output
    assert "does not exist" in ask("-f", tmp_path / "none.sql").output


def test_a_file_of_the_user_is_joined(ask, tmp_path):
    path = tmp_path / "my contracts.csv"
    path.write_text("isp,price\ntelecom,5\n")
    sql = "SELECT isp, price FROM isp JOIN contracts USING (isp)"
    assert ask(sql, "--with", f"contracts={path}", "--format", "csv").stdout == (
        "isp,price\ntelecom,5\n"
    )
    assert "does not exist" in ask(sql).output  # it was for that question
    refused = ask(f"FROM read_csv('{path}')", "--with", f"contracts={path}")
    assert refused.exit_code == 2


@pytest.mark.parametrize(
    ("layout", "shown"),
    [
        ("table", "a    b\n1  1.5\n"),
        ("box", "┌───┬─────┐\n│ a │   b │\n├───┼─────┤\n│ 1 │ 1.5 │\n└───┴─────┘\n"),
        ("line", "a = 1\nb = 1.5\n"),
        ("markdown", "| a | b |\n|---:|---:|\n| 1 | 1.5 |\n"),
    ],
)
def test_an_answer_can_be_shown_in_several_layouts(ask, tmp_path, layout, shown):
    result = ask("SELECT 1 AS a, 1.5::DOUBLE AS b", "--format", layout)
    assert result.stdout == shown
    path = tmp_path / "answer.md"
    assert ask("SELECT 1 AS a, 1.5::DOUBLE AS b", "--format", layout, "--output", path)
    assert path.read_text("utf-8") == shown


def test_in_a_pipe_every_column_is_shown(ask):
    names = [f"a_long_name_of_a_column_{i:02}" for i in range(40)]
    result = ask("SELECT " + ", ".join(f"{i} AS {name}" for i, name in enumerate(names)))
    assert result.stdout.splitlines()[0].split() == names
    assert result.stderr == ""


def test_excel_is_a_file(written, ask):
    pytest.importorskip("xlsxwriter")
    assert written("FROM isp", "xlsx").read_bytes().startswith(b"PK")
    assert "name a file with --output" in ask("FROM isp", "--format", "xlsx").output


def test_every_format_has_a_writer(tmp_path):
    pytest.importorskip("xlsxwriter")
    for name in export.FORMATS:
        export.write_file(duckdb.sql("SELECT 1 AS a"), name, tmp_path / name)
        assert (tmp_path / name).stat().st_size
