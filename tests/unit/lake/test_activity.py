"""Hours with activity, as masks: the same for every width, variant and table of a day."""

from datetime import datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.lake.activity import (
    COMPARED_WITH_ITSELF,
    DAY,
    HOURS,
    MEASURES,
    WHOLE_PUSH,
    WHOLE_PUSH_S,
    Activity,
)
from tests.support import lake_files

BEGIN = datetime.fromisoformat("2026-11-21T00:00:00+08:00")
FIRST = int(BEGIN.timestamp()) // 3600


def rows_of(hours, slot_s, **values):
    """A row for each slot of these hours of the day."""
    starts = [BEGIN + timedelta(hours=h, seconds=s) for h in hours for s in range(0, 3600, slot_s)]
    return [
        {"domain": "A.example", "slot_start_at": at, "slot_seconds": slot_s, **values}
        for at in starts
    ]


def masks(name, rows, day=None):
    activity = Activity(DATASETS[name])
    for at in range(0, len(rows), 5):  # several answers
        activity.add(lake_files.table(DATASETS[name], rows[at : at + 5]))
    return activity.masks(day)


def bits(*hours, day=True):
    return sum(1 << (FIRST + hour) % HOURS for hour in hours) | day << DAY


ENOUGH = {
    "stream_session": (300, {"online_user_type": "Online", "requests": 10}),
    "edge_stat": (300, {"down_traffic_bytes": 1e8}),
    "play_status_code": (300, {"request_type": "Access", "status_code": 200, "status_count": 10}),
    "batch_push_stream_metrics": (60, {"agg_type": "max"}),
    "push_stream_metrics": (30, {}),
    "stream_count": (300, {"stream_type": "push", "peak_streams": 1}),
}


@pytest.mark.parametrize("name", ENOUGH)
def test_hours_with_plenty_are_those_of_the_rows(name):
    slot_s, values = ENOUGH[name]
    found = masks(name, rows_of((0, 7, 23), slot_s, **values))
    assert found == {"a.example": (bits(0, 7, 23),) * 2}


def test_a_little_is_some_and_no_plenty():
    values = {"online_user_type": "Online", "requests": 1}
    assert masks("stream_session", rows_of((3,), 300, **values)) == {"a.example": (bits(3), 0)}
    hour = {"stream_type": "push", "peak_streams": 1}
    assert masks("stream_count", rows_of((3,), 3600, **hour)) == {"a.example": (bits(3),) * 2}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("stream_session", {"online_user_type": "Viewer", "requests": 1000}),
        ("edge_stat", {"down_traffic_bytes": 0.0}),
        ("play_status_code", {"request_type": "Access", "status_code": 503, "status_count": 1000}),
        ("stream_count", {"stream_type": "transcode", "peak_streams": 9}),
    ],
)
def test_what_is_no_activity_does_not_count(name, values):
    found = masks(name, rows_of((3,), 300, **values))
    assert found in ({}, {"a.example": (0, 0)})


def test_rows_of_a_whole_day_tell_no_hour():
    rows = [{"domain": "a.example", "app": "l", "stream": "s", "down_traffic_bytes": 2e8}]
    assert masks("batch_stream_traffic", rows) == {"a.example": (1 << DAY,) * 2}


def test_a_dataset_without_a_measure_has_none():
    assert masks("transcode_info", []) is None
    assert {*MEASURES, *COMPARED_WITH_ITSELF} <= {*DATASETS}


@pytest.mark.parametrize("name", COMPARED_WITH_ITSELF)
def test_of_what_no_other_shows_figures_above_nothing_are_noted(name):
    column = COMPARED_WITH_ITSELF[name].column
    row = {"domain": "a.example", column: 0}
    assert masks(name, [row]) == {"a.example": (0, 0)}
    assert masks(name, [row, row | {column: 1}]) == {"a.example": (1 << DAY, 0)}


@pytest.mark.parametrize(
    ("first_s", "last_s", "is_whole"),
    [
        (3 * 3600, 5 * 3600, True),
        (WHOLE_PUSH_S, 86_400 - WHOLE_PUSH_S, True),
        (WHOLE_PUSH_S - 60, 5 * 3600, False),  # may have begun the day before
        (3 * 3600, 86_400 - WHOLE_PUSH_S + 60, False),  # may go on
        (3 * 3600, 3 * 3600 + WHOLE_PUSH_S - 60, False),  # a short one
    ],
)
def test_a_push_that_began_and_ended_within_the_day_is_noted(first_s, last_s, is_whole):
    rows = [
        {"domain": "A.example", "slot_start_at": BEGIN + timedelta(seconds=at), "slot_seconds": 60,
         "agg_type": "max", "session_id": "s"}
        for at in (first_s, (first_s + last_s) // 120 * 60, last_s)
    ]  # fmt: skip
    of_day = (BEGIN, BEGIN + timedelta(days=1))
    ((some, plenty),) = masks("batch_push_stream_metrics", rows * 2, of_day).values()
    assert bool(some >> WHOLE_PUSH & 1) is is_whole
    assert not plenty >> WHOLE_PUSH
    ((some, _),) = masks("batch_push_stream_metrics", rows).values()
    assert not some >> WHOLE_PUSH


def test_two_pushes_that_each_cross_midnight_are_no_whole_one():
    rows = [
        {"domain": "A.example", "slot_start_at": BEGIN + timedelta(seconds=at), "slot_seconds": 60,
         "agg_type": "max", "session_id": session}
        for session, ats in (("a", (0, 7200)), ("b", (9000, 86_340)))
        for at in ats
    ]  # fmt: skip
    of_day = (BEGIN, BEGIN + timedelta(days=1))
    ((some, _),) = masks("batch_push_stream_metrics", rows, of_day).values()
    assert not some >> WHOLE_PUSH
