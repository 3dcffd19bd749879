"""Rows that cannot belong to the window asked for: the answer is for another one, whatever it echoes."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DAILY, DATASETS
from resources.api.errors import WrongAnswer
from resources.api.parsing.parse import read_page
from resources.api.parsing.parse_batch import read_batch
from resources.api.request_plan import requests_for
from tests.unit.api.parsing.test_parse import MANY, first_walk, sample_of
from tests.unit.api.parsing.test_slot_steps import DAY_S, MIDNIGHT, body, is_read

HOUR = 3600
WINDOW = "in 2025-03-01T00:00:00+08:00 .. 2025-03-02T00:00:00+08:00"
EVENTS = [d.name for d in DAILY if d.event_times and d.event_times[0] != d.event_times[1]]
FIELDS = {"push_stream_info": "PushStreamInfoDataList", "transcode_info": "TranscodeInfoDataList"}


def read_events(name, *times):
    """(rows, dropped) of an answer with an event for each pair of seconds from the day's begin."""
    document = sample_of(name)
    rows = document["Result"][FIELDS[name]]
    made = []
    for number, pair in enumerate(times):
        begin, end = (MIDNIGHT + timedelta(seconds=s) for s in pair)
        told = {"StartTime": begin.isoformat(), "EndTime": end.isoformat()}
        made.append({**rows[0], **told, "Stream": f"s{number}"})
        made[-1] |= {"TaskID": f"t{number}"} if name == "transcode_info" else {}
    document["Result"][FIELDS[name]] = made
    document["Result"]["Pagination"]["TotalCount"] = len(made)
    text = json.dumps(document).encode()
    walk, fine = first_walk(name), json.dumps(sample_of(name)).encode()
    batch = read_batch(DATASETS[name], [(walk, 1), (walk, 1)], [fine, text])
    try:
        page = read_page(DATASETS[name], walk, text)
    except WrongAnswer:
        assert batch is None
        raise
    return page.table.num_rows, page.outside


STAMPED = [d for d in (*DAILY, DATASETS["storage_space"]) if d.endpoint.stamps_days]


def read_stamp(dataset, at, zone="Asia/Shanghai"):
    """Rows of an answer about 2025-03-01 whose only row has a stamp."""
    walk = next(iter(requests_for(dataset, date(2025, 3, 1), ZoneInfo(zone), MANY)))
    document = sample_of(dataset.name, walk)
    rows = document["Result"][dataset.endpoint.rows.levels[0].name]
    rows[:] = [{**rows[0], "TimeStamp": at}]
    return read_page(dataset, walk, json.dumps(document).encode()).table.num_rows


@pytest.mark.parametrize("dataset", STAMPED, ids=str)
@pytest.mark.parametrize("at", ["01T00:00:00", "01T12:00:00", "01T23:59:59", "02T00:00:00"])
def test_a_day_of_the_vendor_is_stamped_somewhere_in_it(dataset, at):
    assert read_stamp(dataset, f"2025-03-{at}+08:00") == 1


@pytest.mark.parametrize("dataset", STAMPED, ids=str)
@pytest.mark.parametrize("at", ["02-28T00:00:00", "02-28T23:59:59", "03-02T00:00:01"])
def test_a_stamp_of_another_day_is_of_another_window(dataset, at):
    with pytest.raises(WrongAnswer, match="a row's TimeStamp"):
        read_stamp(dataset, f"2025-{at}+08:00")


@pytest.mark.parametrize("dataset", STAMPED, ids=str)
def test_in_another_zone_the_day_of_the_vendor_reaches_beyond_the_window(dataset):
    assert read_stamp(dataset, "2025-03-02T23:59:59+08:00", "UTC") == 1
    with pytest.raises(WrongAnswer, match="a row's TimeStamp"):
        read_stamp(dataset, "2025-03-04T00:00:00+08:00", "UTC")


def test_the_lists_of_events_tell_when_their_rows_were():
    assert sorted(EVENTS) == sorted(FIELDS)


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize(
    "wrong",
    [(-20 * HOUR, -19 * HOUR), (-30 * HOUR, -HOUR - 1), (DAY_S + HOUR, DAY_S + 2 * HOUR)],
    ids=["the day before", "ended an hour before", "began an hour after"],
)
def test_an_event_that_does_not_touch_the_window_is_of_another(name, wrong):
    for others in ([], [(600, 900)], [(-30 * HOUR, 600)]):  # one that runs over midnight is of both
        with pytest.raises(WrongAnswer, match="a row's") as found:
            read_events(name, *others, wrong)
        assert found.value.expected == WINDOW
        assert found.value.path == f"a row's {'StartTime' if wrong[0] > 0 else 'EndTime'}"


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_that_touches_the_window_belongs_to_it(name):
    """By its start, its end or what lies between: by which the API lists is not documented."""
    inside = [(-30 * HOUR, 0), (-30 * HOUR, 3 * DAY_S), (DAY_S - 1, DAY_S + HOUR), (-HOUR, -1)]
    assert read_events(name, *inside) == (4, 0)


