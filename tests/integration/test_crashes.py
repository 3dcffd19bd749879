"""Killed at any instant, run twice at once, out of disk: nothing is lost, doubled, wrongly green."""

import errno
import os
import sys
import threading
from datetime import date, timedelta
from itertools import count

import pytest

from pipelines.backfill import plan
from pipelines.planning import capture_plan
from resources.api.catalog import DATASETS
from resources.api.errors import FixSetup
from resources.capture.result import Outcome
from resources.config import SettingsError
from resources.lake import parquet
from resources.raw import captures
from resources.simulator import Account
from tests.support.archives import NOW, contents, failures, lab, lake_rows, leftovers
from tests.support.killed_backfills import STEPS, Backfills, tables, what_is_wrong

pytestmark = pytest.mark.slow

DAY = (date(2026, 11, 21),)
TINY = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)
SOME = ("domain", "isp", "region", "ip_info", "batch_stream_session", "batch_stream_traffic",
        "stream_session", "source_traffic", "stream_count", "edge_stat", "edge_stat_account",
        "push_stream_info", "top_play", "batch_push_stream_metrics", "push_stream_metrics")  # fmt: skip
"""Of each kind: lists, splits, the whole account, events, rows for each stream, what needs others."""
FEW = ("domain", "isp", "batch_stream_session", "source_traffic")
ON_DISK = STEPS - {"flock", "close", "begin", "execute", "commit", "rollback", "register"}


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    """An account with an archive of one day: what every other archive of it must come to."""
    folder = tmp_path_factory.mktemp("never")
    off = [name for name in DATASETS if name not in SOME]
    (folder / "livestats.toml").write_text(f"[datasets]\noff = {off}\n")
    environ = {"LIVESTATS_SETTINGS": str(folder / "livestats.toml")}
    with lab(folder / "home", TINY, environ=environ) as found:
        found.backfill(DAY)
        yield found


@pytest.fixture
def whole(never_killed):
    return lake_rows(never_killed.archive.home)


@pytest.fixture
def fresh(never_killed, tmp_path):
    """A new home for the same account, without a trace of anything half-made in the end."""
    yield never_killed.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    assert leftovers(tmp_path) == []


@pytest.fixture
def few(fresh):
    """The same with four datasets, captured."""
    found = fresh.only(*FEW)
    found.backfill(DAY)
    return found


def is_part_of(rows, whole):
    return all(rows[name].equals(whole[name]) for name in rows)


# Killed -------------------------------------------------------------------------------------------


def test_killed_a_dozen_times_on_its_way_it_ends_as_if_never_killed(
    fresh, never_killed, whole, tmp_path
):
    """Each backfill goes on where the one before was killed: some steps further than that came."""
    kills = 0
    with Backfills(fresh.archive.environ, len(DAY), tmp_path) as backfills:
        for number in count():
            if backfills.run(at=230 + 45 * number) is not None:
                break
            kills += 1
            assert what_is_wrong(fresh.archive.home, whole) == []
    assert kills >= 8
    assert lake_rows(fresh.archive.home).keys() == whole.keys()
    assert what_is_wrong(fresh.archive.home, whole) == []
    assert tables(fresh) == tables(never_killed)


# Two at once --------------------------------------------------------------------------------------


def test_two_backfills_of_the_same_days_at_once_share_the_work(
    never_killed, fresh, whole, tmp_path
):
    before = never_killed.simulator.calls.copy()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        Backfills(fresh.archive.environ, len(DAY), tmp_path / "a") as one,
        Backfills(fresh.archive.environ, len(DAY), tmp_path / "b") as other,
    ):
        one.start()
        other.start()
        assert one.wait() is not None
        assert other.wait() is not None
    asked = never_killed.simulator.calls - before
    with lab(tmp_path / "alone", TINY) as alone:
        assert failures(alone.only(*SOME).capture(DAY)) == []
        assert asked == alone.simulator.calls, "each question was asked once"
    assert lake_rows(fresh.archive.home).keys() == whole.keys()
    assert what_is_wrong(fresh.archive.home, whole) == []
    assert tables(fresh) == tables(never_killed)


# The disk is full ---------------------------------------------------------------------------------


