"""Backfill: what is planned, and whole runs in process against the simulated account."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from pipelines.backfill import plan as backfill_plan
from pipelines.backfill import run as backfill_run
from pipelines.backfill.loader import Loader
from pipelines.cli.backfill import missing
from pipelines.planning.capture_plan import Chunk
from resources.api.credentials import Credentials
from resources.api.errors import FixSetup
from resources.capture.inventory import PrerequisiteMissing
from resources.capture.result import Result
from resources.capture.session import capturer
from resources.home.presence import HomeGone
from resources.raw import captures as raw_captures
from resources.simulator import Faults
from resources.warehouse.connection import WarehouseError
from tests.support.archives import DAYS, NOW, SMALL, contents, lab, leftovers, no_wait
from tests.support.offered import DAILY, DATASETS, DIMENSIONS
from tests.support.suites import slow

FIRST, LAST = DAYS
TODAY = NOW.date()
SOME = ("edge_stat", "batch_push_stream_metrics", "push_stream_info", "push_stream_metrics")
FEW = (*(d.name for d in DIMENSIONS), *SOME, "stream_count", "source_traffic")
EDGE = (*(d.name for d in DIMENSIONS), "edge_stat")
AGAIN = """
import json, os, sys
from datetime import date
from pathlib import Path
from pipelines.backfill.plan import plan
from pipelines.backfill.run import run
from resources.archive import Archive
archive = Archive.open(os.environ, Path(os.environ["LIVESTATS_HOME"]).parent)
todo = plan(archive, date(2026, 11, 20), date(2026, 11, 21), json.loads(sys.argv[1]))
done = run(archive, todo, print)
print(json.dumps([done.kept, done.requests, done.is_complete, done.captured, "dagster" in sys.modules]))
"""


def silent(_text):
    """Nobody is told."""


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """The simulated account; nothing is captured in the home of this lab itself."""
    with lab(tmp_path_factory.mktemp("backfill") / "untouched", SMALL) as found:
        yield found


@pytest.fixture(scope="module")
def few(account):
    """The same with few datasets switched on: a load makes every table that is on."""
    return limited(account, "few", FEW)


@pytest.fixture(scope="module")
def edge(account):
    """The same with one daily dataset."""
    return limited(account, "edge", EDGE)


def limited(account, name, names):
    file = account.root.parent / f"{name}.toml"
    file.write_text(f"[datasets]\noff = {[one for one in DATASETS if one not in names]}\n")
    return account.with_(LIVESTATS_SETTINGS=str(file))


@pytest.fixture(scope="module")
def done(few):
    """A home with two days of some datasets, and what the backfill said."""
    found = few.beside("done")
    return found, run(found)


@pytest.fixture(scope="module")
def captured(done):
    return done[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Retries are not waited for."""
    monkeypatch.setattr("resources.capture.session.capturer", partial(capturer, sleep=no_wait))


def plan(found, first=FIRST, last=LAST, names=SOME, **more):
    return backfill_plan.plan(found.archive, first, last, names, **more)


def run(found, first=FIRST, last=LAST, names=SOME, tell=silent, **more):
    return backfill_run.run(found.archive, plan(found, first, last, names, **more), tell)


def states(found, name, first=FIRST, last=LAST):
    return [str(e.state) for e in found.archive.ledger(DATASETS[name], first, last)]


# The plan ----------------------------------------------------------------------------------------


def test_a_fresh_archive_plans_all_that_the_api_still_has(account):
    year = account.with_(LIVESTATS_FIRST_DAY="").archive
    todo = backfill_plan.plan(year, None, None, ())
    assert set(todo.datasets) == set(year.settings.datasets)
    assert todo.dimensions == tuple(d.name for d in DIMENSIONS)
    # What is asked from the begin of its month on goes with the month.
    month = (TODAY - date(2025, 12, 1)).days
    assert todo.days == sum(month if d.is_month_to_date else d.history.days - 1 for d in DAILY)
    assert (todo.kept, todo.lost, todo.settling) == (0, {}, {})
    assert not year.home.root.exists()


