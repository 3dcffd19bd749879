"""Tables of a publication change their columns, and views on them stay whole."""

from datetime import UTC, datetime

import pytest

from resources.publish_to import postgresql
from resources.publish_to.errors import NotPublished
from tests.support.publications import made_up

pytestmark = pytest.mark.scale

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
BEFORE = """
CREATE TABLE t (business_date DATE, a BIGINT, b VARCHAR);
INSERT INTO t VALUES ('2026-11-01', 1, 'x'), ('2026-11-02', 2, 'y');
"""
AFTER = """
CREATE TABLE t (business_date DATE, c DOUBLE, a BIGINT);
INSERT INTO t VALUES ('2026-11-01', 0.5, 1), ('2026-11-02', 1.5, 2);
"""
VIEW = "CREATE VIEW public.mine AS SELECT business_date, a, b FROM stats.t"


def publish(database, sql, commit="1"):
    return postgresql.publish(made_up(sql, commit=commit), database.url, "stats", NOW)


def test_columns_come_and_go(database):
    publish(database, BEFORE)
    publish(database, AFTER, "2")
    assert database.rows("SELECT a, c FROM stats.t ORDER BY a") == [(1, 0.5), (2, 1.5)]
    columns = database.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'stats.t'::regclass AND attnum > 0 "
        "AND NOT attisdropped"
    )
    assert {name for (name,) in columns} == {"business_date", "a", "c"}


def test_a_column_that_a_view_needs_stays_and_is_empty(database):
    publish(database, BEFORE)
    database.rows(VIEW)
    publish(database, AFTER, "2")
    assert database.rows("SELECT a, b FROM mine ORDER BY a") == [(1, None), (2, None)]
    publish(database, BEFORE, "3")
    assert database.rows("SELECT a, b FROM mine ORDER BY a") == [(1, "x"), (2, "y")]


def test_a_column_gets_another_type_with_all_its_values(database):
    publish(database, BEFORE)
    publish(database, BEFORE.replace("a BIGINT", "a DOUBLE"), "2")
    assert database.rows("SELECT a FROM stats.t ORDER BY a") == [(1.0,), (2.0,)]
    assert database.rows("SELECT pg_typeof(a)::text FROM stats.t LIMIT 1") == [
        ("double precision",)
    ]


def test_another_type_under_a_view_is_refused_and_nothing_changes(database):
    publish(database, BEFORE)
    database.rows(VIEW)
    with pytest.raises(
        NotPublished, match=r"column a of t has to become double precision"
    ) as caught:
        publish(database, BEFORE.replace("a BIGINT", "a DOUBLE"), "2")
    assert "mine" in str(caught.value)
    assert database.rows("SELECT a, b FROM mine ORDER BY a") == [(1, "x"), (2, "y")]


def test_a_table_that_is_not_published_any_more_goes(database):
    publish(database, BEFORE + "CREATE TABLE u (n INT)")
    assert publish(database, BEFORE, "2").removed == ("u",)
    assert database.rows("SELECT to_regclass('stats.u')") == [(None,)]


def test_it_stays_and_is_empty_if_a_view_needs_it(database):
    publish(database, BEFORE + "CREATE TABLE gone (n INT)")
    database.rows(VIEW.replace("mine", "other"))
    database.rows(VIEW)
    publish(database, "CREATE TABLE u (n INT)", "2")
    assert database.rows("SELECT * FROM mine") == []
    assert database.rows("SELECT to_regclass('stats.gone')") == [(None,)]
    publish(database, BEFORE, "3")
    assert database.rows("SELECT a, b FROM mine ORDER BY a") == [(1, "x"), (2, "y")]


def test_a_table_that_somebody_dropped_comes_back_with_its_rows(database):
    publish(database, BEFORE)
    database.rows("DROP TABLE stats.t")
    publish(database, BEFORE, "2")
    assert database.rows("SELECT a, b FROM stats.t ORDER BY a") == [(1, "x"), (2, "y")]


def test_a_relation_of_somebody_else_is_not_touched(database):
    database.rows(
        "CREATE SCHEMA stats; CREATE TABLE stats.t (a int); INSERT INTO stats.t VALUES (9)"
    )
    with pytest.raises(NotPublished, match="has not made"):
        publish(database, BEFORE)
    assert database.rows("SELECT a FROM stats.t") == [(9,)]


def test_a_name_that_would_be_cut_off_is_refused(database):
    with pytest.raises(NotPublished, match="cuts names off"):
        publish(database, f"CREATE TABLE t ({'a' * 64} INT)")


def test_comments_are_written_and_change(database):
    commented = BEFORE + "COMMENT ON TABLE t IS 'it''s {}'; COMMENT ON COLUMN t.a IS 'unit: {}'"
    for number in "12":
        publish(database, commented.replace("{}", f"\\ {number}"), number)
        assert database.rows(
            "SELECT obj_description('stats.t'::regclass), col_description('stats.t'::regclass, 2)"
        ) == [(f"it's \\ {number}", f"unit: \\ {number}")]


def test_what_was_granted_stays(database):
    publish(database, BEFORE)
    database.rows("GRANT SELECT ON stats.t TO PUBLIC")
    publish(database, AFTER, "2")
    assert database.rows(
        "SELECT count(*) FROM information_schema.role_table_grants WHERE table_schema = 'stats' "
        "AND grantee = 'PUBLIC'"
    ) == [(1,)]
