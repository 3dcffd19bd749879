"""Captures of a day without an item: nothing else is lost, at whatever step it is broken off."""

import gzip
import json
import os
import shutil
import sys
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from resources.digest.fingerprint import digest
from resources.erasure import days
from resources.fs import atomic
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import acceptance
from resources.raw import captures, seen_notes, tombstones
from resources.raw.captures import Capture
from resources.raw.erasures import Erasure, ItemKind, PlainItem
from tests.support.restated_captures import DAY, FIRST, SECOND, THIRD, TRAFFIC, capture
from tests.support.suites import slow

STREAM = PlainItem.parse(ItemKind.STREAM, "a.example/live/one")
DOMAIN = PlainItem.parse(ItemKind.DOMAIN, "a.example")
ROWS = {("a.example", "one"): (1.0, 2.0), ("b.example", "one"): (3.0, 4.0)}
KILLED = 9


@pytest.fixture
def home(tmp_path):
    """Three captures: two hold the items, the last one of another domain alone."""
    found = Home(tmp_path)
    facts = {"time_zone": "Asia/Shanghai", "domains": ["a.example", "b.example"]}
    by = {"rows_by_domain": {"a.example": 1, "b.example": 1}}
    capture(found, FIRST, ROWS, facts=facts | by)
    capture(found, SECOND, {**ROWS, ("a.example", "two"): (5.0, 6.0)}, facts=facts)
    capture(found, THIRD, {("b.example", "one"): (3.0, 5.0)})
    return found


def folder(home):
    return captures.folder_of(home.raw, TRAFFIC.name, DAY)


def names(home):
    return [name.text for name in captures.captures_in(folder(home))]


def rows(home, name, scratch):
    one = captures.CaptureName(name)
    parquet.normalise(scratch, TRAFFIC, DAY, Capture(folder(home) / name, one))
    table = pq.read_table(parquet.path_of(scratch, TRAFFIC.name, DAY))
    return sorted(zip(*(table[c].to_pylist() for c in ("domain", "stream")), strict=True))


def erase(home, item=STREAM, erasure=None):
    with day_lock.locked(home, TRAFFIC, DAY):
        one = erasure or Erasure.begin(item, "2026-11-24T00:00:00+00:00", DAY)
        return days.erase(folder(home), TRAFFIC, DAY, item, one)