class FullDisk:
    """Lets the n-th change of the disk by the engine fail: by this thread, its workers and hands."""

    def __init__(self, at):
        self.at, self.steps, self.lock = at, 0, threading.Lock()

    def __enter__(self):
        threading.setprofile(self)
        sys.setprofile(self)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        threading.setprofile(None)

    def __call__(self, _frame, event, call):
        if event == "c_call" and getattr(call, "__name__", "") in ON_DISK:
            if "process_request" in threading.current_thread().name:
                return  # the simulated API is in this process, too
            with self.lock:
                self.steps += 1
                is_it = self.steps == self.at
            if is_it:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_a_clear_error_and_mended_by_running_again(fresh, whole):
    """At one step after the other, to the end of the run; a profile hook raises."""
    failed = 0
    for at in count(start=1, step=19):
        found = fresh.beside(f"full at {at}").only(*FEW)
        messages = []
        try:
            with FullDisk(at) as disk:
                messages = failures(found.capture(DAY))
        except (OSError, SettingsError, FixSetup) as raised:
            messages = [str(raised)]
        if messages:
            failed += 1
            assert any("No space left on device" in message for message in messages)
        elif disk.steps < at:
            break
        assert what_is_wrong(found.archive.home, whole) == []
        assert failures(found.capture(DAY)) == []
        assert is_part_of(lake_rows(found.archive.home), whole)
    assert failed > 5


@pytest.mark.parametrize("at", [2, 6, 9, 12])
def test_a_disk_that_stays_full_is_said_and_what_there_is_is_kept(at, fresh, whole, monkeypatch):
    found, done = fresh.only(*FEW), {"fsync": 0}
    fsync = os.fsync

    def full(descriptor):
        done["fsync"] += 1
        if done["fsync"] > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        try:
            messages = failures(found.capture(DAY))
        except (OSError, SettingsError) as raised:
            messages = [str(raised)]
        assert any("No space left on device" in message for message in messages)
    assert what_is_wrong(found.archive.home, whole) == []
    found.backfill(DAY)
    assert is_part_of(lake_rows(found.archive.home), whole)


# Damage -------------------------------------------------------------------------------------------


def gone(path):
    path.unlink()


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def other(path):
    path.write_bytes(b"<html>not Parquet</html>")


@pytest.mark.parametrize("harm", [gone, cut, other])
def test_a_harmed_lake_file_is_made_again_without_a_request(harm, few):
    before, asked = lake_rows(few.archive.home), few.requests
    for name in FEW:
        for path in (few.archive.home.lake / name).rglob(parquet.FILE):
            harm(path)
    results = few.capture(DAY)
    assert {r.outcome for r in results} == {Outcome.KEPT}
    assert few.requests == asked
    assert lake_rows(few.archive.home).keys() == before.keys()
    assert is_part_of(lake_rows(few.archive.home), before)


def newest(found, name):
    return captures.newest(found.archive.home.raw / name / str(DAY[0]))


def test_a_day_whose_capture_and_lake_file_are_both_harmed_is_asked_again(few):
    before, asked = lake_rows(few.archive.home), few.requests
    harmed = newest(few, "source_traffic")
    cut(harmed.folder / captures.RESPONSES)
    gone(parquet.path_of(few.archive.home.lake, "source_traffic", DAY[0]))
    results = few.capture(DAY)
    assert [r.dataset for r in results if r.outcome is Outcome.CAPTURED] == ["source_traffic"]
    assert few.requests == asked + 1
    assert is_part_of(lake_rows(few.archive.home), before)
    assert harmed.folder.is_dir(), "the old capture is evidence: it stays"
    assert newest(few, "source_traffic").name > harmed.name


def test_if_the_api_has_forgotten_that_day_it_fails_and_no_other_does(few):
    harmed = newest(few, "source_traffic")
    cut(harmed.folder / captures.RESPONSES)
    gone(parquet.path_of(few.archive.home.lake, "source_traffic", DAY[0]))
    later = few.with_(LIVESTATS_NOW=(NOW + timedelta(days=400)).isoformat()).only(*FEW)
    results = [r for r in later.capture(DAY) if not DATASETS[r.dataset].is_dimension]
    assert {r.dataset: r.outcome for r in results} == {
        "batch_stream_session": Outcome.KEPT,
        "source_traffic": Outcome.FAILED,
    }
    (told,) = failures(results)
    assert "Restore it from a backup" in told


