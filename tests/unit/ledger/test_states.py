"""The ledger: one state for every dataset and day, decided by names of files and the clock."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DAILY, DATASETS
from resources.ledger import states
from resources.ledger.states import State
from resources.raw import captures, seen_notes
from tests.support.documented_limits import DOCUMENTED
from tests.support.each import each

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 10)
STARTS = datetime(2026, 3, 10, tzinfo=ZONE)
ENDS = STARTS + timedelta(days=1)
WARNING = timedelta(days=7)
MOMENT = timedelta(microseconds=1)

YEAR, QUARTER = DATASETS["stream_count"], DATASETS["push_stream_info"]
FORGOTTEN = {
    YEAR: datetime(2027, 3, 11, tzinfo=ZONE),  # 366 days after the day began
    QUARTER: datetime(2026, 6, 11, tzinfo=ZONE),  # 93 days
}
SETTLED = {YEAR: ENDS + timedelta(minutes=5), QUARTER: ENDS + timedelta(hours=1)}
LONGER = {  # those that ask for streams or addresses of a dataset that settles later
    "push_stream_metrics": "push_stream_info",
    "source_stream_metrics": "batch_source_stream_metrics",
    "ip_info": "push_stream_info",
}
both = pytest.mark.parametrize("dataset", [YEAR, QUARTER], ids=["366 days", "93 days"])


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "raw" / "any" / DAY.isoformat()
    found.mkdir(parents=True)
    return found


def state(dataset, now, folder=None, warning=WARNING):
    return states.entry(dataset, DAY, folder, now, ZONE, warning).state


def capture(folder, at, rows):
    """An empty capture; the ledger looks at names only."""
    name = f"{at.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%S%f}Z-{rows}-{0:016x}"
    (folder / name).mkdir()
    return captures.CaptureName.parse(name)


# The states of a day that nobody captures --------------------------------------------------------


@both
def test_a_day_that_nobody_captures_goes_through_these_states(dataset):
    settled, forgotten = SETTLED[dataset], FORGOTTEN[dataset]
    edges = [
        (STARTS - timedelta(days=400), State.SETTLING),
        (ENDS - MOMENT, State.SETTLING),
        (ENDS, State.SETTLING),
        (settled - MOMENT, State.SETTLING),
        (settled, State.MISSING),
        (forgotten - WARNING - MOMENT, State.MISSING),
        (forgotten - WARNING, State.EXPIRING),
        (forgotten - MOMENT, State.EXPIRING),
        (forgotten, State.LOST),
        (forgotten + timedelta(days=4000), State.LOST),
    ]
    assert [(now, state(dataset, now)) for now, _ in edges] == edges


@both
def test_a_day_that_could_not_be_completed_is_partial_until_it_expires(dataset, folder):
    (folder / states.PARTIAL).touch()
    settled, forgotten = SETTLED[dataset], FORGOTTEN[dataset]
    assert state(dataset, settled - MOMENT, folder) is State.SETTLING
    assert state(dataset, settled, folder) is State.PARTIAL
    assert state(dataset, forgotten - WARNING, folder) is State.EXPIRING
    assert state(dataset, forgotten, folder) is State.LOST


@both
def test_without_a_warning_nothing_expires(dataset):
    last = FORGOTTEN[dataset] - MOMENT
    assert state(dataset, last, warning=timedelta(0)) is State.MISSING


def test_what_the_api_never_forgets_is_never_lost():
    entry = states.entry(DATASETS["isp"], DAY, None, STARTS + timedelta(days=9000), ZONE, WARNING)
    assert entry.state is State.MISSING
    assert entry.askable_until is None


def test_only_captured_and_empty_days_are_complete():
    assert {s for s in State if s.is_complete} == {State.CAPTURED, State.EMPTY}


@settings(deadline=None)
@given(now=st.datetimes(timezones=st.just(ZONE)), warning=st.integers(0, 366))
def test_a_state_never_goes_back(now, warning):
    order = [State.SETTLING, State.MISSING, State.EXPIRING, State.LOST]
    span = timedelta(days=warning)
    if now.year < 9000:
        found = [state(YEAR, now + timedelta(days=i * 30), warning=span) for i in range(5)]
        assert found == sorted(found, key=order.index)


# When a day settles and is forgotten -------------------------------------------------------------


@each("dataset", DAILY, lambda d: d.name)
def test_a_day_settles_when_the_documented_delay_has_passed(dataset):
    documented = DOCUMENTED[dataset.endpoint.action].delay
    if isinstance(documented, dict):
        documented = documented[dataset.bucket_s]
    if dataset.name in LONGER:
        source = states.settles_at(DATASETS[LONGER[dataset.name]], DAY, ZONE)
        assert states.settles_at(dataset, DAY, ZONE) == source
    elif documented is not None:
        assert states.settles_at(dataset, DAY, ZONE) == ENDS + timedelta(seconds=documented)


@each("dataset", DAILY, lambda d: d.name)
def test_no_day_can_be_asked_before_what_names_its_streams_or_addresses(dataset):
    settled = states.settles_at(dataset, DAY, ZONE)
    assert all(states.settles_at(DATASETS[n], DAY, ZONE) <= settled for n in dataset.needs)


@each("dataset", DAILY, lambda d: d.name)
def test_a_day_is_forgotten_when_its_first_moment_is(dataset):
    days = DOCUMENTED[dataset.endpoint.action].history_days
    if days is not None:
        first = STARTS.replace(day=1) if dataset.is_month_to_date else STARTS
        beyond = 1 if dataset.endpoint.asked_beyond else 0  # whole days are counted
        assert states.expires_at(dataset, DAY, ZONE) == first + timedelta(days=days - beyond)


def test_days_are_those_of_the_business_zone():
    other = ZoneInfo("America/Phoenix")
    assert states.settles_at(YEAR, DAY, other) - SETTLED[YEAR] == timedelta(hours=15)


# Captured days -----------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(("rows", "expected"), [(5, State.CAPTURED), (0, State.EMPTY)])
def test_a_captured_day_stays_captured_whatever_time_it_is(dataset, rows, expected, folder):
    capture(folder, SETTLED[dataset], rows)
    (folder / states.PARTIAL).touch()  # a later attempt that failed takes nothing away
    for now in (STARTS, SETTLED[dataset], FORGOTTEN[dataset]):
        assert state(dataset, now, folder) is expected


def test_the_newest_capture_stands_for_the_day(folder):
    capture(folder, ENDS + timedelta(hours=1), 5)
    newest = capture(folder, ENDS + timedelta(hours=30), 7)
    found = states.entry(YEAR, DAY, folder, FORGOTTEN[YEAR], ZONE, WARNING)
    assert found == states.Entry(
        dataset="stream_count",
        day=DAY,
        state=State.CAPTURED,
        rows=7,
        captures=2,
        captured_at=ENDS + timedelta(hours=30),
        last_seen_at=ENDS + timedelta(hours=30),
        capture=newest.text,
        askable_from=SETTLED[YEAR],
        askable_until=FORGOTTEN[YEAR],
    )


def test_whatever_else_lies_in_a_days_folder_is_no_capture(folder):
    (folder / ".making-capture-1-0123abcd").mkdir()
    (folder / "20260311T010000000000Z-5-0000000000000000.bak").mkdir()
    (folder / "notes.txt").touch()
    assert state(YEAR, SETTLED[YEAR], folder) is State.MISSING


def test_every_day_that_is_asked_for_has_one_line_in_that_order(tmp_path):
    days = [DAY + timedelta(days=i) for i in (3, 0, 1)]
    folder = tmp_path / "stream_count" / days[1].isoformat()
    folder.mkdir(parents=True)
    capture(folder, SETTLED[YEAR], 1)
    (tmp_path / "stream_count" / "2026-03-11.renamed").mkdir()
    lines = states.entries(YEAR, days, tmp_path, SETTLED[YEAR], ZONE, WARNING)
    assert [(line.day, line.state) for line in lines] == [
        (days[0], State.SETTLING),
        (days[1], State.CAPTURED),
        (days[2], State.SETTLING),
    ]
    assert states.entries(YEAR, [], tmp_path, SETTLED[YEAR], ZONE, WARNING) == []


# Asking again ------------------------------------------------------------------------------------


def due(dataset, folder, now):
    return states.is_due_again(
        dataset, states.entry(dataset, DAY, folder, now, ZONE, WARNING), now, ZONE
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("stream_count", {1, 2, 3}), ("push_stream_info", set(range(1, 8))), ("ip_info", set())],
)
def test_a_young_day_is_due_again_on_each_of_its_next_days(name, expected, folder):
    dataset = DATASETS[name]
    capture(folder, ENDS - MOMENT, 1)
    mornings = {age: STARTS + timedelta(days=age, hours=9) for age in range(10)}
    assert {age for age, now in mornings.items() if due(dataset, folder, now)} == expected


def test_it_is_due_once_a_day_of_the_business_zone(folder):
    name = capture(folder, ENDS + timedelta(hours=2), 1)
    midnight = ENDS + timedelta(days=1)
    assert not due(YEAR, folder, ENDS + timedelta(hours=3))
    assert not due(YEAR, folder, midnight - MOMENT)
    assert due(YEAR, folder, midnight)
    seen_notes.note_seen(folder, name, midnight + timedelta(hours=2))
    assert not due(YEAR, folder, midnight + timedelta(hours=3))
    assert due(YEAR, folder, midnight + timedelta(days=1))


def test_an_empty_day_is_asked_again_as_well(folder):
    capture(folder, ENDS + timedelta(hours=2), 0)
    assert due(YEAR, folder, ENDS + timedelta(days=1))


def test_what_is_not_complete_is_not_due_again(folder):
    (folder / states.PARTIAL).touch()
    assert not due(YEAR, folder, ENDS + timedelta(days=1))


def test_a_clock_set_back_makes_nothing_due(folder):
    capture(folder, ENDS + timedelta(days=2), 1)
    assert not due(YEAR, folder, ENDS + timedelta(days=1))


def test_few_of_many_contradictions_are_told():
    texts = tuple(f"total {number} differs from its rows" for number in range(5))
    line = states.Entry(
        dataset="edge_stat", day=date(2026, 11, 20), state=State.CAPTURED,
        suspect_domains=("a.example",), contradictions=texts,
    )  # fmt: skip
    told = "no rows for a.example; " + "; ".join(texts[:3])
    assert line.doubt == f"{told} and 2 more contradictions"
