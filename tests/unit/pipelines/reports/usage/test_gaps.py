"""Missing days in words, and figures against the range before."""

import pytest

from pipelines.reports.usage import errors, gaps, health, traffic
from pipelines.reports.usage.scope import Domain
from tests.support.report_source import DAYS, captured, made_up, plain

NAME = "edge_stat"
MART = {"bandwidth_5min": [{"a": 1}]}


def test_missing_days_are_named_with_the_reason():
    with made_up({}, captured(NAME, but={DAYS.first: "lost"})) as source:
        assert gaps.missing(source, [NAME], "en") == (
            "Without 1 of 2 days: edge_stat 2026-11-20: lost: not captured before they expired."
        )
        assert gaps.missing(source, [NAME], "zh") == (
            "不含 2 天中的 1 天：edge_stat 2026-11-20（已丢失：过期前未入档）。"
        )
    with made_up({}, captured(NAME)) as source:
        assert gaps.missing(source, [NAME], "en") == ""


def test_a_section_without_data_says_why():
    with made_up(MART, captured(NAME)) as source:
        assert gaps.unavailable(source, traffic.SECTION, "en") == ""
        off = gaps.unavailable(source, errors.SECTION, "en")
        assert "play_status_code is not captured in this archive" in off
    with made_up({}, captured(NAME)) as source:
        absent = gaps.unavailable(source, traffic.SECTION, "en")
        assert "the served copy has no bandwidth_5min" in absent
    with made_up(MART, captured(NAME, but=dict.fromkeys(DAYS.days, "missing"))) as source:
        assert "no day of these is complete" in gaps.unavailable(source, traffic.SECTION, "en")


def test_a_domain_that_is_pushed_nowhere_has_no_health():
    tables = {"stream_health_daily": [{"a": 1}]}
    with made_up(tables, captured("batch_push_stream_metrics"), Domain("a", None)) as source:
        found = gaps.unavailable(source, health.SECTION, "en")
    assert found == "No push domain is known for a."


@pytest.mark.parametrize(
    ("section", "now", "before", "said"),
    [
        (traffic.SECTION, 110, 100, "+10 % vs. the period before"),
        (traffic.SECTION, 110, None, "no comparison: no earlier data"),
        (traffic.SECTION, 110, 0, "no comparison: no earlier data"),
        (errors.SECTION, 0.02, 0.0, "+2.0 points vs. the period before"),
    ],
)
def test_figures_are_compared_in_their_way(section, now, before, said):
    with made_up({}, captured(*section.needs)) as source:
        assert plain(gaps.compared(source, section, now, before, "en")) == said


@pytest.mark.parametrize(
    ("day", "said"),
    [(DAYS.before.first, "earlier days are missing"), (DAYS.first, "days are missing")],
)
def test_figures_are_compared_only_where_both_ranges_are_complete(day, said):
    with made_up({}, captured(NAME, but={day: "missing"})) as source:
        assert gaps.compared(source, traffic.SECTION, 1, 1, "en") == f"no comparison: {said}"