def test_asking_again_sees_through_a_lake_file_that_is_harmed_inside(few):
    """Its footer is whole, so only reading the rows shows the harm."""
    path = parquet.path_of(few.archive.home.lake, "source_traffic", DAY[0])
    whole = lake_rows(few.archive.home)
    data = bytearray(path.read_bytes())
    data[8:2000] = bytes(len(data[8:2000]))
    path.write_bytes(data)
    (result,) = few.capture(DAY, ("source_traffic",), again=True)
    assert result.outcome is Outcome.UNCHANGED
    assert is_part_of(lake_rows(few.archive.home), whole)


def test_what_half_made_files_others_left_is_removed_and_what_has_a_name_stays(few):
    folder = newest(few, "source_traffic").folder.parent
    (folder / ".making-capture-1-00000000").mkdir()
    (folder / ".making-capture-1-00000000" / captures.RESPONSES).write_bytes(b"half")
    (folder / ".making-partial.json-1-00000000").write_text("{")
    path = parquet.path_of(few.archive.home.lake, "source_traffic", DAY[0])
    path.with_name(".making-rows.parquet-1-00000000").write_bytes(b"PAR1")
    named = contents(few.archive.home.raw, few.archive.home.lake)
    few.capture(DAY)
    left = {name: digest for name, digest in named.items() if ".making-" not in name}
    assert contents(few.archive.home.raw, few.archive.home.lake) == left


@pytest.mark.parametrize("state", ["missing", "older"])
def test_a_backfill_makes_the_lake_file_of_a_capture_that_a_crash_left_without(state, few):
    """The last instant to die at: the capture has its name, its lake file is not swapped in yet."""
    path = parquet.path_of(few.archive.home.lake, "source_traffic", DAY[0])
    if state == "missing":
        path.unlink()
    else:
        os.utime(path, (0, 0))
        first = newest(few, "source_traffic")
        later = first.folder.with_name(f"20261123T000000000000Z-{first.name.rows}-{'0' * 16}")
        first.folder.rename(later)
    todo = plan.plan(few.archive, DAY[0], DAY[0], FEW)
    assert [(c.datasets, c.first, c.last) for c in todo.chunks] == [
        (("source_traffic",), DAY[0], DAY[0])
    ]
    chunks = capture_plan.missing(
        few.archive,
        few.archive.ledgers(few.archive.daily, few.archive.first_day, few.archive.today),
    )
    assert ("source_traffic",) in [c.datasets for c in chunks if c.first <= DAY[0] <= c.last]


# The clock ----------------------------------------------------------------------------------------


def test_a_clock_that_was_set_back_makes_a_newer_capture_all_the_same(few):
    first = newest(few, "source_traffic")
    path = parquet.path_of(few.archive.home.lake, "source_traffic", DAY[0])
    path.unlink()
    cut(first.folder / captures.RESPONSES)  # so that the day is captured anew
    back = few.with_(LIVESTATS_NOW=(NOW - timedelta(hours=6)).isoformat()).only(*FEW)
    (result,) = back.capture(DAY, ("source_traffic",))
    assert result.outcome is Outcome.CAPTURED
    second = newest(few, "source_traffic")
    assert second.name > first.name
    assert second.name.fetched_at > first.name.fetched_at


def test_a_clock_that_is_ahead_asks_for_days_that_are_not_over_and_keeps_nothing_of_them(few):
    ahead = few.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).only(*FEW)
    results = ahead.capture((date(2026, 11, 22),), ("source_traffic", "batch_stream_session"))
    assert {r.outcome for r in results} == {Outcome.FAILED}
    assert all("in the future" in told for told in failures(results))
    assert [*few.archive.home.raw.glob("*c*/2026-11-22/*Z-*")] == []


def test_a_day_in_the_future_is_settling(few):
    (result,) = few.capture((date(2027, 1, 1),), ("source_traffic",))
    assert result.outcome is Outcome.SETTLING
    assert "complete from 2027-01-02" in result.message
