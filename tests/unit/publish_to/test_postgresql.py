"""A publication in PostgreSQL: only what differs is written, and all of it at one moment."""

import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from resources.publish_to import postgresql
from resources.publish_to.errors import NotPublished
from resources.publish_to.postgresql_session import Session
from tests.support.publications import made_up

pytestmark = pytest.mark.scale

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DAYS = """
CREATE TABLE t (business_date DATE, n BIGINT);
INSERT INTO t VALUES ('2026-11-01', 1), ('2026-11-02', 2), ('2026-11-02', 2), (NULL, 3);
CREATE TABLE u (n BIGINT);
INSERT INTO u VALUES (7), (7);
CREATE VIEW v AS SELECT business_date, sum(n)::BIGINT AS n FROM t GROUP BY 1;
"""


def publish(database, sql, commit="1", **options):
    served = made_up(sql, commit=commit, **options)
    return postgresql.publish(served, database.url, "stats", NOW)


def rows(database, table, columns="*"):
    return sorted(database.rows(f"SELECT {columns} FROM stats.{table}"), key=repr)


def test_tables_and_views_are_tables_there(database):
    done = publish(database, DAYS)
    assert (done.tables, done.changed, done.rows) == (3, ("t", "u", "v"), 9)
    first, second = date(2026, 11, 1), date(2026, 11, 2)
    assert rows(database, "t") == sorted(
        [(first, 1), (second, 2), (second, 2), (None, 3)], key=repr
    )
    assert rows(database, "u") == [(7,), (7,)]
    assert rows(database, "v") == sorted([(first, 1), (second, 4), (None, 3)], key=repr)


def test_the_same_again_writes_nothing(database):
    publish(database, DAYS)
    assert not publish(database, DAYS).is_new
    other_commit = publish(database, DAYS, commit="2")
    assert (other_commit.changed, other_commit.rows) == ((), 0)


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ("UPDATE t SET n = 5 WHERE n = 1", 2),  # a row of t, a row of v
        ("DELETE FROM t WHERE n = 1", 0),
        ("DELETE FROM t WHERE business_date IS NULL", 0),
        ("INSERT INTO t VALUES ('2026-11-02', 2)", 4),
        ("INSERT INTO t VALUES (NULL, 4)", 3),
        ("DELETE FROM u", 0),
        ("INSERT INTO u VALUES (8)", 3),
    ],
)
def test_days_that_differ_are_replaced_and_no_others(database, change, written):
    publish(database, DAYS)
    done = publish(database, f"{DAYS};{change}", commit="2")
    assert done.rows == written
    copy = made_up(f"{DAYS};{change}").connection
    for table in "tuv":
        assert rows(database, table) == sorted(copy.execute(f"FROM {table}").fetchall(), key=repr)


def test_every_type_arrives_as_it_is(database):
    at = datetime(2026, 11, 1, 0, 5, tzinfo=UTC)
    publish(
        database,
        """
        CREATE TABLE t AS SELECT DATE '2026-11-01' AS d, TIMESTAMPTZ '2026-11-01 08:05:00+08' AS tz,
            TIMESTAMP '2026-11-01 08:05:00' AS ts, TIME '08:05:00' AS ti, 'nan'::DOUBLE AS f,
            '-inf'::FLOAT AS r, 9223372036854775807 AS b, -5::TINYINT AS s, 18446744073709551615::UBIGINT
            AS ub, -170141183460469231731687303715884105::HUGEINT AS h, 12.3400::DECIMAL(18, 4) AS n,
            true AS o, 'a\\' || chr(0) || '中' AS x, ['a', NULL, chr(0)] AS xs, [1.5, NULL] AS ns,
            [TIMESTAMPTZ '2026-11-01 08:05:00+08'] AS tzs, []::BIGINT[] AS es, [[1], [2]] AS nested,
            {'k': 'a'} AS st, '{"k": [1]}'::JSON AS j, 'b'::ENUM('a', 'b') AS e,
            INTERVAL 5 MINUTE AS iv, 'ab'::BLOB AS bl;
        INSERT INTO t BY NAME SELECT NULL::DATE AS d;
        """,
    )
    empty, full = rows(
        database,
        "t",
        "d, tz, ts, ti, f, r, b, s, ub, h, n, o, x, xs, ns, tzs, es,"
        "nested::text, st::text, j::text, e, iv, bl",
    )[::-1]
    if full[0] is None:
        empty, full = full, empty
    assert empty == (None,) * 23
    assert math.isnan(full[4])
    assert bytes(full[22]) == b"ab"
    assert full[:4] == (
        date(2026, 11, 1),
        at,
        at.replace(hour=8, tzinfo=None),
        at.replace(hour=8).time(),
    )
    assert full[5:12] == (
        -math.inf, 2**63 - 1, -5, 2**64 - 1, Decimal(-170141183460469231731687303715884105),
        Decimal("12.3400"), True,
    )  # fmt: skip
    assert full[12:17] == (
        "a\\�中", ["a", None, "�"], [Decimal("1.5"), None], [at], [],
    )  # fmt: skip
    assert [*map(json.loads, full[17:20])] == [[[1], [2]], {"k": "a"}, {"k": [1]}]
    assert full[20:22] == ("b", timedelta(minutes=5))


def test_readers_see_the_publication_before_until_the_new_one_is_whole(database, monkeypatch):
    publish(database, DAYS)
    seen, append = [], Session.append

    def looking(session, schema, table, reader):
        count = append(session, schema, table, reader)
        seen.append([rows(database, name) for name in "tuv"])
        return count

    before = [rows(database, name) for name in "tuv"]
    monkeypatch.setattr(Session, "append", looking)
    publish(database, DAYS.replace("7", "8").replace(", 2)", ", 9)"), commit="2")
    assert seen == [before] * 3
    assert [rows(database, name) for name in "tuv"] != before


def test_an_error_on_the_way_leaves_the_publication_before(database):
    publish(database, DAYS)
    before = [rows(database, name) for name in "tuv"]
    with pytest.raises(Exception, match="boom"):
        publish(database, DAYS + "CREATE VIEW w AS SELECT error('boom')::VARCHAR AS n", commit="2")
    assert [rows(database, name) for name in "tuv"] == before
    assert publish(database, DAYS, commit="2").rows == 0


def test_the_schema_of_another_archive_is_left_alone(database):
    publish(database, DAYS)
    with pytest.raises(NotPublished, match="another archive"):
        publish(database, DAYS, home="other")


def test_two_publications_at_the_same_time_are_one_after_the_other(database, monkeypatch):
    append = Session.append

    def with_a_second(session, schema, table, reader):
        monkeypatch.setattr(Session, "append", append)
        with pytest.raises(NotPublished, match="under way"):
            publish(database, DAYS)
        return append(session, schema, table, reader)

    monkeypatch.setattr(Session, "append", with_a_second)
    assert publish(database, DAYS).rows == 9
