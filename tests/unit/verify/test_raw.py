"""What is said of one day in raw/; the remedies are tried in test_run.py."""

import json
import shutil
from datetime import timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.raw import captures, seen_notes
from resources.raw.captures import MANIFEST, RESPONSES
from resources.raw.seen_notes import SEEN
from resources.verify.findings import FindingKind, Place, Repair
from resources.verify.raw import RawDay, misfit
from tests.support.archives import DAYS

TRAFFIC, DAY = DATASETS["batch_stream_traffic"], DAYS[0]


@pytest.fixture
def place(past, tmp_path):
    """A copy of a day with two captures."""
    folder = captures.folder_of(past.archive.home.raw, TRAFFIC.name, DAY)
    home = past.with_(LIVESTATS_HOME=str(tmp_path / "home")).archive
    shutil.copytree(folder, captures.folder_of(home.home.raw, TRAFFIC.name, DAY))
    return Place(home, TRAFFIC, DAY)


def looked(place):
    """The day after it was verified, its findings, and the files that were read."""
    read = []
    day = RawDay(place, lambda path, size: read.append((path, size)))
    return day, [*day.findings()], read


def manifest(place):
    newest = captures.newest(place.raw)
    return newest.name, newest.manifest


def test_a_day_as_it_was_written_has_none_and_every_byte_was_read(place):
    day, found, read = looked(place)
    assert found == []
    assert [*day.intact] == [one.name for one in day.captures]
    assert len(day.captures) == 2
    assert day.can_be_replayed
    files = {path: path.stat().st_size for path in place.raw.rglob("*") if path.is_file()}
    assert dict(read) == files
    assert len(read) == len(files)


def test_damage_to_one_capture_leaves_the_other_intact(place):
    older, newer = captures.captures_in(place.raw)
    path = place.raw / newer.text / RESPONSES
    path.write_bytes(path.read_bytes()[:-1])
    day, (found,), _ = looked(place)
    assert (found.kind, found.subject) == (FindingKind.DAMAGED, path)
    assert [*day.intact] == [older]
    assert not day.can_be_replayed


def test_a_note_that_names_a_later_capture_tells_that_it_is_gone(place):
    older, newer = captures.captures_in(place.raw)
    seen_notes.note_seen(place.raw, newer, newer.fetched_at + timedelta(days=1))
    shutil.rmtree(place.raw / newer.text)
    _, found, _ = looked(place)
    assert {(f.kind, f.subject.name) for f in found} == {(FindingKind.MISSING, newer.text)}
    assert not {f.subject.name for f in found} & {older.text}


def test_a_capture_without_its_manifest_is_no_good(place):
    newer = captures.captures_in(place.raw)[-1]
    (place.raw / newer.text / MANIFEST).unlink()
    day, (found,), _ = looked(place)
    assert (found.kind, found.subject.name) == (FindingKind.MISSING, MANIFEST)
    assert newer not in day.intact


def test_what_is_not_ours_is_named_and_left(place):
    extra = place.raw / "notes.txt"
    extra.write_text("mine")
    _, (found,), _ = looked(place)
    assert (found.kind, found.repair) == (FindingKind.EXTRA, Repair.REMOVE)
    assert extra.read_text() == "mine"


def test_a_damaged_note_is_no_damage_to_a_capture(place):
    newest = captures.captures_in(place.raw)[-1]
    seen_notes.note_seen(place.raw, newest, newest.fetched_at + timedelta(days=1))
    note = place.raw / SEEN
    note.write_bytes(note.read_bytes()[:-2])
    day, (found,), _ = looked(place)
    assert (found.kind, found.subject) == (FindingKind.DAMAGED, note)
    assert len(day.intact) == 2


def test_a_day_without_a_folder_has_no_findings(past, tmp_path):
    away = past.with_(LIVESTATS_HOME=str(tmp_path / "none")).archive
    day, found, read = looked(Place(away, TRAFFIC, DAY))
    assert (found, read, day.newest) == ([], [], None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dataset", "edge_stat"),
        ("action", "DescribeLiveEdgeStatData"),
        ("day", "2026-11-19"),
        ("rows", 10**6),
        ("time_zone", "UTC"),
        ("settings", {"bucket_seconds": 60}),
        ("format", 10**6),
        ("fetched_at", "2020-01-01T00:00:00+00:00"),
    ],
)
def test_a_manifest_that_contradicts_its_place_says_how(place, key, value):
    name, facts = manifest(place)
    assert misfit(place, name, facts) == ""
    assert key in misfit(place, name, {**facts, key: value})


def test_a_manifest_may_not_skip_an_answer(place):
    name, facts = manifest(place)
    one = facts["requests"][0]
    asked = [{**one, "walk": walk, "page": page} for walk, page in ((0, 1), (0, 2), (1, 1), (2, 1))]
    assert misfit(place, name, {**facts, "requests": asked}) == ""
    for left_out in range(3):
        holed = [request for at, request in enumerate(asked) if at != left_out]
        if left_out != 1:
            assert "it holds page" in misfit(place, name, {**facts, "requests": holed})
    lacking = {**facts, "requests": asked[2:], "lacking": [{"items": ["a.example"]}]}
    assert misfit(place, name, lacking) == ""


def test_a_manifest_without_what_every_one_has_is_named_not_raised(place):
    name, facts = manifest(place)
    for key in json.loads(json.dumps(facts)):
        shorter = {k: v for k, v in facts.items() if k != key}
        assert isinstance(misfit(place, name, shorter), str)
    assert "lacks" in misfit(place, name, {})
