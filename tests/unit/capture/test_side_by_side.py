"""All datasets of a run at once: nobody holds up anybody, but by what must be known first."""

import threading
from datetime import date

import pytest

from resources.api.errors import FixSetup
from resources.api.retry import RetryPolicy
from resources.capture import capturer
from resources.capture.result import Outcome
from resources.home import day_lock
from resources.simulator import Account
from tests.support.archives import failures, lab, lake_rows, leftovers
from tests.support.offered import DAILY, DATASETS

DAYS = [date(2026, 11, day) for day in (19, 20, 21)]
TINY = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)
TOP, TRAFFIC = DATASETS["top_play"], DATASETS["batch_stream_traffic"]
EDGE, BY_REGION = DATASETS["edge_stat"], DATASETS["edge_stat_by_region"]
PUSH, EACH_PUSH = DATASETS["batch_push_stream_metrics"], DATASETS["push_stream_metrics"]
PUSHES = DATASETS["push_stream_info"]
IMPATIENT = RetryPolicy(fault_attempts=1)
PUSH_REQUESTS = 2  # of a day


@pytest.fixture
def found(tmp_path):
    with lab(tmp_path / "home", TINY) as opened:
        assert failures(opened.capture((), ("domain", "isp"))) == []
        yield opened
    assert leftovers(tmp_path) == []


class Held:
    """Requests of an action are not answered before the test says so."""

    def __init__(self, found, dataset, number=1):
        self._action, self._number = dataset.endpoint.action, number
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._counted = found.simulator.calls
        found.simulator._service.chooser.choose = self

    def __call__(self, action):
        if action == self._action and self._counted[action] >= self._number:
            self.reached.set()
            assert self.go_on.wait(60)


def days_of(results):
    return [(r.dataset, r.day.day) for r in results]


# Nobody waits -------------------------------------------------------------------------------------


def test_a_slow_action_does_not_hold_up_the_others(found):
    held = Held(found, TOP)
    with found.capturing() as one:
        results = one.capture_all({TOP: DAYS, TRAFFIC: DAYS})
        others = [next(results) for _ in DAYS]
        held.go_on.set()
        rest = [*results]
    assert days_of(others) == [(TRAFFIC.name, day.day) for day in DAYS]
    assert days_of(rest) == [(TOP.name, day.day) for day in DAYS]


def test_datasets_of_one_action_go_on_side_by_side_as_well(found):
    with found.capturing() as one:
        results = [*one.capture_all({EDGE: DAYS, BY_REGION: DAYS})]
    for dataset in (EDGE, BY_REGION):
        assert [r.day for r in results if r.dataset == dataset.name] == DAYS
    assert {r.outcome for r in results} == {Outcome.CAPTURED}


def test_a_day_that_another_run_holds_does_not_hold_up_other_datasets(found):
    held = day_lock.try_lock(found.archive.home, TRAFFIC, DAYS[0])
    with found.capturing() as one:
        results = one.capture_all({TRAFFIC: DAYS, TOP: DAYS})
        others = [next(results) for _ in range(2 * len(DAYS) - 1)]
        held.release()
        rest = [*results]
    assert (TRAFFIC.name, DAYS[0].day) not in days_of(others)
    assert [(r.dataset, r.day, r.outcome) for r in rest] == [
        (TRAFFIC.name, DAYS[0], Outcome.CAPTURED)
    ]


@pytest.mark.slow  # test_whole_run.py compares what is captured side by side with the world
def test_side_by_side_gives_what_one_after_the_other_gives(found):
    """All daily datasets, those first that need others: the order in `due` does not matter."""
    due = dict.fromkeys(sorted(DAILY, key=lambda d: -len(d.needs)), DAYS[-1:])
    with found.capturing() as one:
        assert failures(one.capture_all(due)) == []
    single = found.beside("single")
    with single.capturing() as one:
        for name in ("domain", "isp"):
            one.capture_dimension(DATASETS[name])
        for dataset in sorted(DAILY, key=lambda d: len(d.needs)):
            assert failures(one.capture(dataset, DAYS[-1:])) == []
    assert lake_rows(found.archive.home) == lake_rows(single.archive.home)


# What must be known first -------------------------------------------------------------------------


def test_a_day_follows_the_same_day_of_what_it_needs_and_no_other(found):
    """The second day of the batch is slow; the first day of the streams is done by then."""
    held = Held(found, PUSH, number=PUSH_REQUESTS + 1)
    with found.set(workers=1).capturing() as one:
        results = one.capture_all({EACH_PUSH: DAYS, PUSH: DAYS, PUSHES: DAYS})
        first = [next(results) for _ in range(len(DAYS) + 2)]
        held.go_on.set()
        rest = [*results]
    assert set(days_of(first)) == {
        (PUSH.name, 19), (EACH_PUSH.name, 19), *((PUSHES.name, d.day) for d in DAYS)
    }  # fmt: skip
    assert {r.outcome for r in first + rest} == {Outcome.CAPTURED}
    order = days_of(first + rest)
    for day in DAYS:
        for needed in (PUSH, PUSHES):
            assert order.index((needed.name, day.day)) < order.index((EACH_PUSH.name, day.day))