def test_an_event_that_began_at_the_end_is_dropped_and_one_without_an_end_is_kept():
    assert read_events("push_stream_info", (DAY_S, DAY_S + 9), (600, 900)) == (1, 1)
    assert read_events("transcode_info", (-9 * DAY_S, -9 * DAY_S)) == (1, 0)  # it may still run


@pytest.mark.parametrize("days", [-1, 1])
def test_slots_of_another_day_are_refused(days):
    """Whatever it echoes. Its rows are all outside, so without this the day would count as empty."""
    start = MIDNIGHT + timedelta(days=days)
    error = is_read("stream_session", body("stream_session", range(0, DAY_S, 300), start=start))
    assert (error.path, error.expected) == ("a row's TimeStamp", WINDOW)


@pytest.mark.parametrize("name", ["stream_session", "edge_stat", "push_stream_metrics"])
@pytest.mark.parametrize("shift", [-12 * HOUR, -2 * HOUR, 2 * HOUR])
def test_so_are_those_of_a_window_that_overlaps_the_day(name, shift):
    """The slots inside are right, and the others of the day are not there."""
    width = DATASETS[name].bucket_s
    error = is_read(name, body(name, range(shift, DAY_S + shift, width)), first_walk(name))
    assert (error.path, error.expected) == ("a row's TimeStamp", WINDOW)


DAY_SLOTS = [d.name for d in DAILY if d.bucket_s == DAY_S and not d.is_cut]


@pytest.mark.parametrize("name", DAY_SLOTS)
@pytest.mark.parametrize("shift", [-DAY_S, -8 * HOUR, -HOUR])
def test_so_is_a_single_slot_of_the_day_before_or_off_the_grid(name, shift):
    """Its one row lies outside, so without this the day would count as empty."""
    error = is_read(name, body(name, [shift]), first_walk(name))
    assert (error.path, error.expected) == ("a row's TimeStamp", WINDOW)


@pytest.mark.parametrize("name", DAY_SLOTS)
def test_a_single_slot_of_the_next_day_contradicts_the_answer(name):
    """It may be the end of a window that is read as a part of it, of a day on which nothing was."""
    page = read_page(DATASETS[name], first_walk(name), body(name, [DAY_S]))
    assert (page.table.num_rows, page.outside, page.disagreeing) == (0, 1, ("EndTime",))
    page = read_page(DATASETS[name], first_walk(name), body(name, [0, DAY_S]))
    assert (page.table.num_rows, page.outside, page.disagreeing) == (1, 1, ())


@pytest.mark.parametrize("name", ["time_shift", "storage_space"])
@pytest.mark.parametrize(("hours", "is_taken"), [(-24, False), (0, True), (24, True), (48, False)])
def test_storage_is_of_the_day_at_whose_start_or_end_it_is_stamped(name, hours, is_taken):
    dataset, walk = DATASETS[name], first_walk(name)
    stamp = (MIDNIGHT + timedelta(hours=hours)).isoformat()
    (level,) = dataset.endpoint.rows.levels
    text = json.dumps({"Result": {level.name: [{"TimeStamp": stamp, "Storage": 1}]}}).encode()
    if is_taken:
        assert read_page(dataset, walk, text).table.num_rows == 1
    else:
        with pytest.raises(WrongAnswer, match="a row's TimeStamp"):
            read_page(dataset, walk, text)


def test_slots_within_the_hour_beside_the_day_only_show_how_the_ends_are_read():
    text = body("stream_session", range(-HOUR, DAY_S + HOUR, 300))
    assert is_read("stream_session", text) is True
    page = read_page(DATASETS["stream_session"], first_walk("stream_session"), text)
    assert (page.table.num_rows, page.outside) == (288, 24)


def test_the_message_has_the_time_as_it_came_in_the_archives_zone():
    early = (-20 * HOUR, -19 * HOUR)
    with pytest.raises(WrongAnswer) as found:
        read_events("push_stream_info", early)
    told = datetime.fromisoformat(found.value.value)
    assert told == (MIDNIGHT - timedelta(hours=19)).astimezone(ZoneInfo("UTC"))


def read_files(*hours):
    """(rows, dropped) of a list with a log file for each of these hours of the day."""
    document = sample_of("log_file")
    (row, *_) = document["Result"]["LogInfoList"]
    starts = [MIDNIGHT + timedelta(hours=hour) for hour in hours]
    document["Result"]["LogInfoList"] = [
        {**row, "DateTime": start.isoformat(), "LogName": f"{start:%Y_%m_%d_%H}.gz"}
        for start in starts
    ]
    document["Result"]["Pagination"]["TotalCount"] = len(starts)
    page = read_page(DATASETS["log_file"], first_walk("log_file"), json.dumps(document).encode())
    return page.table.num_rows, page.outside


def test_files_of_the_hours_that_were_asked_for_beyond_the_day_are_dropped():
    """An hour more is asked for on both sides; the file of EndTime itself is listed where it is part."""
    assert read_files(-1, 0, 23, 24, 25) == (2, 3)
    with pytest.raises(WrongAnswer, match="a row's DateTime"):
        read_files(0, 26)
