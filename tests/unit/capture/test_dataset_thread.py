"""One thread for each dataset: none hangs, starves another, or takes another with it when it fails."""

import errno
import threading
from collections import Counter
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import Cut
from resources.capture import capturer as capturer_module
from resources.capture.dataset_thread import REFUSED_DAYS, CutRefused
from resources.capture.fetcher import Fetcher
from resources.capture.partition import PartitionLifecycle
from resources.capture.result import Outcome
from resources.capture.run_state import MemoryLimiter
from resources.home import day_lock
from resources.ledger import states
from resources.raw.capture_writer import CaptureWriter
from resources.simulator import Account
from tests.support.archives import failures, lab, leftovers
from tests.support.suites import slow

DAYS = [date(2026, 11, day) for day in (18, 19, 20, 21)]
TINY = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)
TOP, TRAFFIC, EDGE = (DATASETS[n] for n in ("top_play", "batch_stream_traffic", "edge_stat"))
PUSH, PUSHES = DATASETS["batch_push_stream_metrics"], DATASETS["push_stream_info"]
EACH_PUSH = DATASETS["push_stream_metrics"]


@pytest.fixture
def found(tmp_path):
    with lab(tmp_path / "home", TINY) as opened:
        assert failures(opened.capture((), ("domain", "isp"))) == []
        yield opened
    assert leftovers(tmp_path) == []


def is_free(found, dataset, day):
    held = day_lock.try_lock(found.archive.home, dataset, day)
    if held is not None:
        held.release()
    return held is not None


def outcomes(results, dataset):
    return {r.day.day: r.outcome for r in results if r.dataset == dataset.name}


def copies(dataset, number):
    return [replace(dataset, name=f"{dataset.name}_{i}") for i in range(number)]


# Cuts --------------------------------------------------------------------------------------------


def test_a_cut_that_the_api_refuses_is_given_up_in_this_run_and_nothing_else_is(found):
    odd = Cut(name="odd", endpoint=EDGE.endpoint.action, split=("Domain",), isps=("nobody",))
    well = replace(odd, name="well", isps=("telecom",))
    one = found.set(cuts={"odd": odd, "well": well})
    results = one.capture(DAYS, ("edge_stat", "cut_odd", "cut_well"))
    of_odd = [result for result in results if result.dataset == "cut_odd"]
    assert {result.dataset for result in results if not result.outcome.is_complete} == {"cut_odd"}
    assert [isinstance(r.error, CutRefused) for r in of_odd].count(False) == REFUSED_DAYS
    assert "ISPList 'nobody' is no carrier" in of_odd[0].message
    assert "Mend its section" in next(r.message for r in of_odd if isinstance(r.error, CutRefused))


# None hangs, none starves ------------------------------------------------------------------------


@pytest.mark.parametrize("max_bytes", [slow(0), 10_000, slow(10**9)])
def test_forty_datasets_of_few_actions_end_whatever_memory_they_may_take(
    found, monkeypatch, max_bytes
):
    small = partial(MemoryLimiter, max_bytes)
    monkeypatch.setattr(capturer_module, "MemoryLimiter", small)
    datasets = [*copies(TOP, 12), *copies(TRAFFIC, 13), *copies(EDGE, 12), PUSH, PUSHES, EACH_PUSH]
    assert len(datasets) == 40
    with found.set(workers=2).capturing() as one:
        results = [*one.capture_all(dict.fromkeys(datasets, DAYS[:1]))]
    assert failures(results) == []
    assert Counter(r.dataset for r in results) == {one.name: 1 for one in datasets}


def test_without_memory_each_dataset_has_one_request_in_flight(found, monkeypatch):
    most = watch_requests_in_flight(monkeypatch)
    monkeypatch.setattr(capturer_module, "MemoryLimiter", partial(MemoryLimiter, 0))
    with found.capturing() as one:
        assert failures(one.capture_all({TOP: DAYS, EDGE: DAYS})) == []
    assert most == {TOP.name: 1, EDGE.name: 1}