def test_planning_a_year_looks_into_folders_not_at_days(account, monkeypatch):
    looks = []
    for name in ("stat", "listdir", "scandir"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, _f=real, **k: (looks.append(a), _f(*a, **k))[1])
    backfill_plan.plan(account.with_(LIVESTATS_FIRST_DAY="").archive, None, None, ())
    assert len(looks) < 10 * len(DAILY)


def test_lost_and_settling_days_are_named_only_if_they_were_asked_for(account):
    year = account.with_(LIVESTATS_FIRST_DAY="")
    names = ("push_stream_info", "edge_stat")
    asked = plan(year, date(2026, 8, 20), TODAY, names)
    assert asked.lost == {"push_stream_info": [date(2026, 8, 20), date(2026, 8, 21)]}
    assert asked.settling == {name: [TODAY] for name in names}
    whole = plan(year, None, None, names)
    assert (whole.lost, whole.settling) == ({}, {})


def test_captured_days_are_kept_and_asked_again_by_force(captured):
    todo = plan(captured)
    assert (todo.chunks, todo.kept, todo.dimensions) == ((), 2 * len(SOME), ())
    forced = plan(captured, force=True)
    assert (forced.days, forced.kept) == (2 * len(SOME), 0)
    assert forced.again
    assert all(chunk.again for chunk in forced.chunks)


def test_young_days_are_asked_again_once_a_day_if_asked_for(captured):
    """As the daemon does, for those who have cron."""
    assert plan(captured, reread=True).chunks == ()
    tomorrow = captured.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat())
    todo = plan(tomorrow, reread=True)
    assert (todo.days, todo.kept) == (2 * len(SOME), 0)
    assert all(chunk.again for chunk in todo.chunks)
    assert plan(tomorrow).chunks == ()
    week = captured.with_(LIVESTATS_NOW=(NOW + timedelta(days=5)).isoformat())
    pushes = {name for chunk in plan(week, reread=True).chunks for name in chunk.datasets}
    assert pushes == {"push_stream_info"} & {*SOME}


def test_force_does_not_ask_for_what_the_api_has_forgotten(captured):
    later = captured.with_(LIVESTATS_NOW=(NOW + timedelta(days=100)).isoformat())
    todo = plan(later, force=True)
    asked = {name for chunk in todo.chunks for name in chunk.datasets}
    assert asked == set(SOME) - {"push_stream_info"}
    assert todo.kept == 2


