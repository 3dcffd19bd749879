"""What is remembered of the files is what reading them anew would tell, whatever happened to them."""

import hashlib
import json
import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.fs import atomic, sealed
from resources.lake import parquet
from resources.ledger import file_index, raw_day, states
from resources.raw import seen_notes, tombstones
from resources.raw.captures import UnreadableCapture
from resources.raw.manifest_facts import ManifestFacts
from resources.raw.tombstones import Tombstone
from tests.support.lake_files import capture_name, store

DATASET = DATASETS["stream_count"]
FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=i) for i in range(40)]
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
NEXT_DAY = NOW + timedelta(days=1)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "state").mkdir()
    for day in DAYS:
        capture(tmp_path, day, 0)
    tick(tmp_path)
    return tmp_path


def tick(root):
    """Wait until the file system's clock shows another time: changes from now on have another."""
    probe = root / "probe"
    probe.touch()
    before = probe.stat().st_mtime_ns
    while probe.stat().st_mtime_ns == before:
        probe.touch()


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """As if the last change were long ago: tests do not wait for two seconds, see `tick`."""
    monkeypatch.setattr(parquet, "TICK_NS", -(10**12))


@pytest.fixture(autouse=True)
def manifests(monkeypatch):
    """The folders of captures are empty here: what their manifests would state."""

    def facts(capture):
        day = capture.folder.parent
        return ManifestFacts(day.parent.name, day.name, "", 1)

    monkeypatch.setattr(raw_day, "manifest_facts", facts)


def folder(root, day):
    return root / "raw" / DATASET.name / day.isoformat()


def capture(root, day, version):
    name = capture_name(3, version).text
    (folder(root, day) / name).mkdir(parents=True)
    return name


def days(root, wanted=None):
    return file_index.raw_days(root / "raw", DATASET.name, wanted, root / "state" / "remembered")


def anew(root, wanted=None):
    return file_index.raw_days(root / "raw", DATASET.name, wanted)


def made(root, wanted=None):
    return file_index.lake_files(root / "lake", DATASET.name, wanted, root / "state" / "remembered")


@pytest.fixture
def read(monkeypatch):
    """Which folders and files were read, not remembered."""
    found = []
    for name in ("read_day", "_read_lake_file"):
        real = getattr(file_index, name)
        monkeypatch.setattr(
            file_index, name, lambda path, real=real: found.append(path) or real(path)
        )
    return found


def test_what_has_not_changed_is_not_read_again(root, read):
    before = days(root)
    assert len(read) == len(DAYS)
    read.clear()
    assert days(root) == before == anew(root)
    assert len(read) == len(DAYS)  # by the look without a memory


def test_days_whose_manifest_could_not_be_read_are_read_again(root, read, monkeypatch):
    """To mend a file in the folder of a capture does not change the stat of the day's folder."""

    def unreadable(capture):
        raise UnreadableCapture(str(capture.folder))

    with monkeypatch.context() as patched:
        patched.setattr(raw_day, "manifest_facts", unreadable)
        assert {*days(root)} == {*DAYS}
    monkeypatch.setattr(
        raw_day,
        "manifest_facts",
        lambda one: (
            replace(ManifestFacts("x", "y", "", 1), contradictions=("in its answers",))
            if one.folder.parent.name == DAYS[3].isoformat()
            else ManifestFacts(DATASET.name, one.folder.parent.name, "", 1)
        ),
    )
    read.clear()
    assert days(root)[DAYS[3]].misplaced
    assert len(read) == len(DAYS)
    read.clear()
    assert days(root)[DAYS[3]].misplaced
    assert read == []


def test_the_file_is_written_again_when_seven_more_days_are_new(root, monkeypatch):
    days(root)
    written = []
    real = atomic.write_atomically
    monkeypatch.setattr(
        atomic, "write_atomically", lambda path, data: written.append(path) or real(path, data)
    )
    for version in range(1, 10):  # one day, again and again
        capture(root, DAYS[0], version)
        days(root)
    assert written == []
    for day in DAYS[1:7]:
        capture(root, day, 1)
        days(root)
    assert len(written) == 1
    assert days(root) == anew(root)


