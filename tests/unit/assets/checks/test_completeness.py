"""The check `complete`: what fails it, and how loudly."""

from datetime import date, timedelta

import dagster as dg

from assets.checks import completeness
from resources.ledger.states import Entry, State

DAY = date(2026, 11, 20)


def result(*entries):
    lines = [
        Entry(dataset="edge_stat", day=DAY + timedelta(days=i), **facts)
        for i, facts in enumerate(entries)
    ]
    return completeness.result(dg.AssetKey("edge_stat"), lines)


def test_complete_days_pass():
    assert result({"state": State.CAPTURED}, {"state": State.EMPTY}).passed


def test_a_suspect_day_fails_it_with_a_warning_and_is_named():
    found = result({"state": State.CAPTURED}, {"state": State.EMPTY, "is_suspect": True})
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["suspect_days"].value == 1
    assert found.metadata["suspect"].value == "2026-11-21"


def test_an_incomplete_day_fails_it_with_a_warning_and_is_named():
    found = result({"state": State.CAPTURED}, {"state": State.INCOMPLETE})
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["incomplete"].value == "2026-11-21"


def test_a_partial_day_is_an_error():
    found = result({"state": State.EMPTY, "is_suspect": True}, {"state": State.PARTIAL})
    assert found.severity is dg.AssetCheckSeverity.ERROR