def test_a_dataset_has_twice_as_many_requests_in_flight_as_workers(found, monkeypatch):
    """Enough to keep each worker busy; a long day leaves the workers to others in between."""
    most = watch_requests_in_flight(monkeypatch)
    gate = threading.Event()
    usual, sent = Fetcher.fetch, Counter()

    def held(fetcher, *asked, **options):
        sent[fetcher.dataset.name] += 1
        if sent[fetcher.dataset.name] > 1:
            assert gate.wait(60)
        return usual(fetcher, *asked, **options)

    monkeypatch.setattr(Fetcher, "fetch", held)
    submitted = threading.Semaphore(0)
    watch_requests_in_flight(monkeypatch, submitted)
    with found.set(workers=3).capturing() as one:
        results = one.capture_all({TOP: DAYS})
        waiting = threading.Thread(target=lambda: list(results))
        waiting.start()
        for _ in range(7):  # the first one, and the six that are in flight then
            assert submitted.acquire(timeout=60)
        gate.set()
        waiting.join()
    assert most == {TOP.name: 6}


def watch_requests_in_flight(monkeypatch, submitted=None):
    """Most requests of a dataset at a time, by name."""
    from resources.capture.dataset_thread import DatasetThread

    most, send = Counter(), DatasetThread._send

    def watched(thread, *asked):
        send(thread, *asked)
        name = thread.dataset.name
        most[name] = max(most[name], len(thread._in_flight))
        if submitted is not None:
            submitted.release()

    monkeypatch.setattr(DatasetThread, "_send", watched)
    return most


def test_what_was_counted_for_answers_is_given_back(found, monkeypatch):
    limiters = []

    def kept():
        limiters.append(MemoryLimiter())
        return limiters[-1]

    monkeypatch.setattr(capturer_module, "MemoryLimiter", kept)
    failing = TRAFFIC.endpoint.action
    found.simulator._service.chooser.choose = lambda action: (
        "internal" if action == failing else None
    )
    with found.capturing() as one:
        results = [*one.capture_all({TOP: DAYS, TRAFFIC: DAYS[:1], EDGE: DAYS})]
    assert [r.dataset for r in results if not r.outcome.is_complete] == [TRAFFIC.name]
    assert [limiter._bytes for limiter in limiters] == [0]


# An error of this machine -------------------------------------------------------------------------


