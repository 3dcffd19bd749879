"""Parameters of questions, and files of the user beside the tables."""

from datetime import date

import duckdb
import pytest

from resources.serving import question_inputs, sql_sandbox
from resources.serving.sql_sandbox import QueryError


@pytest.fixture
def connection(tmp_path):
    """A read-only connection to a database of one table and one view."""
    path = str(tmp_path / "served.duckdb")
    with duckdb.connect(path) as made:
        made.execute("CREATE TABLE isp AS SELECT 'telecom' AS isp; CREATE VIEW v AS FROM isp")
    with duckdb.connect(path, read_only=True) as found:
        yield found


def test_parameters_are_found_in_the_statement():
    sql = "SELECT getvariable('to'), GetVariable ( 'from' ), getvariable('to'), my_getvariable('x')"
    assert question_inputs.parameters_in(sql) == ("to", "from")


def test_a_value_that_nobody_asks_for_is_refused_with_the_nearest():
    sql = "SELECT getvariable('month')"
    question_inputs.check_values(sql, ["month"])
    with pytest.raises(QueryError, match=r"no parameter 'mont'\. Did you mean month\?"):
        question_inputs.check_values(sql, ["mont"])
    with pytest.raises(QueryError, match="It has none"):
        question_inputs.check_values("SELECT 1", ["month"])


def test_values_keep_their_type_and_cannot_be_statements(connection):
    values = {"from": date(2026, 9, 1), "domain": "a'; DROP TABLE isp; --"}
    question_inputs.set_values(connection, values)
    sql = "SELECT getvariable('from') + 1, getvariable('domain'), getvariable('none')"
    assert connection.execute(sql).fetchone() == (date(2026, 9, 2), values["domain"], None)


def write(folder, name):
    path = folder / name
    if path.suffix == ".parquet":
        duckdb.sql("SELECT 'telecom' AS isp, 5 AS price").write_parquet(str(path))
    elif ".json" in name:
        path.write_text('{"isp": "telecom", "price": 5}\n')
    else:
        sign = "\t" if path.suffix == ".tsv" else ","
        path.write_text(f"isp{sign}price\ntelecom{sign}5\n")
    return path


@pytest.mark.parametrize("name", ["c.csv", "c.tsv", "c.parquet", "c.json", "C.CSV", "a [1]*?.csv"])
def test_a_file_is_a_table_and_stays_as_it_is(connection, tmp_path, name):
    path = write(tmp_path, name)
    before = path.read_bytes()
    question_inputs.load_files(connection, {"prices": path})
    sql_sandbox.restrict(connection, tmp_path / "spill")
    found = sql_sandbox.run_query(connection, "SELECT price FROM isp JOIN prices USING (isp)")
    assert found.fetchall() == [(5,)]
    with pytest.raises(duckdb.PermissionException):  # nothing else of that folder
        connection.sql(f"FROM read_csv('{tmp_path}/other.csv')")
    assert path.read_bytes() == before


def test_a_file_that_does_not_fit_into_memory_spills_where_it_may(connection, tmp_path):
    path = tmp_path / "large.parquet"
    large = duckdb.sql("SELECT i, repeat('z', 90) || i AS text FROM range(900000) t(i)")
    large.write_parquet(str(path))
    connection.execute("SET memory_limit = '90MB'; SET threads = 1")
    before = {*tmp_path.iterdir()}
    sql_sandbox.spill_to(connection, tmp_path / "spill")
    question_inputs.load_files(connection, {"large": path})
    sql_sandbox.restrict(connection, tmp_path / "spill")
    found = sql_sandbox.run_query(connection, "SELECT count(*) FROM large")
    assert found.fetchall() == [(900_000,)]
    assert {*tmp_path.iterdir()} == before | {tmp_path / "spill"}


@pytest.mark.parametrize(
    ("table", "name", "told"),
    [
        ("isp", "c.csv", "there is a table isp"),
        ("V", "c.csv", "there is a table V"),
        ("a-b", "c.csv", "letters, digits and _"),
        ("prices", "c.xls", "must end with one of .csv"),
        ("prices", "none.csv", "no such file"),
        ("prices", "broken.parquet", "cannot be read"),
    ],
)
def test_what_cannot_be_joined_is_refused(connection, tmp_path, table, name, told):
    for made in ("c.csv", "c.xls", "broken.parquet"):
        (tmp_path / made).write_text("a,b\n1,2\n")
    with pytest.raises(QueryError, match=told):
        question_inputs.load_files(connection, {table: tmp_path / name})
