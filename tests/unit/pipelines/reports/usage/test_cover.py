"""The section on coverage."""

from datetime import date

from pipelines.reports.usage import cover
from pipelines.reports.usage.scope import Range
from tests.support.report_source import DAYS, captured, made_up


def test_every_dataset_has_its_strip_of_days_and_holes_have_reasons():
    states = captured("edge_stat", but={DAYS.last: "expiring"}) | captured("top_play")
    with made_up({}, states) as source:
        found = cover.coverage(source, "en")
    assert found.headline.startswith("1 of 2 datasets are complete.")
    edge = next(strip for strip in found.strips if strip.name == "edge_stat")
    assert edge.complete == "1 of 2"
    assert edge.missing == "2026-11-21: not captured, expires soon"
    assert edge.bar.count("<rect") == 2
    assert "stream_count" in found.sentence


def test_a_range_that_is_complete_says_so():
    with made_up({}, captured("edge_stat")) as source:
        assert (
            cover.coverage(source, "en").headline
            == "All 1 datasets are complete on all of these days."
        )


def test_a_range_outside_of_the_archive_says_so():
    early = Range(date(2020, 1, 1), date(2020, 1, 2))
    with made_up({}, captured("edge_stat"), days=early) as source:
        assert cover.coverage(source, "en").headline == "The archive has no day of this range."
