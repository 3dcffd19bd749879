"""The engine: order, bounds, progress, locks, and what it says of days that it does not ask."""

import gc
import json
import threading
from datetime import date, datetime, timedelta
from itertools import count

import pytest

from resources.api.catalog import DATASETS
from resources.api.parsing import parse_batch
from resources.capture import decoders
from resources.capture.answers import FetchResult
from resources.capture.result import Outcome
from resources.home import day_lock
from resources.lake import parquet
from resources.ledger import states
from resources.raw import captures
from resources.simulator import Account, LateData
from tests.support.archives import NOW, contents, failures, lab, leftovers

DAYS = [date(2026, 11, day) for day in (18, 19, 20, 21)]
TINY = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)
SOME = ("domain", "isp", "top_play", "batch_stream_traffic")
TOP, TRAFFIC = DATASETS["top_play"], DATASETS["batch_stream_traffic"]


@pytest.fixture
def found(tmp_path):
    with lab(tmp_path / "home", TINY) as opened:
        one = opened.only(*SOME)
        assert failures(one.capture((), ("domain", "isp"))) == []
        yield one
    assert leftovers(tmp_path) == []


def is_free(found, dataset, day):
    held = day_lock.try_lock(found.archive.home, dataset, day)
    if held is not None:
        held.release()
    return held is not None


# Days ---------------------------------------------------------------------------------------------


def test_days_come_in_the_order_asked_for(found):
    with found.capturing() as one:
        results = [*one.capture(TOP, DAYS[::-1])]
    assert [(r.day, r.outcome, r.requests) for r in results] == [
        (day, Outcome.CAPTURED, 6) for day in DAYS[::-1]
    ]


def test_settling_and_lost_days_are_not_asked_and_say_when(found):
    with found.capturing() as one:
        asked = found.requests
        settling, lost = one.capture(TRAFFIC, [NOW.date(), date(2025, 11, 20)])
    assert found.requests == asked
    assert settling.outcome is Outcome.SETTLING
    assert "complete from 2026-11-23 00:" in settling.message
    assert lost.outcome is Outcome.LOST
    assert "not in the API's history since 2026-11-21 00:00" in lost.message


def test_an_empty_list_of_domains_is_asked_for_again_in_the_next_run(tmp_path):
    with lab(tmp_path / "home", TINY) as one:
        none = "late-domains=pull-1.sim.example,push-1.sim.example@until-call=2"
        one.simulator.manners = [none]
        outcomes = [one.capture((), ("domain", "isp")) for _ in range(4)]
        listed = [r.outcome for results in outcomes for r in results if r.dataset == "domain"]
        assert listed == [Outcome.CAPTURED, Outcome.UNCHANGED, Outcome.CAPTURED, Outcome.KEPT]
        assert [r.outcome for r in outcomes[1] if r.dataset == "isp"] == [Outcome.KEPT]
        results = one.capture(DAYS[-1:], ("domain", "isp", "batch_stream_traffic"))
        assert failures(results) == []


def test_what_needs_another_dataset_first_says_which(found):
    with found.capturing() as one:
        (result,) = one.capture(DATASETS["push_stream_metrics"], DAYS[:1])
    assert result.outcome is Outcome.FAILED
    assert "2026-11-18" in result.message


def test_a_domain_of_somebody_else_fails_the_day_and_the_note_names_it(found):
    other = found.set(pull_domains=("somebody.else.example",))
    with other.capturing() as one:
        (result,) = one.capture(TRAFFIC, DAYS[:1])
    assert result.outcome is Outcome.FAILED
    assert "take the domain out of the settings" in result.message
    note = json.loads(
        (found.archive.home.raw / TRAFFIC.name / "2026-11-18" / states.PARTIAL).read_text()
    )
    assert "somebody.else.example" in note["failed"][0]["asked"]
    assert note["failed"][0]["until"] == "2026-11-19T00:00:00+08:00"


