"""Missing days in words, and figures against the range before."""

from pipelines.reports.usage import gaps
from tests.support.report_source import DAYS, captured, made_up

NAME = "edge_stat"


def test_missing_days_are_named_with_the_reason():
    with made_up({}, captured(NAME, but={DAYS.first: "lost"})) as source:
        assert gaps.missing(source, [NAME]) == (
            "Without 1 day of 2: 2026-11-20 (edge_stat: lost: not captured before they expired)."
        )
    with made_up({}, captured(NAME)) as source:
        assert gaps.missing(source, [NAME]) == ""


def test_a_section_without_data_says_why():
    with made_up({}, captured(NAME)) as source:
        assert gaps.unavailable(source, "T", [NAME], ["ledger"]) is None
        off = gaps.unavailable(source, "T", ["top_play"], ["ledger"])
        assert "top_play is not captured in this archive" in off.headline
        absent = gaps.unavailable(source, "T", [NAME], ["bandwidth_5min"])
        assert "the served copy has no bandwidth_5min" in absent.headline
    with made_up({}, captured(NAME, but=dict.fromkeys(DAYS.days, "missing"))) as source:
        assert (
            "no day of the range is complete" in gaps.unavailable(source, "T", [NAME], []).headline
        )


def test_figures_are_compared_only_where_both_ranges_are_complete():
    with made_up({}, captured(NAME)) as source:
        assert gaps.compared(source, [NAME], 110, lambda: 100).endswith("vs. the period before")
        assert gaps.compared(source, [NAME], 110, lambda: None) == "no comparison: no earlier data"
        share = gaps.compared(source, [NAME], 0.02, lambda: 0.0, is_share=True)
        assert share.replace("\xa0", " ") == "+2.0 points vs. the period before"
    with made_up({}, captured(NAME, but={DAYS.before.first: "missing"})) as source:
        assert gaps.compared(source, [NAME], 1, lambda: 1).endswith("earlier days are missing")