def fail_at(monkeypatch, where, name, error, dataset, day):
    usual = getattr(where, name)

    def failing(one, *given, **options):
        of = given[0] if where is PartitionLifecycle else one.day
        if one.dataset.name == dataset.name and of == day:
            raise error
        return usual(one, *given, **options)

    monkeypatch.setattr(where, name, failing)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (PartitionLifecycle, "begin"),
        (CaptureWriter, "__post_init__"),
        (CaptureWriter, "add"),
        (CaptureWriter, "seal"),
        (CaptureWriter, "commit"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
@pytest.mark.parametrize("kind", [PermissionError, KeyError], ids=lambda kind: kind.__name__)
def test_an_error_of_one_day_is_the_result_of_that_day_only(found, monkeypatch, where, name, kind):
    error = kind("ours")
    fail_at(monkeypatch, where, name, error, TOP, DAYS[1])
    with found.capturing() as one:
        results = [*one.capture_all({TOP: DAYS, TRAFFIC: DAYS})]
    assert len(results) == 2 * len(DAYS)
    (failed,) = (r for r in results if not r.outcome.is_complete)
    assert (failed.dataset, failed.day, failed.outcome) == (TOP.name, DAYS[1], Outcome.FAILED)
    assert failed.error is error
    assert "ours" in failed.message
    assert leftovers(found.root) == []
    assert is_free(found, TOP, DAYS[1])


def test_a_folder_that_cannot_be_used_fails_its_dataset_and_no_other(found):
    (found.archive.home.raw / TOP.name).write_text("a file in the place of the folder")
    with found.capturing() as one:
        results = [*one.capture_all({TOP: DAYS, TRAFFIC: DAYS})]
    assert set(outcomes(results, TOP).values()) == {Outcome.FAILED}
    assert set(outcomes(results, TRAFFIC).values()) == {Outcome.CAPTURED}
    assert found.simulator.calls[TOP.endpoint.action] == 0


def test_a_bug_in_a_thread_fails_the_days_that_are_left_and_no_other_dataset(found, monkeypatch):
    from resources.capture.dataset_thread import DatasetThread

    usual = DatasetThread._take_answer

    def broken(thread, in_flight):
        if thread.dataset is TOP and in_flight.job.day == DAYS[2]:
            raise KeyError("ours")
        usual(thread, in_flight)

    monkeypatch.setattr(DatasetThread, "_take_answer", broken)
    with found.set(workers=1).capturing() as one:
        results = [*one.capture_all({TOP: DAYS, TRAFFIC: DAYS})]
    assert len(results) == 2 * len(DAYS)
    assert outcomes(results, TOP) == {
        18: Outcome.CAPTURED, 19: Outcome.CAPTURED, 20: Outcome.FAILED, 21: Outcome.FAILED
    }  # fmt: skip
    assert set(outcomes(results, TRAFFIC).values()) == {Outcome.CAPTURED}
    assert leftovers(found.root) == []
    assert all(is_free(found, TOP, day) for day in DAYS)


def test_a_full_disk_is_not_asked_for_the_other_days_of_the_dataset(found, monkeypatch):
    full = OSError(errno.ENOSPC, "No space left on device")
    fail_at(monkeypatch, CaptureWriter, "seal", full, TOP, DAYS[0])
    with found.set(workers=1).capturing() as one:
        results = [*one.capture_all({TOP: DAYS})]
    failed = [day for day, outcome in outcomes(results, TOP).items() if outcome is Outcome.FAILED]
    assert failed[0] == 18
    assert failed[-2:] == [20, 21], "the requests of one day more were sent at most"
    assert found.simulator.calls[TOP.endpoint.action] <= 12


# What waits for a day that is not captured --------------------------------------------------------


def test_a_failed_day_lets_go_of_what_waits_for_it(found, monkeypatch):
    fail_at(monkeypatch, PartitionLifecycle, "begin", KeyError("ours"), PUSH, DAYS[1])
    with found.capturing() as one:
        results = [*one.capture_all(dict.fromkeys((EACH_PUSH, PUSH, PUSHES), DAYS))]
    assert len(results) == 3 * len(DAYS)
    failed = {(r.dataset, r.day.day): r.message for r in results if not r.outcome.is_complete}
    assert set(failed) == {(PUSH.name, 19), (EACH_PUSH.name, 19)}
    assert "must be captured first" in failed[EACH_PUSH.name, 19]


def test_a_lost_day_lets_go_of_what_waits_for_it(found, monkeypatch):
    """The streams come from the other source then."""
    usual = states.entry

    def entry(dataset, day, *given, **options):
        found_entry = usual(dataset, day, *given, **options)
        is_lost = dataset.name == PUSH.name and day == DAYS[0]
        return replace(found_entry, state=states.State.LOST) if is_lost else found_entry

    monkeypatch.setattr(states, "entry", entry)
    with found.capturing() as one:
        results = [*one.capture_all(dict.fromkeys((EACH_PUSH, PUSH, PUSHES), DAYS[:2]))]
    assert outcomes(results, PUSH) == {18: Outcome.LOST, 19: Outcome.CAPTURED}
    assert outcomes(results, EACH_PUSH) == {18: Outcome.CAPTURED, 19: Outcome.CAPTURED}


def test_a_day_that_another_run_has_locked_holds_up_only_what_waits_for_that_day(found):
    held = day_lock.try_lock(found.archive.home, PUSH, DAYS[0])
    with found.capturing() as one:
        results = one.capture_all(dict.fromkeys((EACH_PUSH, PUSH, PUSHES), DAYS))
        first = [next(results) for _ in range(3 * len(DAYS) - 2)]
        held.release()
        rest = [*results]
    assert [(r.dataset, r.day) for r in rest] == [(PUSH.name, DAYS[0]), (EACH_PUSH.name, DAYS[0])]
    assert {r.outcome for r in first + rest} == {Outcome.CAPTURED}


def test_a_thread_that_waits_for_a_locked_day_ends_with_the_run(found):
    held = day_lock.try_lock(found.archive.home, PUSH, DAYS[0])
    with found.capturing() as one:
        results = one.capture_all(dict.fromkeys((EACH_PUSH, PUSH), DAYS[:1]) | {PUSHES: DAYS})
        assert {next(results).dataset for _ in DAYS} == {PUSHES.name}
        results.close()
    held.release()
    assert [t for t in threading.enumerate() if PUSH.endpoint.action in t.name] == []
