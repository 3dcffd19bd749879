"""The page as it is written, without a script."""

import pytest

from pipelines.reports.usage.view import Cell
from tests.support.report_source import DAYS, captured, made_up, rows_of, shown
from tests.unit.pipelines.reports.usage.test_traffic import slot

STATES = captured("edge_stat")


@pytest.mark.parametrize(("part", "percent"), [(0.25, 25), (1.2, 100), (-1, 0), (None, 0)])
def test_a_bar_is_never_longer_than_the_longest(part, percent):
    assert Cell("x", part).percent == percent


def test_a_table_says_how_many_rows_it_leaves_out():
    rows = [slot(1, f"domain-{number:02}", number + 1.0) for number in range(32)]
    with made_up({"bandwidth_5min": rows}, STATES) as source:
        found = shown(source, "traffic")
        (table,) = (filled for filled in found.tables if filled.table.id == "domains-traffic")
    assert len(table.rows) == 30
    assert table.rows[0][0].text == "domain-31"
    assert table.rows[0][1].part == 1
    assert table.note.endswith("At least 2 more are not in this table.")


def test_days_that_are_not_captured_have_no_row_and_are_named():
    states = captured("edge_stat", but={DAYS.last: "missing"})
    with made_up({"bandwidth_5min": [slot(1, "a", 5.0)]}, states) as source:
        found = shown(source, "traffic")
        assert [row[0] for row in rows_of(found, "days-traffic")] == ["2026-11-20"]
        assert found.missing == "Without 1 of 2 days: edge_stat 2026-11-21: not captured."
        assert found.tile.change == "no comparison: days are missing"


def test_a_section_without_data_has_its_reason_alone():
    with made_up({}, STATES) as source:
        found = shown(source, "traffic")
    assert "the served copy has no bandwidth_5min" in found.headline
    assert (found.tile, found.tables) == (None, [])
