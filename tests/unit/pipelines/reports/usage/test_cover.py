"""The section on coverage."""

from pipelines.reports.usage import cover
from tests.support.report_source import DAYS, captured, made_up


def test_every_dataset_has_its_strip_of_days_and_holes_have_reasons():
    states = captured("edge_stat", but={DAYS.last: "expiring"}) | captured("top_play")
    with made_up({}, states) as source:
        found = cover.section(source)
    assert found.headline.startswith("1 of 2 datasets are complete.")
    edge = next(strip for strip in found.strips if strip.name == "edge_stat")
    assert edge.complete == "1 of 2"
    assert edge.missing == "2026-11-21 not captured, expires soon"
    assert "stream_count" in found.sentences[0]


def test_a_range_that_is_complete_says_so():
    with made_up({}, captured("edge_stat")) as source:
        found = cover.section(source)
    assert found.headline == "All 1 dataset are complete on all 2 days."
