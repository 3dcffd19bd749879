"""A capture that lies where it does not belong does not count, whatever its name says."""

import shutil
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS
from resources.capture import repair
from resources.fs import atomic
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import file_index, raw_day, states
from resources.ledger.states import State
from resources.raw import captures, seen_notes
from resources.raw.captures import Capture, MisplacedCapture
from tests.support.restated_captures import DAY, FIRST, SECOND, TRAFFIC, capture

NEXT = DAY + timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
NOW = SECOND + timedelta(days=30)
OTHER = DATASETS["stream_count"]


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path)
    capture(found, FIRST, {("pull.example", "a"): (1, 10)})
    capture(found, SECOND, {("pull.example", "b"): (2, 20)}, day=NEXT)
    return found


def folder(home, dataset, day):
    return captures.folder_of(home.raw, dataset.name, day)


def swap(home):
    one, other = folder(home, TRAFFIC, DAY), folder(home, TRAFFIC, NEXT)
    one.rename(home.root / "aside")
    other.rename(one)
    (home.root / "aside").rename(other)


def copy_to_a_missing_day(home):
    shutil.copytree(folder(home, TRAFFIC, DAY), folder(home, TRAFFIC, NEXT + timedelta(days=1)))


def copy_of_another_dataset(home):
    shutil.copytree(folder(home, TRAFFIC, DAY), folder(home, OTHER, DAY))


def lines(home, dataset=TRAFFIC, cache=None):
    days = [DAY, NEXT, NEXT + timedelta(days=1)]
    return states.entries(dataset, days, home.raw, NOW, ZONE, timedelta(0), cache)


def told(home, dataset=TRAFFIC, cache=None):
    return [(line.state, len(line.misplaced)) for line in lines(home, dataset, cache)]


@pytest.mark.parametrize("cached", [False, True])
def test_days_that_were_swapped_are_missing_and_named(home, cached):
    cache = home.file_index if cached else None
    assert told(home, cache=cache) == [(State.CAPTURED, 0), (State.CAPTURED, 0), (State.MISSING, 0)]
    swap(home)
    for _ in range(2):
        expected = [(State.MISSING, 1), (State.MISSING, 1), (State.MISSING, 0)]
        assert told(home, cache=cache) == expected
    assert lines(home)[0].misplaced[0].endswith(f"holds {TRAFFIC.name} {NEXT}")
    swap(home)
    assert told(home, cache=cache) == [(State.CAPTURED, 0), (State.CAPTURED, 0), (State.MISSING, 0)]


def test_a_day_that_was_copied_to_a_missing_one_does_not_make_it_captured(home):
    copy_to_a_missing_day(home)
    assert told(home) == [(State.CAPTURED, 0), (State.CAPTURED, 0), (State.MISSING, 1)]


def test_a_capture_of_another_dataset_does_not_count(home):
    copy_of_another_dataset(home)
    assert told(home, OTHER) == [(State.MISSING, 1), (State.MISSING, 0), (State.MISSING, 0)]


def test_a_day_of_another_time_zone_does_not_count(tmp_path):
    home = Home(tmp_path)
    made = capture(home, FIRST, {("pull.example", "a"): (1, 10)}, facts={"time_zone": "UTC"})
    assert told(home)[0] == (State.MISSING, 1)
    assert captures.newest(made.folder.parent).name == made.name
    assert captures.newest(made.folder.parent, "Asia/Shanghai") is None
    with pytest.raises(MisplacedCapture, match="UTC"):
        made.check_place(TRAFFIC.name, DAY, "Asia/Shanghai")


def test_the_true_capture_beside_a_newer_one_that_belongs_elsewhere_is_the_newest(home):
    (moved,) = folder(home, TRAFFIC, NEXT).iterdir()
    shutil.copytree(moved, folder(home, TRAFFIC, DAY) / moved.name)
    line = lines(home)[0]
    assert (line.state, line.captures, line.rows) == (State.CAPTURED, 1, 1)
    assert line.captured_at == FIRST
    assert captures.newest(folder(home, TRAFFIC, DAY)).name.text == line.capture


def test_notes_about_what_belongs_elsewhere_tell_nothing(home):
    (moved,) = folder(home, TRAFFIC, NEXT).iterdir()
    name = captures.CaptureName(moved.name)
    seen_notes.note_seen(folder(home, TRAFFIC, NEXT), name, NOW)
    swap(home)
    assert raw_day.raw_day(folder(home, TRAFFIC, DAY)).last_seen is None


def test_it_becomes_no_rows(home):
    before = parquet.path_of(home.lake, TRAFFIC.name, DAY).read_bytes()
    copy_to_a_missing_day(home)
    swap(home)
    day = NEXT + timedelta(days=1)
    assert repair.rebuild_missing(home, TRAFFIC, [DAY, NEXT, day]) == []
    (found,) = captures.captures_in(folder(home, TRAFFIC, DAY))
    wrong = Capture(folder(home, TRAFFIC, DAY) / found.text, found)
    with pytest.raises(MisplacedCapture, match=f"{NEXT}.*{DAY}"):
        parquet.normalise(home.lake, TRAFFIC, DAY, wrong)
    assert parquet.path_of(home.lake, TRAFFIC.name, DAY).read_bytes() == before
    assert not parquet.path_of(home.lake, TRAFFIC.name, day).exists()


def test_a_lake_file_of_another_day_is_not_taken_for_the_days_own(home):
    one, other = (parquet.path_of(home.lake, TRAFFIC.name, day) for day in (DAY, NEXT))
    one.write_bytes(other.read_bytes())
    assert {*file_index.lake_files(home.lake, TRAFFIC.name)} == {NEXT}
    assert states.all_stale_days(TRAFFIC.name, home.raw, home.lake) == {DAY}


def test_a_manifest_is_read_once_while_its_day_does_not_change(home, monkeypatch):
    monkeypatch.setattr(parquet, "TICK_NS", -(10**12))
    monkeypatch.setattr(file_index, "_SAVE_AFTER", 1)
    home.state.mkdir()
    read = []
    real = raw_day.manifest_facts
    monkeypatch.setattr(raw_day, "manifest_facts", lambda one: read.append(one) or real(one))
    for _ in range(3):
        file_index.raw_days(home.raw, TRAFFIC.name, cache=home.file_index)
    assert len(read) == 2
    atomic.write_atomically(folder(home, TRAFFIC, DAY) / states.PARTIAL, b"{}")
    file_index.raw_days(home.raw, TRAFFIC.name, cache=home.file_index)
    assert len(read) == 3
