"""All datasets of a run at once: nobody holds up anybody, but by what must be known first."""

import threading
from collections import Counter
from datetime import date
from functools import partial

import pytest

from resources.api.catalog import DAILY, DATASETS
from resources.api.errors import FixSetup
from resources.api.retry import RetryPolicy
from resources.capture.fetcher import Fetcher
from resources.capture.partition import PartitionLifecycle
from resources.capture.result import Outcome
from resources.capture.run_state import MemoryLimiter
from resources.fs import atomic, locks
from resources.raw.capture_writer import CaptureWriter
from resources.simulator import Account
from tests.support.archives import failures, lab, lake_rows, leftovers

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
        self.go_on = threading.Event()
        self._counted = found.simulator.calls
        found.simulator._service.chooser.choose = self

    def __call__(self, action):
        if action == self._action and self._counted[action] >= self._number:
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
    folder = found.archive.home.raw / TRAFFIC.name / str(DAYS[0])
    folder.mkdir(parents=True)
    lock = locks.try_lock(folder)
    with found.capturing() as one:
        results = one.capture_all({TRAFFIC: DAYS, TOP: DAYS})
        others = [next(results) for _ in range(2 * len(DAYS) - 1)]
        atomic.os.close(lock)
        rest = [*results]
    assert (TRAFFIC.name, DAYS[0].day) not in days_of(others)
    assert [(r.dataset, r.day, r.outcome) for r in rest] == [
        (TRAFFIC.name, DAYS[0], Outcome.CAPTURED)
    ]


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


def test_the_first_day_of_what_is_needed_goes_before_all_else(found, monkeypatch):
    """What it says is asked by most of the calls: they are to begin as soon as can be."""
    begun, begin = [], PartitionLifecycle.begin

    def noting(days, day):
        begun.append((days.dataset.name, day.day))
        return begin(days, day)

    monkeypatch.setattr("resources.capture.capturer.HEAD_START_S", 60.0)
    monkeypatch.setattr(PartitionLifecycle, "begin", noting)
    with found.capturing() as one:
        due = {TOP: DAYS, TRAFFIC: DAYS, PUSH: DAYS, PUSHES: DAYS, EACH_PUSH: DAYS}
        assert failures(one.capture_all(due)) == []
    first = DAYS[0].day
    assert sorted(begun[:2]) == [(PUSH.name, first), (PUSHES.name, first)]
    assert begun[2] == (EACH_PUSH.name, first)
    assert len(begun) == 5 * len(DAYS)


def test_one_answer_says_how_large_they_are_before_others_of_its_dataset_are_asked_for(found):
    """Guesses are large, and what they take is not there for the streams."""
    under_way, done = Counter(), Counter()

    class Counted(Fetcher):
        def fetch(self, request, has_failed):
            name = self.dataset.name
            under_way[name] += 1
            assert done[name] or under_way[name] == 1
            answered = super().fetch(request, day, has_failed)
            done[name], under_way[name] = True, under_way[name] - 1
            return answered

    with pytest.MonkeyPatch.context() as patch, found.capturing() as one:
        patch.setattr("resources.capture.dataset_queue.Fetcher", Counted)
        assert failures(one.capture_all({TOP: DAYS, BY_REGION: DAYS})) == []
    assert set(done) == {TOP.name, BY_REGION.name}


@pytest.mark.parametrize("held", [PUSH, PUSHES], ids=lambda dataset: dataset.name)
def test_what_is_needed_holds_up_others_for_a_moment_only(found, monkeypatch, held):
    monkeypatch.setattr("resources.capture.capturer.HEAD_START_S", 0.01)
    held = Held(found, held)
    with found.capturing() as one:
        results = one.capture_all({PUSH: DAYS, PUSHES: DAYS, EACH_PUSH: DAYS, TOP: DAYS})
        others = [next(results) for _ in range(2 * len(DAYS))]
        held.go_on.set()
        rest = [*results]
    assert TOP.name in {r.dataset for r in others}
    assert EACH_PUSH.name not in {r.dataset for r in others}
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
    assert set(failed) == {(PUSH.name, 20)}
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
        return usual(action)

    found.simulator._service.chooser.choose = choose
    told = []

    def progress(dataset, day, done, of):
        if (dataset, day, done) == (TRAFFIC, DAYS[-1], of):
            wait.set()

    with found.capturing() as one, pytest.raises(FixSetup, match="Renew the temporary"):
        told.extend(one.capture_all({TOP: DAYS, TRAFFIC: DAYS}, progress=progress))
    assert days_of(told) == [(TRAFFIC.name, day.day) for day in DAYS]
    assert counted[TOP.endpoint.action] <= found.archive.settings.workers


def test_the_first_error_of_ours_ends_the_run_and_the_other_datasets_are_told(found, monkeypatch):
    """The disk is full for one dataset; the days of the other are reported all the same."""
    commit, done, told = CaptureWriter.commit, threading.Event(), []

    def full(writer, name):
        if writer.dataset is TOP:
            assert done.wait(60)
            raise OSError(28, "No space left on device")
        return commit(writer, name)

    def run(one):
        for result in one.capture_all({TOP: DAYS[:1], TRAFFIC: DAYS}):
            told.append(result)
            if len(told) == len(DAYS):
                done.set()

    monkeypatch.setattr(CaptureWriter, "commit", full)
    with found.capturing() as one, pytest.raises(OSError, match="No space left"):
        run(one)
    assert days_of(told) == [(TRAFFIC.name, day.day) for day in DAYS]


# Bounds -------------------------------------------------------------------------------------------


def test_all_datasets_share_one_bound_in_bytes(found, monkeypatch):
    """With no room at all there is one question at a time, and all of it is captured."""
    at_once, most, lock = 0, 0, threading.Lock()

    def watched(call):
        def counted(*asked):
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            try:
                return call(*asked)
            finally:
                with lock:
                    at_once -= 1

        return counted

    monkeypatch.setattr("resources.capture.capturer.MemoryLimiter", partial(MemoryLimiter, 1))
    with found.capturing() as one:
        monkeypatch.setattr(type(one.client), "call", watched(type(one.client).call))
        due = dict.fromkeys((TOP, TRAFFIC, EDGE, PUSH, PUSHES, EACH_PUSH), DAYS[:2])
        assert failures(one.capture_all(due)) == []
    assert most == 1
