"""Normalising again from the raw archive: the same rows, without a request."""

import pyarrow.parquet as pq
import pytest

from pipelines.backfill import replay
from resources.capture.capturer import Outcome
from resources.fs import locks
from resources.home import day_lock
from resources.lake import parquet
from resources.ledger import states
from resources.raw import captures
from tests.support.archives import DAYS, contents, failures, lab, leftovers
from tests.support.offered import DATASETS
from tests.support.restated_captures import FIRST, SECOND, TRAFFIC, capture

TRIED = DATASETS["edge_stat"]
LISTS = ("domain", "isp")
NAMES = (*LISTS, "edge_stat", "edge_stat_account", "push_stream_info", "batch_stream_traffic")


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """Two days of a dataset of each kind, captured and loaded."""
    with lab(tmp_path_factory.mktemp("replay") / "home") as whole:
        found = whole.only(*NAMES)
        found.backfill()
        yield found


@pytest.fixture
def newer(monkeypatch):
    """The next version of the normaliser."""
    monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
    return parquet.SCHEMA_VERSION


def stale(archived, *, dataset=TRIED):
    lines = archived.archive.ledger(dataset, min(DAYS), max(DAYS))
    return states.stale_days(lines, archived.archive.home.lake)


def replayed(archived, datasets=(TRIED,), first=None, last=None):
    """Replay a range; each day's rows."""
    days = replay.captured(archived.archive, datasets, first, last)
    return [*replay.replay(archived.archive, days)]


def rows(archived):
    """All rows of the lake, in their order."""
    files = sorted(archived.archive.home.lake.rglob(parquet.FILE))
    return {path: pq.ParquetFile(path).read() for path in files}


def path_of(archived, day):
    return parquet.path_of(archived.archive.home.lake, TRIED.name, day)


@pytest.fixture
def mended(archived):
    """Whatever a test does to the lake, the next one finds it level."""
    yield
    replayed(archived)


def test_the_present_normaliser_makes_the_same_files_byte_for_byte(archived):
    """Capturing and replaying are one code: lake files need no backup.

    unit/lake/test_parquet.py does so for every dataset.
    """
    before, requests = contents(archived.archive.home.lake), archived.requests
    results = replayed(archived, [DATASETS[name] for name in NAMES])
    assert [r for r in results if r.problem] == []
    assert len(results) == len(LISTS) + 2 * (len(NAMES) - len(LISTS))
    assert contents(archived.archive.home.lake) == before
    assert archived.requests == requests


def test_a_replay_removes_what_a_killed_one_left(archived):
    home = archived.archive.home
    path_of(archived, DAYS[0]).with_name(".making-rows.parquet-1-00000000").touch()
    (captures.folder_of(home.raw, TRIED.name, DAYS[0]) / ".making-capture-1-00000000").mkdir()
    replayed(archived)
    assert leftovers(home.root) == []


def test_a_day_that_stays_locked_is_the_problem_of_that_day(archived, monkeypatch):
    monkeypatch.setattr(locks, "MOST_S", 0.0)
    with day_lock.try_lock(archived.archive.home, TRIED, DAYS[0]):
        results = {result.day: result.problem for result in replayed(archived)}
    assert "was locked for 0 s by process" in results.pop(DAYS[0])
    assert {*results.values()} == {""}


def test_a_level_lake_has_no_stale_day(archived):
    assert [d.name for d in archived.archive.daily if stale(archived, dataset=d)] == []


@pytest.mark.usefixtures("mended")
def test_a_file_of_an_older_normaliser_is_stale_until_it_is_replayed(archived, newer):
    before, requests = rows(archived), archived.requests
    assert stale(archived) == [*DAYS]
    results = replayed(archived)
    assert stale(archived) == []
    assert [(r.dataset, r.day, r.problem) for r in results] == [(TRIED.name, d, "") for d in DAYS]
    after = rows(archived)
    assert after.keys() == before.keys()
    assert all(after[path].equals(before[path]) for path in before)
    origins = [parquet.provenance_of(path_of(archived, day)) for day in DAYS]
    assert [origin and origin.schema_version for origin in origins] == [newer] * 2
    assert archived.requests == requests


@pytest.mark.usefixtures("mended", "newer")
def test_a_range_brings_up_that_range_only(archived):
    replayed(archived, first=DAYS[1], last=DAYS[1])
    assert stale(archived) == [DAYS[0]]


@pytest.mark.usefixtures("mended")
def test_the_warehouse_follows_and_holds_the_same(archived, newer):
    before = archived.rows(f"FROM {TRIED.name} ORDER BY ALL")
    replayed(archived)
    archived.load()
    assert archived.rows(f"FROM {TRIED.name} ORDER BY ALL") == before
    loaded = "SELECT DISTINCT schema_version FROM meta.loaded WHERE dataset = ?"
    assert archived.rows(loaded, TRIED.name) == [(newer,)]


@pytest.mark.usefixtures("mended", "newer")
def test_a_capture_run_brings_up_the_days_that_it_keeps(archived):
    requests = archived.requests
    results = archived.capture(DAYS, [TRIED.name])
    assert failures(results) == []
    assert {r.outcome for r in results} == {Outcome.KEPT}
    assert archived.requests == requests
    assert stale(archived) == []


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("harm", ["missing", "cut short", "no Parquet"])
def test_a_file_that_cannot_be_read_is_stale_and_comes_back(archived, harm):
    path = path_of(archived, DAYS[0])
    whole = path.read_bytes()
    match harm:
        case "missing":
            path.unlink()
        case "cut short":
            path.write_bytes(whole[:-1])
        case _:
            path.write_bytes(b"")
    assert stale(archived) == [DAYS[0]]
    replayed(archived)
    assert path.read_bytes() == whole


@pytest.mark.usefixtures("mended", "newer")
def test_a_damaged_capture_leaves_its_file_and_stops_no_other_day(archived):
    capture_of_day = captures.newest(archived.archive.home.raw / TRIED.name / str(DAYS[0]))
    assert capture_of_day is not None
    answers = capture_of_day.folder / captures.RESPONSES
    whole, before = answers.read_bytes(), path_of(archived, DAYS[0]).read_bytes()
    answers.write_bytes(whole[:-1])
    try:
        first, second = replayed(archived)
    finally:
        answers.write_bytes(whole)
    assert str(answers) in first.problem
    assert path_of(archived, DAYS[0]).read_bytes() == before
    assert (second.day, second.problem) == (DAYS[1], "")


def test_a_file_of_an_earlier_capture_is_stale(archived):
    """As after a crash between naming a capture and swapping in its rows."""
    home = archived.beside("restated").archive.home
    old = capture(home, FIRST, {("pull.example", "a"): (1, 10)})
    new = capture(home, SECOND, {("pull.example", "a"): (1, 20)})
    parquet.normalise(home.lake, TRAFFIC, DAYS[0], old)
    line = states.Entry(
        dataset=TRAFFIC.name, day=DAYS[0], state=states.State.CAPTURED, capture=new.name.text
    )
    assert states.stale_days([line], home.lake) == [DAYS[0]]


def test_a_day_that_was_never_captured_is_not_stale(archived):
    line = states.Entry(dataset=TRIED.name, day=DAYS[0], state=states.State.MISSING)
    assert states.stale_days([line], archived.archive.home.lake) == []
