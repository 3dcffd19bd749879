"""A table in Iceberg: only days that differ are written, and columns change by field id."""

import json
from datetime import UTC, datetime

import pytest

from resources.home.layout import Home
from resources.publish_to import iceberg, iceberg_tables
from resources.publish_to.iceberg_tables import DAYS
from tests.support.publications import made_up

pytestmark = pytest.mark.scale

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
BEFORE = """
CREATE TABLE t (business_date DATE, a BIGINT, b VARCHAR);
INSERT INTO t VALUES ('2026-11-01', 1, 'x'), ('2026-11-02', 2, 'y'), (NULL, 3, 'z');
CREATE TABLE u (a BIGINT);
INSERT INTO u VALUES (7), (7);
"""


@pytest.fixture
def home(tmp_path):
    pytest.importorskip("pyiceberg")
    (tmp_path / "locks").mkdir()
    return Home(tmp_path)


def publish(home, sql, commit="1"):
    return iceberg.publish(made_up(sql, commit=commit), home, "stats", NOW)


def table(home, name="t"):
    return iceberg._catalog(home).load_table(("stats", name))


def rows(home, name="t"):
    found = table(home, name).scan().to_arrow().to_pylist()
    return sorted((tuple(row.values()) for row in found), key=repr)


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ("UPDATE t SET a = 5 WHERE a = 1", 1),
        ("DELETE FROM t WHERE a = 1", 0),
        ("DELETE FROM t WHERE business_date IS NULL", 0),
        ("INSERT INTO t VALUES ('2026-11-02', 2, 'y')", 2),
        ("INSERT INTO t VALUES (NULL, 4, 'q'), ('2026-11-03', 1, '')", 3),
        ("DELETE FROM u", 0),
        ("INSERT INTO u VALUES (8)", 3),
        ("DELETE FROM t", 0),
    ],
)
def test_days_that_differ_are_replaced_and_no_others(home, change, written):
    assert publish(home, BEFORE).rows == 5
    assert publish(home, f"{BEFORE};{change}", "2").rows == written
    copy = made_up(f"{BEFORE};{change}").connection
    for name in "tu":
        assert rows(home, name) == sorted(copy.execute(f"FROM {name}").fetchall(), key=repr)


def test_the_note_of_the_days_comes_with_the_rows(home):
    publish(home, BEFORE)
    noted = json.loads(table(home).properties[DAYS])
    assert {*noted} == {"2026-11-01", "2026-11-02", ""}


def test_months_are_one_commit_and_many_rows_are_several(home, monkeypatch):
    many = "CREATE TABLE t AS SELECT DATE '2026-01-01' + d::INT AS business_date, x FROM range(40) a(d), range(3) b(x)"
    served = made_up(many)
    publish(home, "CREATE TABLE t (business_date DATE, x BIGINT)")
    (one,) = served.tables
    assert iceberg_tables.replace_days(table(home), served, one).commits == 2
    assert len(rows(home)) == 120
    changed = made_up(f"{many}; UPDATE t SET x = 9")
    monkeypatch.setattr(iceberg_tables, "_ROWS_OF_COMMIT", 30)
    assert iceberg_tables.replace_days(table(home), changed, one).commits == 4
    assert {x for _, x in rows(home)} == {9}
    assert len(rows(home)) == 120


def test_a_large_day_is_written_in_pieces_by_one_commit(home, monkeypatch):
    """They are not in memory at once."""
    sizes = []
    real = iceberg_tables._pieces
    monkeypatch.setattr(
        iceberg_tables,
        "_pieces",
        lambda all_: (sizes.append(one.num_rows) or one for one in real(all_)),
    )
    monkeypatch.setattr(iceberg_tables, "_ROWS_AT_ONCE", 5000)
    large = "CREATE TABLE t AS SELECT DATE '2026-01-01' AS business_date, x FROM range(20_000) r(x)"
    publish(home, large)
    assert max(sizes) <= 5000 < sum(sizes) == 20_000
    assert {x for _, x in rows(home)} == {*range(20_000)}
    before, (one,) = table(home).metadata_location, made_up(large).tables
    changed = made_up(f"{large}; UPDATE t SET x = x + 1")
    assert iceberg_tables.replace_days(table(home), changed, one).commits == 1
    assert {x for _, x in rows(home)} == {*range(1, 20_001)}
    assert before in [log.metadata_file for log in table(home).metadata.metadata_log][-1:]


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("b VARCHAR", "b VARCHAR, c DOUBLE").replace("')", "', 0.5)").replace("'z')", "'z', 1)"),
        BEFORE.replace(", b VARCHAR", "").replace(", 'x'", "").replace(", 'y'", "").replace(", 'z'", ""),
        BEFORE.replace("a BIGINT, b", "a DOUBLE, b"),
        BEFORE.replace("a BIGINT, b", "a VARCHAR, b"),
        BEFORE.replace("a BIGINT, b", "k BIGINT, b"),
    ],
    ids=["added", "dropped", "wider", "other type", "renamed"],
)  # fmt: skip
def test_columns_change_and_no_value_is_read_as_another(home, after):
    publish(home, BEFORE)
    before = table(home).current_snapshot().snapshot_id
    old = rows(home)
    publish(home, after, "2")
    copy = made_up(after).connection
    names = [column.name for column in made_up(after).tables[0].columns]
    found = table(home).scan().to_arrow().select(names).to_pylist()
    wanted = copy.execute("FROM t").fetchall()
    assert sorted((tuple(row.values()) for row in found), key=repr) == sorted(wanted, key=repr)
    # Who reads the publication before by its snapshot sees it as it was.
    then = table(home).scan(snapshot_id=before).to_arrow().to_pylist()
    assert sorted((tuple(row.values()) for row in then), key=repr) == old


def test_comments_are_written_and_change(home):
    commented = BEFORE + "COMMENT ON TABLE t IS 'about {}'; COMMENT ON COLUMN t.a IS 'unit {}'"
    for number in "12":
        publish(home, commented.replace("{}", number), number)
        found = table(home)
        assert found.properties["comment"] == f"about {number}"
        assert found.schema().find_field("a").doc == f"unit {number}"


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_table_that_is_empty_since_its_columns_changed_has_no_rows(home, is_killed):
    publish(home, BEFORE)
    after = (
        BEFORE.partition("INSERT INTO t")[0]
        + "ALTER TABLE t ADD c INT; CREATE TABLE u (a INT, b INT)"
    )
    if is_killed:  # after the columns, before the rows
        for served in made_up(after).tables:
            iceberg_tables._change_columns(table(home, served.name), served)
    publish(home, after, "2")
    assert (rows(home), rows(home, "u")) == ([], [])
    assert publish(home, after, "2").is_new is False


@pytest.mark.parametrize("there", ["", BEFORE], ids=["no table yet", "an earlier publication"])
def test_two_publications_at_once_write_no_row_twice(home, there):
    """Of two hosts: the locks of a home are local to one."""
    publish(home, there or BEFORE.replace("INSERT", "-- INSERT"))
    new = made_up(BEFORE + "INSERT INTO t VALUES ('2026-11-03', 4, 'new')")
    (one, _) = new.tables
    first, second = table(home), table(home)
    iceberg_tables.replace_days(first, new, one)
    with pytest.raises(Exception, match=r"(?i)concurrently|conflict|changed"):
        iceberg_tables.replace_days(second, new, one)
    wanted = sorted(new.connection.execute("FROM t").fetchall(), key=repr)
    assert rows(home) == wanted
    iceberg_tables.replace_days(table(home), new, one)
    assert rows(home) == wanted