@pytest.mark.parametrize(
    ("first", "last", "names", "text"),
    [
        (LAST, FIRST, (), f"--from {LAST} is after --to {FIRST}: swap them"),
        (TODAY + timedelta(days=1), None, (), f"lies in the future: today is {TODAY}"),
        (None, date(2026, 12, 1), (), "--to 2026-12-01 lies in the future"),
        (None, None, ("edge_stats",), "did you mean edge_stat?"),
        (date(2026, 11, 17), None, (), "before the archive's first day 2026-11-18"),
        (None, date(2026, 11, 17), (), "--to 2026-11-17 is before the archive's first day"),
        (date(1, 1, 1), None, (), "more than ten years ago"),
        (None, None, ("isp", "regions"), "did you mean region?"),
    ],
    ids=[
        "reversed", "from the future", "to the future", "unknown", "too early", "to too early",
        "absurd", "unknown beside known",
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused(account, first, last, names, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        plan(account, first, last, names)


def test_a_dataset_that_is_switched_off_is_refused(account, tmp_path):
    file = tmp_path / "livestats.toml"
    file.write_text('[datasets]\noff = ["edge_stat"]\n')
    off = account.with_(LIVESTATS_SETTINGS=str(file))
    with pytest.raises(ValueError, match=r"switched off in the settings.*datasets\.off"):
        plan(off, names=("edge_stat",))
    assert "edge_stat" not in plan(off, names=()).datasets


def test_days_before_a_remembered_first_day_are_refused_while_the_api_has_them(captured):
    """The first day was set for the first run and the setting taken away: the home remembers."""
    unset = captured.with_(LIVESTATS_FIRST_DAY="")
    with pytest.raises(ValueError, match="before the archive's first day 2026-11-18"):
        plan(unset, date(2026, 11, 1))


@pytest.mark.parametrize("day", ["2026-11-22", "2026-11-23"], ids=["today", "tomorrow"])
def test_an_archive_that_begins_today_has_nothing_to_capture_yet(account, day):
    todo = plan(account.with_(LIVESTATS_FIRST_DAY=day), None, None, ())
    assert todo.chunks == ()


def test_the_account_alone_can_be_asked_for(account):
    todo = plan(account, None, None, ("isp",))
    assert (todo.dimensions, todo.chunks) == (("isp",), ())


# A run -------------------------------------------------------------------------------------------


def test_a_place_that_cannot_be_published_to_is_told_and_fails_no_run(captured):
    told = []
    summary = run(captured.set(publish_to="postgresql://me@127.0.0.1:1/bi"), tell=told.append)
    assert summary.is_complete
    assert [line.partition(": ")[0] for line in told] == [
        "Not published to postgresql://127.0.0.1:1/bi"
    ]


def test_what_is_published_elsewhere_is_told(captured, monkeypatch):
    monkeypatch.setattr("resources.publish_to.iceberg.publish", lambda *_: None)
    told = []
    run(captured.set(publish_to="iceberg"), tell=told.append)
    assert told == ["Published to Iceberg tables"]


def test_a_run_captures_loads_and_publishes(done):
    found, summary = done
    assert summary.is_complete
    assert summary.failed == []
    assert summary.captured == 2 * len(SOME) + len(DIMENSIONS)
    assert (summary.unchanged, summary.kept) == (0, 0)
    assert summary.published is not None
    assert summary.published.is_file()
    ((rows,),) = found.rows("SELECT count(*) FROM edge_stat")
    assert summary.loaded["edge_stat"] == rows > 0
    ((lines,),) = found.rows("SELECT count(*) FROM ledger WHERE state IN ('captured', 'empty')")
    assert lines == 2 * len(SOME)


def test_counts_are_those_of_the_captures(done):
    found, summary = done
    captures = [
        capture
        for name in (*SOME, *(d.name for d in DIMENSIONS))
        for folder in raw_captures.days_of(found.archive.home.raw, name).values()
        if (capture := raw_captures.newest(folder)) is not None
    ]
    assert len(captures) == summary.captured
    assert summary.rows == sum(c.name.rows for c in captures)
    assert summary.requests == sum(len(c.manifest["requests"]) for c in captures)


def in_a_process(found):
    """A backfill in a process of its own: days kept, requests, whether complete, captured, Dagster."""
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, json.dumps(SOME)],
        env=dict(found.archive.environ),
        cwd=Path(__file__).resolve().parents[4],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_backfill_does_not_import_dagster(few):
    fresh = few.beside("without dagster")
    kept, _, is_complete, captured, has_dagster = in_a_process(fresh)
    assert (kept, is_complete, captured) == (0, True, 2 * len(SOME) + len(DIMENSIONS))
    assert not has_dagster
    assert list(fresh.archive.home.dagster.iterdir()) == []


def test_a_second_run_asks_nothing_and_changes_no_file(captured):
    before, requests = contents(captured.root), captured.requests
    assert in_a_process(captured) == [2 * len(SOME), 0, True, 0, False]
    assert captured.requests == requests
    assert contents(captured.root) == before


def test_force_asks_again_and_equal_answers_change_no_data(captured):
    home = captured.archive.home
    before = contents(home.lake)
    summary = run(captured, names=("edge_stat",), force=True)
    assert (summary.unchanged, summary.captured, summary.kept) == (2 + len(DIMENSIONS), 0, 0)
    assert summary.requests > 0
    assert summary.is_complete
    assert contents(home.lake) == before


def test_only_tables_that_are_behind_are_loaded(captured):
    summary = run(captured, names=("stream_count",))
    assert set(summary.loaded) == {"stream_count"}


def test_settling_days_leave_a_run_incomplete(captured):
    summary = run(captured, LAST, TODAY, ("edge_stat",))
    assert not summary.is_complete
    assert (summary.kept, summary.failed) == (1, [])


class Loads:
    """Says when the background load has published, and holds requests of an action until then."""

    def __init__(self, patch, found, dataset, number):
        self.done, self.error = threading.Event(), None
        action, asked = DATASETS[dataset].endpoint.action, found.simulator.calls
        before, usual = asked[action], Loader._load

        def load(loader):
            try:
                if self.error is not None:
                    raise self.error
                usual(loader)
            finally:
                self.done.set()

        def choose(asked_for):
            if asked_for == action and asked[action] - before >= number:
                assert self.done.wait(120)

        patch.setattr(Loader, "_load", load)
        patch.setattr(found.simulator._service.chooser, "choose", choose)


def test_a_month_is_loaded_while_the_next_is_captured(edge, monkeypatch):
    """October is not answered before November can be queried."""
    two = edge.beside("months").with_(LIVESTATS_FIRST_DAY="2026-10-30")
    loads, told, seen = Loads(monkeypatch, two, "edge_stat", 2), [], []

    def progress(*_):
        if loads.done.is_set():
            seen.extend(two.rows("SELECT DISTINCT business_date FROM edge_stat"))

    archive = replace(two.archive, progress=progress)
    todo = backfill_plan.plan(archive, date(2026, 10, 31), date(2026, 11, 1), ("edge_stat",))
    summary = backfill_run.run(archive, todo, told.append)
    assert summary.is_complete
    assert seen == [(date(2026, 11, 1),)]
    assert told[0] == "[1/2] 2026-11-01 to 2026-11-01: 1 dataset"
    assert set(told[1:3]) == {
        "Loading and publishing November 2026, while the capture goes on",
        "[2/2] 2026-10-31 to 2026-10-31: 1 dataset",
    }
    assert told[3:] == ["Loading and publishing"]
    assert two.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(2,)]


@pytest.mark.slow
def test_the_first_complete_day_of_a_long_backfill_is_loaded_at_once(few, monkeypatch):
    """It is the newest; the other is not answered before that can be queried."""
    monkeypatch.setattr(backfill_run, "WORTH_DAYS", 1)
    found = few.beside("first day").set(workers=1)
    loads, seen = Loads(monkeypatch, found, "edge_stat", 2), []

    def progress(*_):
        if loads.done.is_set():
            seen.extend(found.rows("SELECT DISTINCT business_date FROM edge_stat"))

    archive = replace(found.archive, progress=progress)
    summary = backfill_run.run(archive, plan(found, names=("edge_stat",)), silent)
    assert summary.is_complete
    assert seen == [(LAST,)]


def chunk(first, last, *names):
    return Chunk(datasets=names, first=date(2026, *first), last=date(2026, *last))


def loads_of(*chunks):
    """What is loaded in the background as day after day ends, of one dataset after the other."""
    told = []
    loads = backfill_run._EarlyLoads(chunks, told.append)
    for one in chunks:
        loads.begin(one)
        for _ in one.datasets:
            for number in range(one.days):
                loads.ended(one.last - timedelta(days=number))
    return told


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([chunk((11, 1), (11, 7), "isp")], []),
        ([chunk((11, 1), (11, 10), "isp", "edge")], ["2026-11-10", "8 of the last 10 days"]),
        (
            [chunk((11, 1), (11, 4), "isp"), chunk((10, 1), (10, 31), "isp")],
            ["2026-11-04", "24 of the last 31 days"],
        ),
        (
            [chunk((11, 1), (11, 20), "isp", "edge"), chunk((10, 30), (10, 31), "isp")],
            ["2026-11-20"],
        ),
        ([chunk((11, 1), (11, 8), "isp"), chunk((11, 1), (11, 8), "edge")],
         ["2026-11-08", "6 of the last 8 days"]),
    ],
    ids=["a week", "ten days", "a month at the end", "two days at the end", "twice the same days"],
)  # fmt: skip
def test_the_first_complete_day_is_loaded_and_most_of_the_last_ones_before_the_end(
    chunks, expected
):
    assert loads_of(*chunks) == expected


