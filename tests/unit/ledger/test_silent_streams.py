"""Streams that metrics leave out, although a list or the batch metrics have them for long."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS
from resources.api.windows import day_window
from resources.lake import parquet
from resources.ledger.silent_streams import silent_streams
from tests.support import lake_files

DAY = date(2026, 11, 21)
WINDOW = day_window(DAY, ZoneInfo("Asia/Shanghai"))
METRICS = DATASETS["push_stream_metrics"]
STREAM = {"domain": "Push-1.example", "app": "live", "stream": "room/1"}
ITEM = "push-1.example/live/room/1"


def told(root, name, rows, silent=(ITEM,), metrics=METRICS):
    lake_files.store(root, DATASETS[name], DAY, rows)
    paths = {name: parquet.path_of(root, name, DAY)}
    return silent_streams(metrics, {*silent}, paths, WINDOW)


def session(begin_h, hours):
    begin = WINDOW[0] + timedelta(hours=begin_h)
    return {**STREAM, "push_started_at": begin, "push_ended_at": begin + timedelta(hours=hours)}


def slots(number, seconds, **more):
    starts = [WINDOW[0] + timedelta(seconds=seconds * i) for i in range(number)]
    return [{**STREAM, **more, "slot_start_at": at, "slot_seconds": seconds} for at in starts]


@pytest.mark.parametrize(("begin_h", "hours"), [(1, 2), (-30, 40), (23, 9)])
def test_a_session_in_the_list_of_pushes(tmp_path, begin_h, hours):
    found = told(tmp_path, "push_stream_info", [session(begin_h, hours)])
    assert found == [f"no rows for {ITEM}, which push_stream_info has for long"]


def test_rows_of_the_batch_metrics(tmp_path):
    rows = slots(10, 60, agg_type="max") + slots(10, 60, agg_type="avg")
    found = told(tmp_path, "batch_push_stream_metrics", rows)
    assert found == [f"no rows for {ITEM}, which batch_push_stream_metrics has for long"]
    found = told(tmp_path, "batch_source_stream_metrics", slots(10, 60, agg_type="max"),
                 metrics=DATASETS["source_stream_metrics"])  # fmt: skip
    assert found == [f"no rows for {ITEM}, which batch_source_stream_metrics has for long"]


@pytest.mark.parametrize(("begin_h", "hours"), [(1, 0.1), (-3, 3.1), (23.9, 5)])
def test_some_minutes_of_the_day_prove_nothing(tmp_path, begin_h, hours):
    assert told(tmp_path, "push_stream_info", [session(begin_h, hours)]) == []


def test_a_stream_that_has_rows_and_one_that_nobody_lists_are_left_alone(tmp_path):
    rows = [session(1, 2)]
    assert told(tmp_path, "push_stream_info", rows, silent=()) == []
    assert told(tmp_path, "push_stream_info", rows, silent=["push-1.example/live/2"]) == []


def test_many_are_counted(tmp_path):
    rows = [{**session(1, 2), "stream": str(i)} for i in range(9)]
    found = told(tmp_path, "push_stream_info", rows,
                 silent=[f"push-1.example/live/{i}" for i in range(9)])  # fmt: skip
    assert len(found) == 4
    assert found[-1] == "no rows for 6 more such streams"


def test_a_list_that_cannot_be_read_contradicts_nothing(tmp_path):
    paths = {"push_stream_info": tmp_path / "rows.parquet"}
    assert silent_streams(METRICS, {ITEM}, paths, WINDOW) == []
