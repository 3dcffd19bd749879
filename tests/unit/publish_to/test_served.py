"""What is published of a served copy."""

import shutil
from dataclasses import replace
from datetime import date

import pytest

from resources.home.layout import Home
from resources.publish_to import served
from resources.publish_to.errors import NotPublished
from resources.raw.erasures import Erasure, Erasures, ItemKind, PlainItem
from tests.support.publications import made_up

DAYS = """
CREATE TABLE t (business_date DATE, n BIGINT);
INSERT INTO t VALUES ('2026-11-01', 1), ('2026-11-02', 2), ('2026-11-02', 2), (NULL, 3);
"""
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def days(sql):
    found = made_up(sql)
    (table,) = found.tables
    return found.days(table)


def test_each_day_has_its_content_whatever_the_order_of_rows():
    before = days(DAYS)
    assert {*before} == {FIRST, SECOND, None}
    assert (
        days(DAYS.replace("('2026-11-01', 1), ", "").replace("3)", "3), ('2026-11-01', 1)"))
        == before
    )


@pytest.mark.parametrize(
    ("change", "of"),
    [
        ("UPDATE t SET n = 5 WHERE n = 1", {FIRST}),
        ("INSERT INTO t VALUES ('2026-11-02', 2)", {SECOND}),  # a third equal row
        ("DELETE FROM t WHERE n = 3", {None}),
        ("UPDATE t SET n = NULL WHERE n = 3", {None}),
        ("ALTER TABLE t RENAME n TO m", {FIRST, SECOND, None}),
        ("ALTER TABLE t ALTER n TYPE DOUBLE", {FIRST, SECOND, None}),
    ],
)
def test_a_day_differs_where_a_row_or_the_shape_differs(change, of):
    before, after = days(DAYS), days(DAYS + change)
    assert {day for day in before if before[day] != after.get(day)} == of


def test_a_table_without_days_has_one_content():
    assert {*days("CREATE TABLE t (month DATE); INSERT INTO t VALUES ('2026-11-01')")} == {None}


def test_a_publication_is_equal_only_if_commit_and_tables_are():
    texts = (made_up(DAYS), made_up(DAYS, commit="2"), made_up(DAYS + "CREATE TABLE u (n INT)"))
    assert len({found.signature for found in texts}) == 3
    assert made_up(DAYS).signature == made_up(DAYS).signature


def test_an_erasure_and_other_masks_are_told_of_what_is_published():
    made = [made_up(DAYS), made_up(DAYS, masks="m"), made_up(DAYS, erasures="e")]
    assert len({found.privacy for found in made}) == 3
    assert made_up(DAYS, commit="2").privacy == made[0].privacy


def test_an_erasure_counts_when_it_is_begun_and_when_it_is_finished(past, tmp_path):
    """Between the two, the served copy may still have the item."""
    home = Home(tmp_path / "home")
    shutil.copytree(past.root, home.root, symlinks=True)

    def erasures():
        with served.reading(home, "Asia/Shanghai", []) as found:
            return found.erasures

    item = PlainItem.parse(ItemKind.ADDRESS, "203.0.113.7")
    begun = Erasure.begin(item, "now", FIRST)
    seen = [erasures()]
    for one in (begun, replace(begun, is_finished=True)):
        Erasures.of(home.raw).with_(one).write(home.raw)
        seen.append(erasures())
    assert len({*seen}) == 3
    assert erasures() == seen[-1]


def test_marts_are_published_and_datasets_if_they_are_asked_for(past):
    home = past.archive.home

    def names(*datasets):
        with served.reading(home, "Asia/Shanghai", datasets) as found:
            return {table.name for table in found.tables}

    marts = names()
    assert {"ledger", "dim_date", "coverage_monthly"} <= marts
    assert not {"top_play", "isp"} & marts
    assert names("top_*", "isp") - marts == {"top_play", "isp"}


def test_every_table_and_column_has_its_comment(past):
    with served.reading(past.archive.home, "Asia/Shanghai", ["*"]) as found:
        assert [t.name for t in found.tables if not t.comment] == []
        assert [(t.name, c.name) for t in found.tables for c in t.columns if not c.comment] == []


def test_a_name_that_fits_no_dataset_is_refused(past):
    with (
        pytest.raises(NotPublished, match="fits no dataset"),
        served.reading(past.archive.home, "Asia/Shanghai", ["edge_stats"]),
    ):
        pass
