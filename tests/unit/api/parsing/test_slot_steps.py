"""Time slots are as wide as asked; a sparse series is no wider one."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.api.errors import WrongAnswer
from resources.api.parsing import parse
from resources.api.parsing.parse import read_page
from resources.api.parsing.parse_batch import read_batch
from resources.api.parsing.slot_steps import grid_s
from resources.api.request_plan import requests_for
from tests.unit.api.parsing.test_parse import DAY, MANY, first_walk

DAY_S = 24 * 3600
MIDNIGHT = datetime(2025, 3, 1, tzinfo=ZoneInfo("Asia/Shanghai"))


def body(name, seconds, *, keys=1, start=MIDNIGHT, **echoes):
    """An answer with slots that begin so many seconds after the day, for each of `keys` series."""
    dataset = DATASETS[name]
    layout = (dataset.split and dataset.endpoint.split_rows) or dataset.endpoint.rows
    outer, inner = layout.levels[0], layout.levels[-1]
    values = {f.name: 1 if f.kind.value != "VARCHAR" else "x" for f in inner.fields}
    slots = [
        {**values, "TimeStamp": (start + timedelta(seconds=s)).astimezone(UTC).isoformat()}
        for s in seconds
    ]
    pairs = [(d, i) for d in ("pull.example.com", "live.example.com") for i in MANY.isps]
    items = [{"Domain": domain, "ISP": isp, inner.name: slots} for domain, isp in pairs[:keys]]
    result = {inner.name: [], outer.name: items if outer is not inner else slots, **echoes}
    return json.dumps({"Result": result}).encode()


def is_read(name, text, walk=None):
    """Whether both readers take the answer; by itself, and with another one."""
    dataset, walk = DATASETS[name], walk or first_walk(name)
    fine = body(name, range(0, 3000, dataset.bucket_s))
    together = read_batch(dataset, [(walk, 1), (walk, 1)], [fine, text])
    try:
        read_page(dataset, walk, text)
    except WrongAnswer as error:
        assert together is None
        return error
    assert together is not None or b"TimeStamp" not in text
    return True


@pytest.mark.parametrize("echo", [{}, {"Aggregation": 300}], ids=["no echo", "the echo as asked"])
@pytest.mark.parametrize("keys", [1, 4])
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("stream_session", 3600),
        ("stream_session", 600),
        ("source_traffic", 1800),
        ("edge_stat", 900),
    ],
)
def test_a_series_in_wider_slots_is_refused(name, step, keys, echo):
    error = is_read(name, body(name, range(0, DAY_S, step), keys=keys, **echo))
    assert (error.value, error.expected) == (step, "300 (seconds)")
    assert "TimeStamp" in error.path


def test_so_is_a_series_of_a_part_of_the_day():
    error = is_read("stream_session", body("stream_session", range(8 * 3600, 16 * 3600, 3600)))
    assert error.value == 3600


def test_and_one_of_a_single_stream():
    """Half minutes asked, minutes answered."""
    walk = first_walk("push_stream_metrics")
    error = is_read("push_stream_metrics", body("push_stream_metrics", range(0, 7200, 60)), walk)
    assert (error.value, error.expected) == (60, "30 (seconds)")


def test_the_width_is_the_one_asked_for_not_the_usual_one():
    dataset = replace(DATASETS["stream_session"], bucket_s=3600)
    walk = next(iter(requests_for(dataset, DAY, MIDNIGHT.tzinfo, MANY)))
    text = body("stream_session", range(0, DAY_S, 3600))
    assert read_page(dataset, walk, text).table.num_rows == 24
    fine = body("stream_session", range(0, DAY_S, 300))
    with pytest.raises(WrongAnswer, match="at a multiple of 3600 s"):
        read_page(dataset, walk, fine)


@pytest.mark.parametrize("odd", [60, 299, 301, 3660.5])
def test_a_slot_that_begins_off_the_grid_is_refused(odd):
    error = is_read("stream_session", body("stream_session", [0, 300, odd, 6000]))
    assert error.expected == "at a multiple of 300 s"


@pytest.mark.parametrize(
    "seconds",
    [
        [],
        [3600],
        [3600, 7200],
        [0, 43_200],
        [3600 * h for h in (1, 2, 3, 5, 6, 7, 9, 10, 11, 20)],
        [*range(0, DAY_S, 3600), 300],
        [900 + 3600 * h for h in range(24)],
        [-3600, 600],  # the other one is dropped
    ],
    ids=[
        "nothing",
        "one slot",
        "two hours",
        "noon and midnight",
        "short runs of hours",
        "each hour and one slot more",
        "each hour at a quarter past",
        "one slot inside, one an hour before",
    ],
)
def test_a_sparse_series_is_read(seconds):
    """Slots without anything may be left out."""
    assert is_read("stream_session", body("stream_session", seconds)) is True


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 287), max_size=40))
def test_any_sparse_series_is_read_unless_it_is_a_long_run_of_equal_steps(slots):
    steps = {b - a for a, b in zip(sorted(slots), sorted(slots)[1:], strict=False)}
    answer = is_read("stream_session", body("stream_session", sorted(s * 300 for s in slots)))
    assert answer is True or (len(slots) >= 7 and 1 not in steps)


def test_a_long_run_of_one_series_is_none_where_another_has_the_slots_between():
    """A domain that is watched each hour, beside one that is watched all the time."""
    hourly, full = (
        json.loads(body("stream_session", range(0, DAY_S, step), keys=2)) for step in (3600, 300)
    )
    items = [
        hourly["Result"]["SessionDetailDataList"][0],
        full["Result"]["SessionDetailDataList"][1],
    ]
    result = {"SessionDataList": [], "SessionDetailDataList": items}
    text = json.dumps({"Result": result}).encode()
    assert is_read("stream_session", text) is True


def test_hours_of_utc_are_on_the_grid_of_a_zone_of_half_hours():
    """Hourly slots may begin at the hours of UTC or at those of the account."""
    dataset = replace(DATASETS["stream_session"], bucket_s=3600)
    zone = ZoneInfo("Asia/Kolkata")
    walk = next(iter(requests_for(dataset, DAY, zone, MANY)))
    start = datetime(2025, 3, 1, tzinfo=zone)
    for shift in (0, 1800):
        text = body("stream_session", [s + shift for s in range(0, DAY_S, 3600)], start=start)
        assert read_page(dataset, walk, text).table.num_rows == 24
    with pytest.raises(WrongAnswer, match="at a multiple of 3600 s"):
        read_page(dataset, walk, body("stream_session", [900], start=start))


def test_slots_of_a_day_begin_at_midnight_in_shanghai_whatever_the_zone():
    dataset = DATASETS["transcode"]
    zone = ZoneInfo("America/Phoenix")
    walk = next(iter(requests_for(dataset, DAY, zone, MANY)))
    row = {"TranscodeType": "Audio", "Resolution": "0P", "Duration": 1}

    def answer(stamp):
        result = {"TranscodeDataList": [{**row, "TimeStamp": stamp}], "Duration": 1}
        return json.dumps({"ResponseMetadata": {"RequestId": "1"}, "Result": result}).encode()

    assert read_page(dataset, walk, answer("2025-03-02T00:00:00+08:00")).table.num_rows == 1
    with pytest.raises(WrongAnswer, match="at a multiple of 86400 s"):
        read_page(dataset, walk, answer("2025-03-01T20:00:00+08:00"))


def test_a_large_answer_that_is_read_in_slices_is_checked_too(monkeypatch):
    monkeypatch.setattr("resources.api.parsing.slices.SLICE_BYTES", 500)

    class Pieces:
        def __init__(self, text):
            self.text = text

        def __len__(self):
            return len(self.text)

        def pieces(self):
            return iter([self.text[i : i + 300] for i in range(0, len(self.text), 300)])

    dataset, walk = DATASETS["stream_session"], first_walk("stream_session")
    fine = Pieces(body("stream_session", range(0, DAY_S, 300), keys=4))
    assert parse.read_page(dataset, walk, fine).table.num_rows == 4 * 288
    coarse = Pieces(body("stream_session", range(0, DAY_S, 3600), keys=4))
    with pytest.raises(WrongAnswer, match="step between"):
        parse.read_page(dataset, walk, coarse)
    echo = Pieces(body("stream_session", range(0, DAY_S, 300), keys=4, Aggregation=3600))
    with pytest.raises(WrongAnswer, match=r"Result\.Aggregation should be 300 and is 3600"):
        parse.read_page(dataset, walk, echo)


@pytest.mark.parametrize(
    ("minutes", "grid_seconds"),
    [([0, 60, 180], 3600), ([0, 60, 65], 300), ([60], 3600), ([10, 40], 600), ([], 86400)],
)
def test_the_grid_of_an_answer_is_the_widest_that_all_its_slots_lie_on(minutes, grid_seconds):
    day = datetime(2026, 11, 20, tzinfo=UTC)
    slots = pa.array([day + timedelta(minutes=m) for m in minutes], pa.timestamp("us", "UTC"))
    assert math.gcd(grid_s([pa.table({"slot_start_at": slots})], 300), 86400) == grid_seconds


@pytest.mark.parametrize("keys", [1, 4])
@pytest.mark.parametrize("name", ["stream_session", "edge_stat", "push_stream_metrics"])
@pytest.mark.parametrize(
    ("by", "edge"), [(1, "StartTime"), (-1, "EndTime"), (6, "StartTime"), (-11, "EndTime")]
)
def test_slots_that_are_moved_contradict_the_answer(name, by, edge, keys):
    """Named by the end of their slot, or half an hour late: all values stand under another one."""
    dataset, walk = DATASETS[name], first_walk(name)
    width, end = dataset.bucket_s, int((walk.window[1] - walk.window[0]).total_seconds())
    start = walk.window[0].astimezone(MIDNIGHT.tzinfo)
    text = body(name, range(by * width, end + by * width, width), keys=keys, start=start)
    assert read_page(dataset, walk, text).disagreeing == (edge,)
    fine = body(name, range(0, end, width), keys=keys, start=start)
    assert read_page(dataset, walk, fine).disagreeing == ()
    assert read_batch(dataset, [(walk, 1), (walk, 1)], [fine, text]) is None


@pytest.mark.parametrize(
    "seconds",
    [
        [*range(0, DAY_S + 300, 300)],
        [*range(-300, DAY_S, 300)],
        [*range(7200, DAY_S + 300, 300)],
        [*range(1800, DAY_S + 1500, 300)],
        [*range(300, DAY_S, 300)],
        [DAY_S],
    ],
    ids=[
        "the end included",
        "one before",
        "nothing until two",
        "fewer beside than lack",
        "nothing at first",
        "the next day",
    ],
)
def test_other_slots_beside_the_window_contradict_nothing(seconds):
    """How the API reads the ends of a window is not documented, and slots without data may lack."""
    dataset, walk = DATASETS["stream_session"], first_walk("stream_session")
    text = body("stream_session", seconds, keys=2)
    assert read_page(dataset, walk, text).disagreeing == ()