def test_late_data_makes_a_second_capture_and_the_lake_takes_the_newer(tmp_path):
    late = LateData(settled_after=timedelta(days=2))
    with lab(tmp_path / "home", TINY, late=late) as found:
        first = found.only(*SOME)
        assert failures(first.capture(DAYS[-1:])) == []
        folder = found.archive.home.raw / TRAFFIC.name / str(DAYS[-1])
        before = captures.newest(folder)
        found.simulator._service.clock = lambda: NOW + timedelta(days=3)
        later = first.with_(LIVESTATS_NOW=(NOW + timedelta(days=3)).isoformat()).only(*SOME)
        (result,) = later.capture(DAYS[-1:], (TRAFFIC.name,), again=True)
        assert result.outcome is Outcome.CAPTURED
        assert len(captures.captures_in(folder)) == 2
        assert captures.newest(folder).name > before.name
        assert result.origin.capture == captures.newest(folder).name.text
        path = parquet.path_of(found.archive.home.lake, TRAFFIC.name, DAYS[-1])
        assert parquet.provenance_of(path) == result.origin


# Dimensions ---------------------------------------------------------------------------------------


def test_the_present_state_is_asked_once_a_day_and_kept_once_while_it_is_the_same(found):
    asked = found.requests
    assert [r.outcome for r in found.capture((), ("isp",))] == [Outcome.KEPT]
    assert found.requests == asked
    tomorrow = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).only(*SOME)
    assert [r.outcome for r in tomorrow.capture((), ("isp",))] == [Outcome.UNCHANGED]
    assert found.requests == asked + 1
    assert [r.outcome for r in tomorrow.capture((), ("isp",))] == [Outcome.KEPT]
    assert len([*found.archive.home.raw.glob("isp/*/*Z-*")]) == 1
    assert len([*found.archive.home.lake.glob("isp/*/*")]) == 1


# Progress -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, "internal"])
def test_progress_counts_every_question_of_every_day_to_its_end(fault, found):
    told = []
    found.simulator._service.chooser.choose = lambda _: fault
    with found.capturing() as one:
        one_by_one = one.capture(TOP, DAYS[:2], progress=lambda *seen: told.append(seen))
        results = [*one_by_one]
    assert told == [(TOP, day, done, 6) for day in DAYS[:2] for done in range(1, 7)]
    assert {r.outcome for r in results} == {Outcome.FAILED if fault else Outcome.CAPTURED}


# The end of a run ---------------------------------------------------------------------------------


class Stop(Exception):
    pass


def test_a_run_that_is_broken_off_frees_its_days_and_leaves_nothing_half_made(found):
    def stop(_dataset, _day, done, _of):
        if done == 2:
            raise Stop

    with found.capturing() as one:
        usual, numbers = found.simulator._service.chooser.choose, count(1)
        found.simulator._service.chooser.choose = lambda _: (
            next(numbers) > 4 and one.halt.wait(60) and None  # others are in flight by then
        )
        with pytest.raises(Stop):
            [*one.capture(TOP, DAYS, progress=stop)]
        assert one.halt.is_set(), "workers that wait end at once"
        all_end(TOP)
        assert leftovers(found.root) == []
        assert all(is_free(found, TOP, day) for day in DAYS)
        found.simulator._service.chooser.choose = usual
        results = [*one.capture(TOP, DAYS)]
    assert {r.outcome for r in results} == {Outcome.CAPTURED}


def test_a_run_that_is_broken_off_while_its_threads_start_waits_for_no_answer(found, monkeypatch):
    """Ctrl-C is raised wherever the main thread is, also in the start of another one."""
    start = threading.Thread.start

    def interrupted(self):
        start(self)
        if self.name.endswith(TOP.name):
            raise Stop

    with found.capturing() as one:
        found.simulator._service.chooser.choose = lambda _: one.halt.wait(60) and None
        monkeypatch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(Stop):
            [*one.capture(TOP, DAYS)]
        assert one.halt.is_set()
        all_end(TOP)
    assert leftovers(found.root) == []


def test_a_generator_that_is_closed_ends_its_threads(found):
    with found.capturing() as one:
        results = one.capture_all({TOP: DAYS, TRAFFIC: DAYS})
        next(results)
        results.close()
        all_end(TOP, TRAFFIC)
        assert leftovers(found.root) == []
        assert all(is_free(found, dataset, day) for dataset in (TOP, TRAFFIC) for day in DAYS)


def test_a_run_that_nobody_closed_ends_with_its_connections(found):
    with found.capturing() as one:
        results = one.capture_all({TOP: DAYS, TRAFFIC: DAYS})
        next(results)
    for thread in [
        t for t in threads_of(TOP, TRAFFIC) if t.name.endswith((TOP.name, TRAFFIC.name))
    ]:
        thread.join(60)
        assert not thread.is_alive()
    assert [*found.archive.home.raw.rglob(states.PARTIAL)] == []
    results.close()
    all_end(TOP, TRAFFIC)