def test_a_load_that_fails_is_told_and_does_not_end_the_capture(edge, monkeypatch):
    monkeypatch.setattr(backfill_run, "WORTH_DAYS", 1)
    found, told = edge.beside("failed load").set(workers=1), []
    loads = Loads(monkeypatch, found, "edge_stat", 2)
    loads.error = WarehouseError("the file is open in another program. Close it there.")
    summary = run(found, names=("edge_stat",), tell=told.append)
    assert summary.is_complete
    assert any("Not loaded yet: the file is open in another program" in text for text in told)
    assert found.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(2,)]


def test_a_load_that_fails_to_the_end_ends_the_run_with_its_error(edge, monkeypatch):
    found = edge.beside("failed to the end")

    def publish(_archive):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("resources.serving.publish.publish", lambda *_: publish(None))
    told = []
    with pytest.raises(OSError, match="No space left"):
        run(found, names=("edge_stat",), tell=told.append)
    assert states(found, "edge_stat") == ["captured", "captured"]


def test_an_error_of_ours_in_the_background_is_raised(edge, monkeypatch):
    monkeypatch.setattr(backfill_run, "WORTH_DAYS", 1)
    found = edge.beside("error of ours").set(workers=1)
    Loads(monkeypatch, found, "edge_stat", 2).error = KeyError("ours")
    with pytest.raises(KeyError, match="ours"):
        run(found, names=("edge_stat",))


