"""Marts in Spark's SQL: what is translated, and what is refused before it could mean something else."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from resources.marts import definition
from resources.marts.definition import ARCHIVE_TABLE
from resources.publish_to.errors import NotInstalled
from resources.publish_to.spark_dialect import NotPortable, to_spark

MARTS = definition.read()
PAGE = (Path(__file__).parents[3] / "docs" / "scale.md").read_text("utf-8")


def translated(sql, **places):
    pytest.importorskip("sqlglot")
    return to_spark(replace(MARTS["dim_isp"], sql=sql, reads=("isp", ARCHIVE_TABLE)), places)


@pytest.mark.scale
@pytest.mark.parametrize(
    ("sql", "spark"),
    [
        ("SELECT isodow(day) FROM t", "SELECT ((DAYOFWEEK(day) + 5) % 7 + 1) FROM t"),
        ("SELECT list_extract(a, n + 1) FROM t", "SELECT TRY_ELEMENT_AT(a, CAST(n + 1 AS INT)) FROM t"),
        ("SELECT max(a, 4) FROM t", "SELECT SLICE(SORT_ARRAY(COLLECT_LIST(a), FALSE), 1, 4) FROM t"),
        (
            "SELECT max_by(a, b) FROM t",
            "SELECT MAX_BY(a, CASE WHEN NOT a IS NULL THEN b END) FROM t",
        ),
        ("SELECT epoch_us(max(a)) // 60 FROM t", "SELECT UNIX_MICROS(MAX(a)) DIV 60 FROM t"),
        (
            "SELECT timezone(z, slot_start_at), timezone(z, day::TIMESTAMP) FROM t",
            "SELECT FROM_UTC_TIMESTAMP(slot_start_at, z), TO_UTC_TIMESTAMP(CAST(day AS TIMESTAMP), z) FROM t",
        ),
        (
            "WITH a AS MATERIALIZED (FROM t) SELECT x FROM a ORDER BY x",
            "WITH a AS (SELECT * FROM t) SELECT x FROM a ORDER BY x NULLS LAST",
        ),
        ("SELECT unnest(generate_series(0, 9)) AS n", "SELECT EXPLODE(SEQUENCE(0, 9)) AS n"),
    ],
)  # fmt: skip
def test_what_spark_writes_otherwise(sql, spark):
    assert translated(sql) == spark


@pytest.mark.scale
def test_tables_have_the_names_that_they_have_there():
    found = translated(
        "WITH own AS (FROM isp) SELECT isp.name FROM isp, meta.archive a, own",
        **{"isp": "lake.isp", "meta.archive": "zone", "a": "never"},
    )
    assert found == (
        "WITH own AS (SELECT * FROM lake.isp AS isp) SELECT isp.name FROM lake.isp AS isp, zone AS a, own"
    )


@pytest.mark.scale
@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT top[n + 1] FROM t", "top[n + 1] is a list indexed: off by one in Spark"),
        ("SELECT unnest(generate_series(0, 1)) AS a, unnest(generate_series(0, 1)) AS b", "crosses them"),
        ("SELECT unnest([1, 2]) AS a", "is not a column of a generate_series()"),
        ("SELECT my_own(a) FROM t", "MY_OWN(a) is a function that is not known in Spark"),
        ("FROM top_streams(1, 2)", "is a function that is not known in Spark"),
        ("SELECT any_value(a) FROM t", "ANY_VALUE(a) is not known to mean the same in Spark"),
        ("SELECT regexp_matches(a, 'x') FROM t", "is not known to mean the same in Spark"),
        ("SELECT a FROM t QUALIFY row_number() OVER () = 1", "is not known to mean the same in Spark"),
        ("SELECT sum(a) FILTER (b) OVER () FROM t", "has OVER"),
        ("SELECT (a / b)::BIGINT FROM t", "rounds in DuckDB"),
        ("SELECT round(a)::VARCHAR FROM t", "is not known to give the same text"),
        ("SELECT * EXCLUDE (a) FROM t", "leaves columns out"),
        ("SELECT a, count(*) FROM t GROUP BY ALL", "names no columns"),
        ("SELECT max(a) AS a FROM t HAVING max(a) > 0", "names what the SELECT names as well"),
        ("SELECT hour(slot_start_at) FROM t", "depends on the zone of the session"),
        ("SELECT slot_start_at::DATE FROM t", "depends on the zone of the session"),
        ("SELECT slot_start_at + INTERVAL 1 DAY FROM t", "depends on the zone of the session"),
        ("SELECT timezone(z, a) FROM t", "may convert either way"),
        ("SELECT a FROM t ASOF JOIN u USING (a)", "is a join that is not known"),
        ("WITH RECURSIVE a AS (SELECT 1 AS n) FROM a", "is recursive"),
        ("SELECT FROM WHERE", "sqlglot cannot translate it"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(sql, reason):
    with pytest.raises(NotPortable, match=r"dim_isp: ") as refused:
        translated(sql)
    assert reason in str(refused.value)


@pytest.mark.scale
def test_all_marts_but_macros_are_known():
    pytest.importorskip("sqlglot")
    for mart in MARTS.values():
        if mart.kind is definition.MartKind.MACRO:
            with pytest.raises(NotPortable, match="a macro takes parameters"):
                to_spark(mart, {})
        else:
            assert to_spark(mart, {}).startswith(("SELECT", "WITH"))


@pytest.mark.scale
def test_the_page_says_how():
    pytest.importorskip("sqlglot")
    (code,) = re.findall(
        r"```python\n(from resources.marts .*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    names = {}
    exec(code, names)
    assert "FROM livestats.stream_session_by_domain AS stream_session_by_domain" in names["sql"]
    assert "zone AS archive" in names["sql"]


def test_without_sqlglot_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(NotInstalled, match=r"\.\[scale\]"):
        to_spark(MARTS["dim_isp"], {})
