"""How results of days, tables and publications become the summary of a backfill."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.backfill.summary import Recorder, Summary
from resources.capture.capturer import Outcome, Result
from resources.serving.publish import Published
from resources.warehouse.load import Loaded

DAY = date(2026, 11, 20)


def result(outcome, **more):
    return Result(dataset="edge_stat", day=DAY, outcome=outcome, **more)


@pytest.fixture
def recorder():
    return Recorder(Summary(), None)


def test_rows_and_requests_of_captures_are_added_up(recorder):
    recorder.record(result(Outcome.CAPTURED, rows=10, requests=2, bytes=100))
    recorder.record(result(Outcome.UNCHANGED, rows=10, requests=2, bytes=100))
    found = recorder.summary
    assert (found.captured, found.unchanged, found.rows) == (1, 1, 10)
    assert (found.requests, found.bytes) == (4, 200)


def test_a_day_that_is_completed_later_in_the_run_is_incomplete_no_more(recorder):
    recorder.record(result(Outcome.INCOMPLETE, message="lacks a", lacking=("a",), requests=1))
    assert recorder.summary.incomplete == [("edge_stat", DAY, "lacks a")]
    recorder.record(result(Outcome.CAPTURED, rows=3, requests=1))
    assert recorder.summary.incomplete == []


def test_what_a_day_lacked_in_the_run_is_remembered(recorder):
    recorder.record(result(Outcome.INCOMPLETE, lacking=("a",), requests=1))
    recorder.record(result(Outcome.INCOMPLETE, lacking=("b",), requests=1))
    assert recorder.lacking_items() == {("edge_stat", DAY): {"a", "b"}}


def test_a_day_that_failed_is_named_and_a_dimension_without_its_day(recorder):
    recorder.record(result(Outcome.FAILED, message="why"))
    recorder.record(Result(dataset="domain", day=DAY, outcome=Outcome.FAILED, message="no"))
    assert recorder.summary.failed == [("edge_stat", DAY, "why"), ("domain", None, "no")]


def test_loads_of_a_table_are_added_up_and_its_problem_is_told_once(recorder):
    for rows in (5, 7):
        recorder.record(
            Loaded(table="edge_stat", days=[DAY], rows=rows, total_rows=12, problem="a bad day")
        )
    assert recorder.summary.loaded == {"edge_stat": 12}
    assert recorder.summary.failed == [("edge_stat", None, "a bad day")]


def test_a_table_that_a_later_load_of_the_run_brings_level_has_not_failed(recorder):
    recorder.record(result(Outcome.FAILED, message="why"))
    for problem in ("no memory", "no memory yet", ""):
        recorder.record(
            Loaded(table="edge_stat", days=[DAY], rows=1, total_rows=3, problem=problem)
        )
    assert recorder.summary.failed == [("edge_stat", DAY, "why")]


def test_every_event_is_passed_on():
    heard = []
    recorder = Recorder(Summary(), heard.append)
    published = Published(path=Path("copy.duckdb"), size=1, is_new=True)
    recorder.record(published)
    assert heard == [published]
    assert recorder.summary.published == Path("copy.duckdb")