CHANGES = {
    "another capture": lambda root, day: capture(root, day, 1),
    "a capture moved away": lambda root, day: next(folder(root, day).glob("2*")).rename(root / "x"),
    "the day removed": lambda root, day: shutil.rmtree(folder(root, day)),
    "seen again": lambda root, day: seen_notes.note_seen(folder(root, day), capture_name(3, 0), NEXT_DAY),
    "tried in vain": lambda root, day: atomic.write_atomically(folder(root, day) / "partial.json", b"{}"),
    "a file in the day's place": lambda root, day: [
        shutil.rmtree(folder(root, day)), folder(root, day).write_text("")
    ],
    "nothing": lambda *_: None,
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_day_that_has_changed_is_read_again(what, root):
    before = days(root)
    CHANGES[what](root, DAYS[7])
    assert days(root) == anew(root)
    assert (days(root) == before) is (what == "nothing")
    others = {day: found for day, found in days(root).items() if day != DAYS[7]}
    assert others == {day: found for day, found in before.items() if day != DAYS[7]}


def test_a_folder_whose_times_were_set_back_is_read_again(root):
    days(root)
    at = folder(root, DAYS[7]).stat()
    capture(root, DAYS[7], 1)
    os.utime(folder(root, DAYS[7]), ns=(at.st_atime_ns, at.st_mtime_ns))
    assert len(days(root)[DAYS[7]].captures) == 2


def test_a_folder_put_in_the_place_of_another_is_read_again(root):
    days(root)
    at = folder(root, DAYS[7]).stat()
    shutil.rmtree(folder(root, DAYS[7]))
    folder(root, DAYS[7]).mkdir()
    os.utime(folder(root, DAYS[7]), ns=(at.st_atime_ns, at.st_mtime_ns))
    assert days(root)[DAYS[7]].captures == ()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 3)), max_size=6))
def test_after_any_changes_the_ledger_is_that_of_the_files(tmp_path_factory, changes):
    root = tmp_path_factory.mktemp("root")
    (root / "state").mkdir()
    for day in DAYS:
        capture(root, day, 0)
    tick(root)
    for number, (what, place) in enumerate(changes):
        day = DAYS[place]
        if what == "another capture" and folder(root, day).is_dir():
            capture(root, day, number + 1)
        elif what != "another capture" and any(folder(root, day).glob("2*")):
            CHANGES[what](root, day)
            shutil.rmtree(root / "x", ignore_errors=True)
        tick(root)
        assert days(root) == anew(root)


def test_what_changed_just_now_is_not_remembered(root, read, monkeypatch):
    """Another change in the same tick of the clock would not show."""
    monkeypatch.setattr(parquet, "TICK_NS", 2 * 10**9)
    days(root)
    read.clear()
    days(root)
    assert len(read) == len(DAYS)
    later = time.time_ns() + 3 * 10**9
    monkeypatch.setattr(file_index.time, "time_ns", lambda: later)
    days(root)
    read.clear()
    days(root)
    assert read == []


def test_a_change_while_a_day_is_read_is_seen_the_next_time(root, monkeypatch):
    real = file_index.read_day

    def slow(path):
        found = real(path)
        if path == folder(root, DAYS[7]):
            capture(root, DAYS[7], 1)
        return found

    monkeypatch.setattr(file_index, "read_day", slow)
    assert len(days(root)[DAYS[7]].captures) == 1
    monkeypatch.setattr(file_index, "read_day", real)
    assert len(days(root)[DAYS[7]].captures) == 2


def test_notes_that_cannot_be_read_are_tried_again(root):
    (folder(root, DAYS[7]) / seen_notes.SEEN).write_text("{")
    assert days(root)[DAYS[7]].last_seen == capture_name(3, 0).fetched_at
    note = {"capture": capture_name(3, 0).text, "seen_at": NEXT_DAY.isoformat()}
    with (folder(root, DAYS[7]) / seen_notes.SEEN).open("r+b") as file:  # in place: no name changes
        file.write(sealed.seal({"seen": [note, note]}))
    assert days(root)[DAYS[7]].last_seen == NEXT_DAY


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1], lambda data: data.replace(b"-3-", b"-9-"), lambda _: b"", bytes.upper],
    ids=["cut short", "a changed number", "empty", "other letters"],
)  # fmt: skip
def test_a_damaged_memory_is_forgotten(damage, root, read):
    days(root)
    (memory,) = (root / "state" / "remembered").glob(f"raw-{DATASET.name}-*")
    memory.write_bytes(damage(memory.read_bytes()))
    read.clear()
    assert days(root) == anew(root)
    assert len(read) == 2 * len(DAYS)