def all_end(*datasets):
    """A cancelled run does not wait for answers that are under way; their threads end by themselves."""
    for thread in threads_of(*datasets):
        thread.join(60)
        assert not thread.is_alive(), thread.name


def threads_of(*datasets):
    actions = tuple(dataset.endpoint.action for dataset in datasets)
    return [thread for thread in threading.enumerate() if thread.name.startswith(actions)]


@pytest.mark.parametrize(
    "where",
    [
        "resources.raw.capture_writer.CaptureWriter.commit",
        "resources.lake.parquet.LakeWriter.commit",
    ],
)
def test_an_error_at_the_last_step_frees_the_day_and_the_next_run_ends_it(
    where, found, monkeypatch
):
    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(where, fail)
        (result,) = found.capture(DAYS[:1], (TRAFFIC.name,))
    assert (result.outcome, result.error.errno) == (Outcome.FAILED, 28)
    assert "No space left on device" in result.message
    assert is_free(found, TRAFFIC, DAYS[0])
    (result,) = found.capture(DAYS[:1], (TRAFFIC.name,))
    assert result.outcome is (Outcome.KEPT if "lake" in where else Outcome.CAPTURED)
    assert parquet.path_of(found.archive.home.lake, TRAFFIC.name, DAYS[0]).is_file()


def test_a_file_that_cannot_be_started_frees_the_day_and_leaves_nothing(found, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("resources.lake.parquet.pq.ParquetWriter", fail)
        (result,) = found.capture(DAYS[:1], (TRAFFIC.name,))
    assert result.outcome is Outcome.FAILED
    assert "No space left on device" in result.message
    assert leftovers(found.root) == []
    assert is_free(found, TRAFFIC, DAYS[0])


def test_a_day_that_another_run_holds_is_taken_up_when_that_has_ended(found):
    """The other run holds the first of two days, and ends when the second has been captured."""
    held = day_lock.try_lock(found.archive.home, TRAFFIC, DAYS[0])

    def free(*_):
        held.release()

    with found.capturing() as one:
        results = []
        for result in one.capture(TRAFFIC, DAYS[:2]):
            results.append(result)
            if len(results) == 1:
                free()
    assert [r.day for r in results] == [DAYS[1], DAYS[0]]
    assert {r.outcome for r in results} == {Outcome.CAPTURED}


def test_a_note_of_a_failure_goes_when_the_day_is_captured(found):
    folder = found.archive.home.raw / TRAFFIC.name / str(DAYS[0])
    found.simulator._service.chooser.choose = lambda _: "internal"
    found.capture(DAYS[:1], (TRAFFIC.name,))
    assert (folder / states.PARTIAL).is_file()
    found.simulator._service.chooser.choose = lambda _: None
    found.capture(DAYS[:1], (TRAFFIC.name,))
    assert [*contents(folder)] == [str(p) for p in sorted(folder.rglob("*")) if p.is_file()]
    assert not (folder / states.PARTIAL).exists()


# Bounds -------------------------------------------------------------------------------------------


def test_answers_that_are_written_leave_memory_at_once(found):
    """Not when Python next looks for cycles: that is after hundreds of others."""
    gc.collect()
    gc.disable()
    try:
        assert failures(found.capture(DAYS, (TOP.name,))) == []
        assert [one for one in gc.get_objects() if isinstance(one, FetchResult)] == []
    finally:
        gc.enable()


def test_few_answers_are_decoded_at_the_same_time(found, monkeypatch):
    at_once, most, lock = 0, 0, threading.Lock()
    usual = parse_batch.read_page

    def watched(*asked):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try:
            return usual(*asked)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr(parse_batch, "read_page", watched)
    monkeypatch.setattr(decoders, "DECODE_WORKERS", 1)
    found.set(workers=8).capture(DAYS, (TOP.name,))
    assert most == 1


def test_the_clock_of_the_run_stands_in_the_captures(found):
    (result,) = found.capture(DAYS[:1], (TRAFFIC.name,))
    assert datetime.fromisoformat(result.origin.fetched_at) - NOW < timedelta(hours=1)
