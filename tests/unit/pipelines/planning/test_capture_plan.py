"""Which days are asked for, in which order: decided from the ledger alone."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.planning import capture_plan
from pipelines.planning.capture_plan import Chunk
from resources.ledger.states import LONGEST_RUN_DAYS, Entry, State
from tests.support.archives import NOW, SMALL, lab
from tests.support.offered import DAILY, DATASETS

TODAY = NOW.date()
EDGE = {d.name: TODAY - (d.history or timedelta(0)) for d in DAILY}  # the last forgotten day
WARNING = timedelta(days=7)


def line(name, day):
    """The ledger's line of a day that is not captured and expires."""
    until = datetime(day.year, day.month, day.day, tzinfo=UTC) + DATASETS[name].history
    return Entry(dataset=name, day=day, state=State.EXPIRING, askable_until=until)


def expiring(due_days):
    """Lines of the days that the API forgets within the warning, as the ledger has them."""
    return [
        line(name, day)
        for name, days in due_days.items()
        for day in days
        if EDGE[name] < day <= EDGE[name] + WARNING
    ]


def first(name):
    return EDGE[name] + timedelta(days=1)


# Runs of days, as outages leave them: (age of the youngest in days, number of days).
RUNS = st.lists(st.tuples(st.integers(1, 365), st.integers(1, 40)), max_size=3).map(
    lambda runs: [age for first, count in runs for age in range(first, min(first + count, 366))]
)
NEEDY = ["push_stream_metrics", "batch_push_stream_metrics", "push_stream_info", "ip_info"]
DUE = st.dictionaries(
    st.sampled_from(NEEDY) | st.sampled_from([d.name for d in DAILY]),
    RUNS,
    max_size=8,
).map(
    lambda found: {
        name: [day for day in (TODAY - timedelta(days=n) for n in ages) if day > EDGE[name]]
        for name, ages in found.items()
    }
)


def asked(chunks):
    """Every dataset-day of the chunks, in the order of doing."""
    return [
        (name, chunk.first + timedelta(days=i))
        for chunk in chunks
        for i in range(chunk.days)
        for name in chunk.datasets
    ]


# Ranges ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], []),
        (["2026-11-05"], [("2026-11-05", "2026-11-05")]),
        (["2026-11-06", "2026-11-05"], [("2026-11-05", "2026-11-06")]),
        (["2026-11-05", "2026-11-05"], [("2026-11-05", "2026-11-05")]),
        (["2026-11-05", "2026-11-07"], [("2026-11-05",) * 2, ("2026-11-07",) * 2]),
        (["2026-10-31", "2026-11-01"], [("2026-10-31",) * 2, ("2026-11-01",) * 2]),
    ],
    ids=["none", "one", "unsorted", "twice", "a hole", "the end of a month"],
)
def test_ranges_are_consecutive_days_of_one_month(days, expected):
    found = capture_plan.ranges(map(date.fromisoformat, days))
    assert [(str(a), str(b)) for a, b in found] == expected


@given(RUNS.map(lambda ages: {TODAY - timedelta(days=age) for age in ages}))
def test_ranges_tile_exactly_the_days(days):
    """None is asked twice, none left out, none added; no run is longer than a month."""
    found = capture_plan.ranges(days)
    tiled = [a + timedelta(days=i) for a, b in found for i in range((b - a).days + 1)]
    assert tiled == sorted(days)
    assert all((a.year, a.month) == (b.year, b.month) for a, b in found)
    assert all(Chunk(datasets=(), first=a, last=b).days <= LONGEST_RUN_DAYS for a, b in found)


@given(RUNS.map(lambda ages: {TODAY - timedelta(days=age) for age in ages}))
def test_ranges_are_as_few_as_the_months_allow(days):
    for (_, last), (following, _) in pairwise(capture_plan.ranges(days)):
        assert following - last > timedelta(days=1) or following.day == 1


# Order -------------------------------------------------------------------------------------------


@given(DUE)
def test_every_due_day_is_asked_once(days):
    found = asked(capture_plan.chunks(days, urgent=expiring(days)))
    assert sorted(found) == sorted({(name, day) for name, some in days.items() for day in some})


@given(DUE)
@example(
    {
        "push_stream_metrics": [first("edge_stat"), first("edge_stat") + timedelta(days=3)],
        "batch_push_stream_metrics": [first("edge_stat") + timedelta(days=3)],
    }
)
def test_what_a_dataset_needs_is_asked_before_it(days):
    found = asked(capture_plan.chunks(days, urgent=expiring(days)))
    place = {about: i for i, about in enumerate(found)}
    for name, day in found:
        for needed in DATASETS[name].needs:
            assert place.get((needed, day), -1) < place[name, day]


@given(DUE)
def test_what_expires_soonest_comes_first_and_then_the_newest_month(days):
    urgent = expiring(days)
    chunks = capture_plan.chunks(days, urgent=urgent)
    flags = [chunk.expiring for chunk in chunks]
    assert flags == sorted(flags, reverse=True)
    soon = {(e.dataset, e.day) for e in urgent}
    assert soon <= set(asked(c for c in chunks if c.expiring))
    months = [(c.first.year, c.first.month) for c in chunks if not c.expiring]
    assert months == sorted(months, reverse=True)