def everything(home):
    """All bytes below raw/, unpacked where they are packed."""
    found = []
    for path in sorted(home.raw.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found.append(gzip.decompress(data) if path.suffix == ".gz" else data)
    for name in captures.captures_in(folder(home)):
        one = Capture(folder(home) / name.text, name)
        found += [body for *_, body in one.responses()]
    return b"\n".join(found)


def test_older_revisions_lose_it_too_and_other_captures_keep_their_names(home, tmp_path):
    first, second, third = names(home)
    made = erase(home)
    assert [one.capture for one in made] == [first, second]
    assert names(home) == [*(one.became for one in made), third]
    assert [one.rows for one in made] == [1, 1]
    kept = [rows(home, name, tmp_path / "rows") for name in names(home)]
    assert kept == [
        [("b.example", "one")],
        [("a.example", "two"), ("b.example", "one")],
        [("b.example", "one")],
    ]
    assert not days.find(folder(home), TRAFFIC, STREAM)


def test_nothing_of_a_domain_is_left_but_a_tombstone_that_does_not_name_it(home):
    _, leaves = digest(home, THIRD)
    assert b"a.example" in everything(home)
    erase(home, DOMAIN)
    assert b"a.example" not in everything(home)
    notes = tombstones.of_day(folder(home))
    known = {(leaf.capture, leaf.sha256) for leaf in leaves}
    assert {(one.capture, one.sha256) for one in notes} < known
    assert {one.kind for one in notes} == {"domain"}
    manifest = Capture(folder(home) / names(home)[0], captures.CaptureName(names(home)[0])).manifest
    assert manifest["domains"] == ["b.example"]
    assert manifest["rows_by_domain"] == {"b.example": 1}
    assert manifest["requests"][0]["payload"]["DomainList"] == ["b.example"]


def test_stated_totals_stay_and_contradict_nothing(home, tmp_path):
    erase(home)
    newest = captures.CaptureName(names(home)[1])
    capture_ = Capture(folder(home) / newest.text, newest)
    ((*_, body),) = capture_.responses()
    assert json.loads(body)["Result"]["TotalUpTraffic"] == 9.0
    origin = parquet.normalise(tmp_path / "rows", TRAFFIC, DAY, capture_)
    assert (origin.rows, origin.disagreeing) == (2, ())


def test_what_people_said_of_a_capture_holds_for_what_is_left(home):
    first, *_ = names(home)
    acceptance.accept(folder(home), first, THIRD, "me", "as a.example/live/one was off")
    seen_notes.note_seen(folder(home), captures.CaptureName(first), THIRD + timedelta(days=1))
    erase(home)
    (note,) = acceptance.accepted(folder(home))
    assert (note["capture"], note["reason"]) == (names(home)[0], "(erased)")
    assert seen_notes.seen(folder(home))[0]["capture"] == names(home)[0]


def test_files_that_are_shared_and_do_not_name_it_stay_shared(home):
    other = PlainItem.parse(ItemKind.DOMAIN, "c.example")
    assert erase(home, other) == []
    assert tombstones.of_day(folder(home)) == []


def test_a_damaged_capture_is_told_and_nothing_of_the_day_changes(home):
    path = next(folder(home).rglob("responses.zst"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    before = names(home)
    with pytest.raises(captures.UnusableCapture):
        erase(home)
    assert names(home) == before


def killed_at(step, work):
    """Run `work` in a child that ends at the step-th change of the disk; False if it has fewer."""
    child = os.fork()
    if child == 0:
        left = [step]

        def hook(event, _args):
            if event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link"):
                left[0] -= 1
                if not left[0]:
                    os._exit(KILLED)

        sys.addaudithook(hook)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


@pytest.mark.parametrize("item", [STREAM, slow(DOMAIN)], ids=["stream", "domain"])
def test_a_kill_at_any_step_is_finished_by_the_same_again(home, tmp_path, item):
    erasure = Erasure.begin(item, "2026-11-24T00:00:00+00:00", DAY)
    whole = tmp_path / "whole"
    shutil.copytree(home.root, whole, ignore=shutil.ignore_patterns("whole", "killed*"))
    erase(Home(whole), item, erasure)
    step = 0
    while True:
        step += 1
        root = tmp_path / f"killed-{step}"
        shutil.copytree(home.root, root, ignore=shutil.ignore_patterns("whole", "killed*"))
        if not killed_at(step, lambda at=root: erase(Home(at), item, erasure)):
            break
        assert len({name[:21] for name in names(Home(root))}) == 3, step  # the day stays as it is
        erase(Home(root), item, erasure)
        assert names(Home(root)) == names(Home(whole)), step
        assert everything(Home(root)) == everything(Home(whole)), step
        assert [*root.rglob(f"{atomic.TEMP_PREFIX}*")] == [], step
        shutil.rmtree(root)
    assert step > 15


def restored(home, tmp_path, name):
    """The capture of before an erasure, as somebody copies it back from a backup."""
    shutil.copytree(tmp_path / "backup" / name, folder(home) / name)


def test_a_capture_that_is_back_goes_again_and_becomes_no_capture_of_its_own(home, tmp_path):
    """It may hold an item of an earlier erasure, which this one would not cut out."""
    first, second, third = names(home)
    shutil.copytree(folder(home), tmp_path / "backup")
    erase(home)
    left = names(home)
    for name in (first, second):
        restored(home, tmp_path, name)
    seen_notes.note_seen(folder(home), captures.CaptureName(first), THIRD + timedelta(days=1))
    assert names(home) == left
    assert days.find(folder(home), TRAFFIC, STREAM).captures
    other = PlainItem.parse(ItemKind.DOMAIN, "c.example")
    assert erase(home, other) == []
    assert captures.erased_in(folder(home)) == []
    assert names(home) == left
    assert seen_notes.seen(folder(home))[0]["capture"] == left[0]
    assert third in left


def test_a_capture_that_is_back_and_whose_rest_is_gone_is_told_and_not_deleted(home, tmp_path):
    first, *_ = names(home)
    shutil.copytree(folder(home), tmp_path / "backup")
    (left, *_) = [one.became for one in erase(home)]
    shutil.rmtree(folder(home) / left)
    restored(home, tmp_path, first)
    with pytest.raises(captures.UnusableCapture, match=f"{left}, .*is gone"):
        erase(home)
    assert (folder(home) / first).is_dir()


def test_an_erasure_of_an_earlier_version_that_was_killed_after_its_tombstone_is_finished(home):
    """It wrote the tombstone before there was a capture without the item."""
    erasure = Erasure.begin(STREAM, "2026-11-24T00:00:00+00:00", DAY)
    first, *_ = names(home)
    stone = tombstones.Tombstone(
        erasure=erasure.id, kind="stream", at="", capture=first, sha256="0", became="x", rows=1
    )
    tombstones.add(folder(home), stone)
    erase(home, STREAM, erasure)
    assert first not in [path.name for path in folder(home).iterdir()]
    assert len(names(home)) == 3
    assert not days.find(folder(home), TRAFFIC, STREAM)