def test_a_home_that_cannot_be_written_is_read_each_time(root, monkeypatch):
    monkeypatch.setattr(
        atomic, "write_atomically", lambda *_: (_ for _ in ()).throw(PermissionError(13))
    )
    assert days(root) == anew(root)
    assert not any((root / "state" / "remembered").iterdir())


def test_a_few_days_are_looked_at_alone(root, read):
    assert {*days(root, DAYS[:3])} == {*DAYS[:3]}
    assert len(read) == 3
    assert not (root / "state" / "remembered").exists()


def test_a_lake_file_is_read_again_when_another_stands_in_its_place(root, read):
    for day in DAYS:
        store(root / "lake", DATASET, day, [{}])
    tick(root)
    before = made(root)
    assert before == {
        day: file_index.LakeFileFacts(capture_name(1).text, parquet.version_of(DATASET))
        for day in DAYS
    }
    read.clear()
    store(root / "lake", DATASET, DAYS[7], [{}], version=1)
    assert made(root)[DAYS[7]].capture == capture_name(1, 1).text
    assert len(read) == 1


def test_a_lake_file_that_is_damaged_or_gone_is_not_taken_for_made(root):
    for day in DAYS:
        store(root / "lake", DATASET, day, [{}])
    tick(root)
    made(root)
    path = parquet.path_of(root / "lake", DATASET.name, DAYS[7])
    path.write_bytes(path.read_bytes()[:-1])
    shutil.rmtree(parquet.path_of(root / "lake", DATASET.name, DAYS[8]).parent)
    assert {*DAYS} - {*made(root)} == {DAYS[7], DAYS[8]}


def test_days_whose_rows_are_of_another_capture_are_to_be_made(root):
    for day in DAYS:
        store(root / "lake", DATASET, day, [{}] * 3)
    capture(root, DAYS[7], 1)

    def lines():
        return states.entries(DATASET, DAYS, root / "raw", NOW, ZONE, timedelta(0))

    def of_all(memory=None):
        return states.all_stale_days(DATASET.name, root / "raw", root / "lake", memory)

    assert states.days_without_lake_file(lines(), root / "lake") == [DAYS[7]]
    assert of_all() == {DAYS[7]}
    shutil.rmtree(parquet.path_of(root / "lake", DATASET.name, DAYS[8]).parent)
    assert of_all() == {DAYS[7], DAYS[8]}
    for day in DAYS[7:9]:
        store(root / "lake", DATASET, day, [{}] * 3, version=int(day == DAYS[7]))
    memory = root / "state" / "remembered"
    assert states.days_without_lake_file(lines(), root / "lake", memory) == []
    assert of_all(memory) == set()


def test_a_cache_file_that_another_process_replaces_is_read_anew(root):
    days(root)
    before = days(root)[DAYS[0]].captures
    (path,) = (root / "state" / "remembered").glob("raw-*")
    content = json.loads(path.read_bytes().partition(b"\n")[2])
    content["facts"][DAYS[0].isoformat()][1][0] = [capture_name(9).text]
    text = json.dumps(content).encode()
    path.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    assert before != days(root)[DAYS[0]].captures == (capture_name(9),)
    path.unlink()
    assert days(root)[DAYS[0]].captures == before


def test_a_capture_that_an_erasure_took_is_remembered_as_such(root, read):
    name = capture(root, DAYS[0], 1)
    stone = Tombstone(
        erasure="1", kind="domain", at="", capture=name, sha256="0", became="", rows=1
    )
    tombstones.write(folder(root, DAYS[0]), [stone])
    tick(root)
    for _ in range(2):
        facts = days(root)[DAYS[0]]
        assert (len(facts.captures), facts.erased) == (1, (name,))
    file_index._kept.clear()
    read.clear()
    assert days(root)[DAYS[0]].erased == (name,)
    assert read == []
    line = states.entry(DATASET, DAYS[0], folder(root, DAYS[0]), NOW, ZONE, timedelta(0))
    assert (line.captures, line.erased) == (1, (name,))