@pytest.mark.parametrize(
    "now",
    [
        "2027-03-01T12:00:00+08:00",
        slow("2026-03-01T12:00:00+08:00"),
    ],
)
def test_the_archive_s_clock_decides_which_days_there_are(tmp_path, now):
    """Dagster's own idea of today does not matter."""
    moment = datetime.fromisoformat(now)
    yesterday = moment.date() - timedelta(days=1)
    environ = {"LIVESTATS_FIRST_DAY": ""}
    with lab(tmp_path / "home", SMALL, now=moment, environ=environ, names=EDGE) as moved:
        summary = run(moved, yesterday, yesterday, ("edge_stat",))
    assert summary.is_complete


# Failures ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken(few, tmp_path_factory):
    """The same account with one action out of order, and what a run with it said."""
    faults = Faults(first={"DescribeLiveBatchPushStreamMetrics": (10_000, "unavailable")})
    home = tmp_path_factory.mktemp("broken") / "home"
    with (
        lab(home, SMALL, faults=faults, names=FEW) as faulty,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("resources.capture.session.capturer", partial(capturer, sleep=no_wait))
        summary = run(faulty)
    return few.with_(LIVESTATS_HOME=str(home)), summary


def test_a_failing_dataset_holds_up_nothing_and_makes_its_dependents_incomplete(broken):
    found, summary = broken
    assert not summary.is_complete
    failed = {(name, day) for name, day, _ in summary.failed}
    assert failed == {("batch_push_stream_metrics", day) for day in DAYS}
    incomplete = {(name, day) for name, day, _ in summary.incomplete}
    assert incomplete == {("push_stream_metrics", day) for day in DAYS}
    assert summary.captured == 2 * 2 + len(DIMENSIONS)
    assert set(summary.loaded) >= {"edge_stat", "push_stream_info"}
    assert states(found, "edge_stat") == ["captured", "captured"]


def test_each_failed_day_says_why(broken):
    messages = {name: text for name, _, text in (*broken[1].failed, *broken[1].incomplete)}
    assert "ServiceUnavailableTemp" in messages["batch_push_stream_metrics"]
    assert "what batch_push_stream_metrics lists" in messages["push_stream_metrics"]


def test_running_again_heals(broken):
    """Last of the three: it asks the sound account for the same home."""
    found, _ = broken
    assert states(found, "batch_push_stream_metrics") == ["partial", "partial"]
    assert states(found, "push_stream_metrics") == ["incomplete", "incomplete"]
    summary = run(found)
    assert summary.is_complete
    assert states(found, "push_stream_metrics") == ["captured", "captured"]


def test_a_wrong_key_ends_the_run_before_anything_is_captured(few):
    wrong = few.beside("wrong").with_(VOLC_SECRETKEY="another-secret-key")
    with pytest.raises(FixSetup, match="SignatureDoesNotMatch"):
        run(wrong)
    assert not list(wrong.archive.home.lake.rglob("*.parquet"))


def test_a_key_that_stops_working_ends_the_run_and_finished_days_stay(tmp_path):
    """November is captured when the key is changed; October cannot be."""
    first, last = date(2026, 10, 31), date(2026, 11, 1)
    environ = {"LIVESTATS_FIRST_DAY": "2026-10-30"}
    with lab(tmp_path / "home", SMALL, environ=environ, names=EDGE) as found:
        good = found.simulator._service.credentials
        archive = replace(found.archive, progress=_changing(found.simulator, last))
        todo = backfill_plan.plan(archive, first, last, ("edge_stat",))
        summary = backfill_run.run(archive, todo, silent)
        assert isinstance(summary.ended_by, FixSetup)
        assert not summary.is_complete
        assert summary.loaded["edge_stat"] == 6912
        assert found.rows("SELECT DISTINCT business_date FROM edge_stat") == [(last,)]
        assert states(found, "edge_stat", first, last) == ["partial", "captured"]
        found.simulator._service.credentials = good
        summary = run(found, first, last, ("edge_stat",))
        assert (summary.captured, summary.kept, summary.is_complete) == (1, 1, True)


@pytest.mark.parametrize("leaves_folder", [False, True], ids=["moved", "unmounted"])
def test_a_home_that_goes_away_ends_the_run_and_is_not_made_again(few, leaves_folder):
    """An empty home came in its place, and `mv` put the real one into it."""
    found = few.beside(f"gone-{leaves_folder}")
    elsewhere = found.root.with_name(f"{found.root.name}-elsewhere")
    answers = 0

    def go(*_):
        nonlocal answers
        answers += 1
        if answers == 5:
            found.root.rename(elsewhere)
            if leaves_folder:
                found.root.mkdir()

    archive = replace(found.archive, progress=go)
    with pytest.raises(HomeGone, match=r"was moved.*run again"):
        backfill_run.run(archive, plan(found, FIRST, LAST, SOME), silent)
    if leaves_folder:
        assert [*found.root.rglob("*.parquet"), *found.root.rglob("*.duckdb")] == []
        shutil.rmtree(found.root)
    assert not found.root.exists()
    elsewhere.rename(found.root)
    assert run(found.beside(found.root.name)).is_complete
    assert states(found, "push_stream_metrics") == ["captured", "captured"]


def _changing(simulator, day):
    """Changes the key of the account after the last answer of `day`."""

    def progress(dataset, asked, answers, questions):
        if (dataset.name, asked, answers) == ("edge_stat", day, questions):
            simulator._service.credentials = Credentials("AKOTHER", "other")

    return progress


def test_breaking_off_leaves_nothing_half_done(edge):
    """Ctrl-C during a capture."""
    found = edge.beside("broken off")
    # A shell that starts the tests in the background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(dataset, *_):
        if dataset.name == "edge_stat":
            signal.raise_signal(signal.SIGINT)

    archive = replace(found.archive, progress=interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            backfill_run.run(
                archive, backfill_plan.plan(archive, FIRST, LAST, ("edge_stat",)), silent
            )
    finally:
        signal.signal(signal.SIGINT, before)
    # The capture goes on while progress is shown: a day may have been committed by then.
    assert {*states(found, "edge_stat")} <= {"missing", "captured"}
    assert leftovers(found.root) == []
    assert run(found, names=("edge_stat",)).is_complete


def test_a_run_that_is_broken_off_between_two_results_has_ended_its_capture(few):
    """Ctrl-C while a result is shown: no thread goes on asking the API, whoever keeps the error."""
    found = few.beside("broken off between")

    def interrupt(event):
        if isinstance(event, Result) and not DATASETS[event.dataset].is_dimension:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as kept:
        backfill_run.run(found.archive, plan(found), silent, interrupt)
    actions = tuple(dataset.endpoint.action for dataset in DAILY)
    assert kept.traceback
    assert [t.name for t in threading.enumerate() if t.name.startswith(actions)] == []
    assert leftovers(found.root) == []
    assert run(found).is_complete


def test_an_error_of_ours_is_raised_as_it_is(edge, monkeypatch):
    """What nobody expects must not pass for success."""
    found = edge.beside("ours")
    monkeypatch.setattr("resources.capture.capturer.CaptureRun.results", lambda _: {}["lost"])
    with pytest.raises(KeyError, match="lost"):
        run(found, names=("edge_stat",))


def test_a_lost_warehouse_is_made_again_from_the_lake(done):
    found, _ = done
    before = found.rows("SELECT count(*) FROM edge_stat")
    found.archive.home.warehouse.unlink()
    summary = run(found, names=("source_traffic",))
    assert set(summary.loaded) > {"edge_stat", "source_traffic"}
    assert found.rows("SELECT count(*) FROM edge_stat") == before


def test_without_a_list_of_domains_no_day_is_tried_and_the_reason_is_told_once(tmp_path):
    """Else every day of every dataset says that no domain is known."""
    with lab(tmp_path / "home", denied=["ListDomainDetail"]) as fresh:
        todo = backfill_plan.plan(fresh.archive, FIRST, LAST, ())
        with pytest.raises(
            PrerequisiteMissing, match="before the domains are listed: ListDomainDetail: refused"
        ):
            backfill_run.run(fresh.archive, todo, silent)
        assert "DescribeLiveEdgeStatData" not in fresh.simulator.calls


def test_domains_of_the_settings_need_no_list(tmp_path):
    with lab(tmp_path / "home", denied=["ListDomainDetail"]) as fresh:
        named = fresh.only("domain", "isp", "edge_stat").set(pull_domains=("pull-1.sim.example",))
        todo = backfill_plan.plan(named.archive, FIRST, FIRST, ())
        done = backfill_run.run(named.archive, todo, silent)
        assert [name for name, *_ in done.failed] == ["domain"]
        assert done.captured == 2


def test_what_fails_alike_is_told_in_one_line():
    todo = backfill_plan.BackfillPlan(
        datasets=(),
        dimensions=(),
        chunks=(),
        lost={},
        settling={},
        kept=0,
        first=FIRST,
        last=LAST,
    )
    calls = [
        f"refused (HTTP 500, request {n}F); gave up at attempt 6 after {n} s. Wait." for n in (1, 2)
    ]
    assert missing(todo, [("edge_stat", FIRST, calls[0]), ("edge_stat", LAST, calls[1])]) == [
        f"Failed: edge_stat {FIRST} to {LAST}: refused (HTTP 500). Wait."
    ]
    assert missing(todo, [("edge_stat", FIRST, calls[0])]) == [
        f"Failed: edge_stat {FIRST}: {calls[0]}"
    ]
    failed = [("edge_stat", FIRST, "no"), ("top_play", LAST, "no"), ("edge_stat", LAST, "no")]
    failed += [("top_play", FIRST, "no"), ("isp", None, "no"), ("source_traffic", FIRST, "other")]
    assert missing(todo, failed) == [
        f"Failed: edge_stat, top_play {FIRST} to {LAST}: no",
        "Failed: isp: no",
        f"Failed: source_traffic {FIRST}: other",
    ]