def test_other_datasets_are_asked_when_streams_are_listed_and_asked(found, monkeypatch):
    monkeypatch.setattr(capturer, "FIRST_S", 60.0)
    held = Held(found, PUSH)
    with found.capturing() as one:
        told, results = [], one.capture_all({TOP: DAYS, EACH_PUSH: DAYS, PUSH: DAYS, PUSHES: DAYS})
        asking = threading.Thread(target=lambda: told.extend(results))
        asking.start()
        assert held.reached.wait(60)
        assert not found.simulator.calls[TOP.endpoint.action]
        held.go_on.set()
        asking.join(60)
    assert {r.outcome for r in told} == {Outcome.CAPTURED}
    assert days_of(told).index((PUSH.name, 19)) < days_of(told).index((TOP.name, 19))


def test_a_list_that_does_not_come_holds_up_other_datasets_for_a_moment_only(found, monkeypatch):
    monkeypatch.setattr(capturer, "FIRST_S", 0.01)
    held = Held(found, PUSH)
    with found.capturing() as one:
        results = one.capture_all({TOP: DAYS, EACH_PUSH: DAYS, PUSH: DAYS, PUSHES: DAYS})
        others = [next(results) for _ in (*DAYS, *DAYS)]
        held.go_on.set()
        rest = [*results]
    assert {r.dataset for r in others} == {TOP.name, PUSHES.name}
    assert {r.outcome for r in others + rest} == {Outcome.CAPTURED}


def test_what_is_not_in_the_run_is_not_waited_for(found):
    with found.capturing() as one:
        assert failures(one.capture_all({PUSH: DAYS[:2], PUSHES: DAYS})) == []
        results = [*one.capture_all({EACH_PUSH: DAYS, PUSHES: DAYS})]
    told = {r.day.day: r.outcome for r in results if r.dataset == EACH_PUSH.name}
    assert told == {19: Outcome.CAPTURED, 20: Outcome.CAPTURED, 21: Outcome.FAILED}


def test_a_request_that_is_not_answered_holds_up_no_other_day_and_no_dataset(found):
    failing, asked = PUSH.endpoint.action, found.simulator.calls
    found.simulator._service.chooser.choose = lambda action: (
        "internal" if action == failing and asked[action] == PUSH_REQUESTS + 1 else None
    )
    with found.set(workers=1).capturing(retries=IMPATIENT) as one:
        results = [*one.capture_all({PUSH: DAYS, PUSHES: DAYS, EACH_PUSH: DAYS, TOP: DAYS})]
    failed = {(r.dataset, r.day.day): r.message for r in results if not r.outcome.is_complete}
    assert set(failed) == {(PUSH.name, 20), (EACH_PUSH.name, 20)}  # whose streams it lists
    assert failed[PUSH.name, 20].startswith("incomplete, without an answer for push-")
    assert len(results) == 4 * len(DAYS)


# The end of a run ---------------------------------------------------------------------------------


def test_a_wrong_key_ends_the_run_with_one_error(found):
    """Workers that had begun are refused as well; none of them asks again."""
    wrong = found.with_(VOLC_SECRETKEY="another-secret-key")
    asked = found.requests
    with wrong.capturing() as one, pytest.raises(FixSetup, match="SignatureDoesNotMatch"):
        [*one.capture_all(dict.fromkeys(DAILY, DAYS))]
    workers = wrong.archive.settings.workers * len({d.endpoint.action for d in DAILY})
    assert found.requests - asked <= workers
    assert not [*found.archive.home.lake.glob("*/day=*/rows.parquet")][2:]


def test_a_key_that_stops_working_ends_the_run_and_what_had_come_is_told_first(found):
    """Two datasets; the key is changed when the second has all its answers."""
    counted, usual = found.simulator.calls, found.simulator._service.chooser.choose
    wait = threading.Event()

    def choose(action):
        if action == TOP.endpoint.action:
            assert wait.wait(60)
            return "token"
        # The second action that is asked before a refused key ends the run.
        return "token" if action == "DescribeLiveISPData" else usual(action)

    found.simulator._service.chooser.choose = choose
    told = []

    def progress(dataset, day, done, of):
        if (dataset, day, done) == (TRAFFIC, DAYS[-1], of):
            wait.set()

    with found.capturing() as one, pytest.raises(FixSetup, match="Renew the temporary"):
        told.extend(one.capture_all({TOP: DAYS, TRAFFIC: DAYS}, progress=progress))
    assert days_of(told) == [(TRAFFIC.name, day.day) for day in DAYS]
    assert counted[TOP.endpoint.action] <= found.archive.settings.workers