@given(DUE)
def test_runs_of_young_days_are_marked(days):
    assert all(chunk.again for chunk in capture_plan.chunks(days, again=True))


def test_datasets_with_the_same_days_share_a_run():
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    (chunk,) = capture_plan.chunks({"edge_stat": days, "stream_count": days})
    assert chunk.datasets == ("edge_stat", "stream_count")
    assert (chunk.first, chunk.last, chunk.days) == (*days, 2)


def test_a_month_that_expires_sooner_comes_first():
    later, sooner = first("edge_stat") + timedelta(days=6), first("push_stream_info")
    days = {"edge_stat": [later], "push_stream_info": [sooner]}
    found = capture_plan.chunks(days, urgent=expiring(days))
    assert [chunk.datasets for chunk in found] == [("push_stream_info",), ("edge_stat",)]


def test_pushes_go_before_a_year_that_expires_at_the_same_midnight():
    """A fresh archive: few requests bring the pushes, and the year takes hours."""
    days = {name: [first(name) + timedelta(days=i) for i in range(5)] for name in EDGE}
    found = capture_plan.chunks(days, urgent=expiring(days))
    names = [name for chunk in found for name in chunk.datasets]
    soonest = [names.index(name) for name in ("log_file", "push_stream_info", "edge_stat")]
    assert soonest == sorted(soonest)


def test_what_an_expiring_dataset_needs_is_as_urgent():
    day = date(2026, 3, 7)
    days = {name: [day] for name in ("push_stream_metrics", "batch_push_stream_metrics")}
    days["edge_stat"] = [date(2026, 11, 20)]
    found = capture_plan.chunks(days, urgent=[line("push_stream_metrics", day)])
    assert [chunk.datasets for chunk in found] == [
        ("batch_push_stream_metrics", "push_stream_metrics"),
        ("edge_stat",),
    ]


# What the ledger says ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """An archive that has captured nothing and may go back as far as the API remembers."""
    home = tmp_path_factory.mktemp("due") / "home"
    with lab(home, SMALL, environ={"LIVESTATS_FIRST_DAY": ""}) as found:
        yield found


def test_a_fresh_archive_lacks_all_that_the_api_still_has(fresh):
    """And nothing else: today is not over, and older days cannot be had."""
    archive = fresh.archive
    found = set(
        asked(
            capture_plan.missing(
                archive, archive.ledgers(archive.daily, archive.first_day, archive.today)
            )
        )
    )
    for dataset in archive.daily:
        days = {day for name, day in found if name == dataset.name}
        oldest = first(dataset.name)
        if dataset.is_month_to_date and oldest.day > 1:  # the start of its month is forgotten
            oldest = (oldest.replace(day=1) + timedelta(days=31)).replace(day=1)
        assert min(days) == oldest, dataset.name
        assert len(days) == (max(days) - min(days)).days + 1, dataset.name
        assert max(days) == TODAY - timedelta(days=1)


def test_a_fresh_archive_begins_with_the_pushes_that_expire(fresh):
    archive = fresh.archive
    chunks = capture_plan.missing(
        archive, archive.ledgers(archive.daily, archive.first_day, archive.today)
    )
    for begin, name in zip(chunks, ("log_file", "push_stream_info"), strict=False):
        assert name in begin.datasets
        assert begin.expiring
        assert begin.first == first(name)


def test_nothing_is_due_again_before_something_is_captured(fresh):
    assert (
        capture_plan.restated(
            fresh.archive,
            fresh.archive.ledgers(
                fresh.archive.daily, fresh.archive.first_day, fresh.archive.today
            ),
        )
        == []
    )


def test_young_days_are_due_again_on_the_next_day_until_they_are_settled(fresh):
    """Captured on the 22nd at noon; asked again on the 23rd, not on the same day."""
    home = fresh.beside("young")
    day = TODAY - timedelta(days=1)
    home.capture([day], ["domain", "isp", "edge_stat"])
    edge = [DATASETS["edge_stat"]]
    assert (
        capture_plan.restated(
            home.archive, home.archive.ledgers(edge, home.archive.first_day, home.archive.today)
        )
        == []
    )
    moved = home.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat())
    (chunk,) = capture_plan.restated(
        moved.archive, moved.archive.ledgers(edge, moved.archive.first_day, moved.archive.today)
    )
    assert (chunk.datasets, chunk.first, chunk.last, chunk.again) == (
        ("edge_stat",),
        day,
        day,
        True,
    )
    settled = home.with_(LIVESTATS_NOW=(NOW + timedelta(days=3)).isoformat())
    assert (
        capture_plan.restated(
            settled.archive,
            settled.archive.ledgers(edge, settled.archive.first_day, settled.archive.today),
        )
        == []
    )


def test_captured_days_are_not_missing(fresh):
    home = fresh.beside("captured")
    day = TODAY - timedelta(days=2)
    home.capture([day], ["domain", "isp", "edge_stat"])
    found = asked(
        capture_plan.missing(
            home.archive,
            home.archive.ledgers(
                [DATASETS["edge_stat"]], home.archive.first_day, home.archive.today
            ),
        )
    )
    assert ("edge_stat", day) not in found
    assert ("edge_stat", day + timedelta(days=1)) in found
