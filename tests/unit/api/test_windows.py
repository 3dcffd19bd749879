"""Pieces of time: nothing twice, nothing left out, and right however EndTime is read."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.api.windows import (
    day_of,
    day_window,
    has_constant_offset,
    read_window,
    slots_end,
    split,
    window_fields,
    window_of,
    wire_time,
    wire_window,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")  # had days that began at 01:00
HAVANA = ZoneInfo("America/Havana")  # has days whose first hour comes twice

zones = st.sampled_from([SHANGHAI, ZoneInfo("UTC"), NEW_YORK, SAO_PAULO, HAVANA])
days = st.dates(date(2016, 1, 1), date(2030, 12, 31))
slot_widths_s = st.sampled_from([5, 30, 60, 300, 3600])


def hours(number):
    return timedelta(hours=number)


def length(window):
    """Elapsed time, not the difference of two wall clocks."""
    start, end = (edge.astimezone(UTC) for edge in window)
    return end - start


@st.composite
def ranges(draw):
    zone = draw(zones)
    start = datetime.fromtimestamp(draw(st.integers(10**9, 2 * 10**9)), zone)
    end = start.astimezone(UTC) + timedelta(seconds=draw(st.integers(0, 40 * 86_400)))
    return start, end.astimezone(zone)


SPRING, AUTUMN = date(2025, 3, 9), date(2025, 11, 2)  # in New York: 23 and 25 hours


@given(ranges(), st.integers(3_600, 32 * 86_400).map(lambda s: timedelta(seconds=s)))
@example(day_window(SPRING, NEW_YORK), hours(1))
@example(day_window(AUTUMN, NEW_YORK), hours(1))
@example(split(*day_window(AUTUMN, NEW_YORK), hours(1))[1], timedelta(minutes=20))
def test_windows_tile_the_range(asked, longest):
    """No second is asked twice, none is left out, no call is too long, none too many."""
    start, end = asked
    windows = split(start, end, longest)
    edges = [start] + [stop for _, stop in windows]
    assert [first for first, _ in windows] == edges[:-1]
    assert edges[-1].astimezone(UTC) == end.astimezone(UTC)
    assert all(timedelta(0) < length(window) <= longest for window in windows)
    assert len(windows) == math.ceil(length(asked) / longest)


@given(ranges())
def test_windows_keep_the_zone_of_the_range(asked):
    assert all(edge.tzinfo is asked[0].tzinfo for w in split(*asked, hours(5)) for edge in w)


@pytest.mark.parametrize(
    ("asked_h", "longest_h", "calls"),
    [(0, 24, 0), (24, 24, 1), (25, 24, 2), (24, 3, 8), (31 * 24, 3, 248)],
    ids=["nothing to ask", "the limit", "one hour over", "a day by three hours", "a month"],
)
def test_as_few_calls_as_the_limit_allows(asked_h, longest_h, calls):
    start = datetime(2025, 3, 1, tzinfo=SHANGHAI)
    assert len(split(start, start + hours(asked_h), hours(longest_h))) == calls


@pytest.mark.parametrize(
    ("start", "end", "longest", "why"),
    [
        (datetime(2025, 3, 1), datetime(2025, 3, 2, tzinfo=UTC), hours(1), "without a zone"),  # noqa: DTZ001
        (datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 2), hours(1), "without a zone"),  # noqa: DTZ001
        (datetime(2025, 3, 2, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC), hours(1), "cannot"),
        (datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC), hours(0), "cannot"),
        (datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC), hours(-1), "cannot"),
    ],
    ids=["start without zone", "end without zone", "backwards", "no length", "negative length"],
)
def test_what_is_no_range_is_refused(start, end, longest, why):
    with pytest.raises(ValueError, match=why):
        split(start, end, longest)


@pytest.mark.parametrize(
    ("zone", "day", "elapsed_h"),
    [
        (SHANGHAI, date(2025, 3, 9), 24),
        (ZoneInfo("UTC"), date(2025, 3, 9), 24),
        (NEW_YORK, date(2025, 3, 9), 23),
        (NEW_YORK, date(2025, 11, 2), 25),
        (SAO_PAULO, date(2018, 11, 4), 23),
        (HAVANA, date(2025, 11, 2), 25),
    ],
    ids=["Shanghai", "UTC", "spring", "autumn", "no midnight", "midnight twice"],
)
def test_a_day_is_as_long_as_its_calendar_says(zone, day, elapsed_h):
    assert length(day_window(day, zone)) == hours(elapsed_h)


@given(days, zones)
def test_days_follow_each_other_without_a_gap(day, zone):
    first, second = day_window(day, zone), day_window(day + timedelta(days=1), zone)
    assert first[1].astimezone(UTC) == second[0].astimezone(UTC)


@given(days, zones, st.integers(0, 23 * 3600))
def test_every_moment_of_a_day_belongs_to_that_day(day, zone, second):
    """Counted from its start and from its end, which is the start of the next."""
    start, end = (edge.astimezone(UTC) for edge in day_window(day, zone))
    assert day_of(start, zone) == day_of(start + timedelta(seconds=second), zone) == day
    assert day_of(end - timedelta(microseconds=1 + 10**6 * second), zone) == day
    assert day_of(end, zone) == day + timedelta(days=1)


def test_a_moment_without_a_zone_has_no_day():
    with pytest.raises(ValueError, match=r"without a zone.*\+08:00"):
        day_of(datetime(2025, 3, 1), SHANGHAI)  # noqa: DTZ001


def test_on_the_wire_a_day_ends_at_its_last_second():
    assert wire_window(day_window(date(2025, 3, 1), SHANGHAI)) == {
        "StartTime": "2025-03-01T00:00:00+08:00",
        "EndTime": "2025-03-01T23:59:59+08:00",
    }


def test_events_are_asked_for_up_to_the_end_itself():
    """A push may begin in the last second; one that begins at the end is dropped afterwards."""
    day = day_window(date(2025, 3, 1), SHANGHAI)
    assert wire_window(day, last_second=True)["EndTime"] == "2025-03-02T00:00:00+08:00"


@given(days, zones, st.integers(1, 24), slot_widths_s)
@example(SPRING, NEW_YORK, 1, 60)
@example(AUTUMN, NEW_YORK, 1, 60)
def test_both_readings_of_the_end_give_the_same_slots(day, zone, longest_h, slot_s):
    """EndTime inclusive or exclusive: a window has the slots that start in [start, end)."""
    for window in split(*day_window(day, zone), hours(longest_h)):
        wire = wire_window(window)
        first, last = (
            datetime.fromisoformat(wire[n]).timestamp() for n in ("StartTime", "EndTime")
        )
        slots = range(int(first), int(first) + int(length(window).total_seconds()), slot_s)
        inclusive = [s for s in range(int(first), int(last) + slot_s, slot_s) if s <= last]
        exclusive = [s for s in range(int(first), int(last) + slot_s, slot_s) if s < last]
        assert list(slots) == inclusive == exclusive


@given(ranges(), st.booleans())
@example(split(*day_window(SPRING, NEW_YORK), hours(2))[0], False)
def test_a_request_tells_the_window_it_was_made_for(window, last_second):
    """In every zone, also where the second before the end is in another half of the year."""
    read = read_window(wire_window(window, last_second=last_second), last_second=last_second)
    assert [edge.astimezone(UTC) for edge in read] == [edge.astimezone(UTC) for edge in window]


def test_a_request_without_times_has_no_window():
    assert read_window({"DomainList": ["a"]}) is None


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (SHANGHAI, "2025-03-01T12:00:00+08:00"),
        (UTC, "2025-03-01T12:00:00+00:00"),
        (timezone(timedelta(hours=5, minutes=45)), "2025-03-01T12:00:00+05:45"),
    ],
    ids=str,
)
def test_a_time_on_the_wire_has_whole_seconds_and_an_offset(zone, text):
    assert wire_time(datetime(2025, 3, 1, 12, 0, 0, 999_999, tzinfo=zone)) == text


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        ("Asia/Shanghai", True),
        ("UTC", True),
        ("Asia/Singapore", True),
        ("Asia/Kathmandu", True),
        ("America/New_York", False),
        ("Africa/Casablanca", False),  # another offset for about a month each year
        ("Australia/Lord_Howe", False),  # half an hour
        ("America/Sao_Paulo", False),  # until 2019
        ("Africa/Juba", False),  # since 2021 another offset, without summer time
    ],
)
def test_zones_with_summer_time_are_known(name, constant):
    assert has_constant_offset(ZoneInfo(name)) is constant


@pytest.mark.parametrize(
    ("zone", "bucket_s", "later"),
    [
        ("Asia/Shanghai", None, 0),
        ("Asia/Shanghai", 300, 0),
        ("Asia/Shanghai", 86_400, 0),
        ("UTC", 3600, 0),
        ("UTC", 86_400, 16),
        ("America/Phoenix", 86_400, 9),
        ("Asia/Tokyo", 86_400, 1),
        ("Asia/Kolkata", 3600, 0.5),
    ],
)
def test_a_slot_of_a_day_ends_at_midnight_of_the_vendor(zone, bucket_s, later):
    end = datetime(2026, 11, 21, tzinfo=ZoneInfo(zone))
    over = slots_end(end, bucket_s)
    assert over - end == timedelta(hours=later)
    assert over.tzinfo is end.tzinfo


def test_a_window_is_asked_wider_and_under_other_names_where_the_endpoint_says_so():
    window = day_window(date(2025, 3, 1), SHANGHAI)
    for name, asked in (
        ("log_file", {"StartTime": "2025-02-28T23:00:00+08:00", "EndTime": "2025-03-02T01:00:00+08:00"}),
        ("closed_stream_info", {"EndTimeFrom": "2025-02-28T16:00:00Z", "EndTimeTo": "2025-03-01T16:00:00Z"}),
        ("edge_stat", {"StartTime": "2025-03-01T00:00:00+08:00", "EndTime": "2025-03-01T23:59:59+08:00"}),
    ):  # fmt: skip
        assert window_fields(DATASETS[name], window) == asked
        assert window_of(DATASETS[name], asked) == window
    assert window_of(DATASETS["isp"], {}) is None


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.sampled_from(["Asia/Kolkata", "America/New_York"]),
)
def test_a_wider_window_is_read_as_the_day_in_every_zone(day, zone):
    window = day_window(day, ZoneInfo(zone))
    for name in ("log_file", "closed_stream_info"):
        assert window_of(DATASETS[name], window_fields(DATASETS[name], window)) == window
