"""Moving loses nothing, whatever step it is broken off at, and the same again finishes it."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from resources.fs import atomic
from resources.fs.object_store import StoreError
from resources.raw import captures, cold, cold_move, tombstones
from resources.raw.capture_writer import CaptureWriter
from resources.raw.captures import DamagedCapture
from resources.raw.cold_move import NotMoved
from resources.raw.tombstones import Tombstone
from tests.support.cold_store import Out, bodies, lose, move
from tests.unit.raw.conftest import DATASET, DAY, NOW

UNDER = "home/stream_count/2026-11-21"


def test_bodies_move_and_come_back_and_the_store_has_nothing_left(captured_day, store):
    files = {path: path.read_bytes() for path in captured_day.glob("*/*.zst")}
    moved = move(captured_day, store)
    assert (moved.files, moved.bytes) == (2, sum(map(len, files.values())))
    assert not any(path.exists() for path in files)
    assert {*store.objects} == {
        f"bucket/cold/{UNDER}/{path.parent.name}/{path.name}" for path in files
    }
    assert move(captured_day, store).files == 0
    back = cold_move.back(captured_day, store)
    assert (back.files, back.bytes) == (moved.files, moved.bytes)
    assert {path: path.read_bytes() for path in captured_day.glob("*/*.zst")} == files
    assert store.objects == {}
    assert not (captured_day / cold.NOTE).exists()


class Broken(BaseException):
    """Stands for a kill."""


def breaking_off(monkeypatch, store, step):
    """Break off before the step of that number, of all that change something."""
    steps = iter(range(10_000))

    def breaking(holder, name):
        done = getattr(holder, name)

        def step_or_break(*words, **more):
            if next(steps) == step:
                raise Broken
            return done(*words, **more)

        monkeypatch.setattr(holder, name, step_or_break)

    for name in ("put", "get", "delete"):
        breaking(store, name)
    for name in ("fsync", "rename_into_place", "temp_path"):
        breaking(atomic, name)
    breaking(Path, "unlink")
    return steps


@pytest.mark.parametrize("way", ["there", "back"])
def test_broken_off_at_any_step_every_body_is_read_and_the_same_again_finishes_it(
    captured_day, store, way
):
    before, step, was_broken = bodies(captured_day), 0, True
    do = move if way == "there" else cold_move.back
    while was_broken:
        if way == "back":
            move(captured_day, store)
        with pytest.MonkeyPatch.context() as patch:
            steps = breaking_off(patch, store, step)
            try:
                do(captured_day, store)
                was_broken = False
            except Broken:
                pass
            taken = next(steps)
        assert bodies(captured_day) == before, step
        objects = {name.removeprefix("bucket/cold/") for name in store.objects}
        assert objects <= {one.key for one in cold.noted(captured_day).values()}, step
        do(captured_day, store)
        atomic.remove_stale_temps(captured_day)
        is_here = [path.exists() for path in captured_day.glob("*/responses.zst")]
        assert (len(is_here), len(store.objects)) == ((0, 2) if way == "there" else (2, 0)), step
        cold_move.back(captured_day, store)
        assert bodies(captured_day) == before, step
        step += 1
    assert taken >= 10
    assert not [p for p in captured_day.iterdir() if p.name.startswith(atomic.TEMP_PREFIX)]


def test_what_reads_back_otherwise_stays_here(captured_day, store, monkeypatch):
    put = type(store).put
    before = bodies(captured_day)

    def losing(self, source, key):
        put(self, source, key)
        path = self.root / self.place.path_of(key)
        path.write_bytes(path.read_bytes()[:-1])

    monkeypatch.setattr(type(store), "put", losing)
    with pytest.raises(NotMoved, match="stays where it is"):
        move(captured_day, store)
    assert len([*captured_day.glob("*/*.zst")]) == 2
    assert bodies(captured_day) == before


def test_a_damaged_file_is_not_moved_and_a_damaged_object_is_not_brought_back(captured_day, store):
    first, second = sorted(captured_day.glob("*/*.zst"))
    good = first.read_bytes()
    first.write_bytes(good[:-1] + b"?")
    with pytest.raises(DamagedCapture, match="so it was not moved"):
        move(captured_day, store)
    assert second.exists()
    first.write_bytes(good)
    move(captured_day, store)
    path = store.root / "bucket/cold" / UNDER / first.parent.name / first.name
    path.write_bytes(good[:-1] + b"?")
    back = cold_move.back(captured_day, store)
    (problem,) = back.problems
    assert "is not what was moved there" in problem
    assert f"Restore {first} from a backup" in problem
    assert (back.files, second.exists(), [*store.objects]) == (
        1,
        True,
        [f"bucket/cold/{_key(first)}"],
    )
    first.write_bytes(good)  # as from a backup
    assert cold_move.back(captured_day, store).problems == []
    assert store.objects == {}


def _key(path):
    return f"{UNDER}/{path.parent.name}/{path.name}"


def test_a_missing_object_is_told_and_the_others_come_back(captured_day, store):
    first, second = sorted(captured_day.glob("*/*.zst"))
    good = first.read_bytes()
    move(captured_day, store)
    lose(store, first.parent.name)
    for _ in range(2):
        (problem,) = cold_move.back(captured_day, store).problems
        assert problem.startswith(f"s3://bucket/cold has no {_key(first)}, ")
        assert f"Restore {first} from a backup" in problem
    assert (second.exists(), [*cold.noted(captured_day)]) == (
        True, [f"{first.parent.name}/{first.name}"],
    )  # fmt: skip
    first.write_bytes(good)  # as from a backup
    assert cold_move.back(captured_day, store).problems == []
    assert not (captured_day / cold.NOTE).exists()


def test_a_file_that_the_store_does_not_have_once_it_was_put_stays_here(
    captured_day, store, monkeypatch
):
    monkeypatch.setattr(type(store), "put", lambda *_: None)
    before = bodies(captured_day)
    with pytest.raises(NotMoved, match=r"has no .*responses.zst after it was put"):
        move(captured_day, store)
    assert bodies(captured_day) == before


def test_a_note_that_is_lost_or_damaged_is_found_again(captured_day, store):
    before = bodies(captured_day)
    move(captured_day, store)
    for harm in (Path.unlink, lambda path: path.write_text("{}")):
        harm(captured_day / cold.NOTE)
        move(captured_day, store)
        assert bodies(captured_day) == before


def moved_out(day_folder, number=0):
    """Move a capture's folder out of the home, as `livestats verify` advises: its name, and where it is."""
    name = captures.captures_in(day_folder)[number].text
    away = day_folder.parents[2] / name
    (day_folder / name).rename(away)
    return name, away


def _strays(day_folder):
    return cold.strays(day_folder, cold.noted(day_folder))


def captured_anew(day_folder, after=None):
    """One more capture of the day, which is the newest."""
    writer = CaptureWriter(day_folder, DATASET, DAY)
    body = captures.pack(b"anew")
    writer.add(captures.Response(0, 1, {}, NOW.isoformat(), 4, body))
    return writer.commit(writer.seal(NOW + timedelta(hours=9), 3, after, {})).name


def test_an_erasure_deletes_what_is_of_captures_that_are_not_there(captured_day, store):
    move(captured_day, store)
    raw = captured_day.parents[1]
    cold_move.forget(captured_day, raw)
    assert len(store.objects) == 2
    name, _ = moved_out(captured_day)
    assert _strays(captured_day).keys() == {f"{name}/{captures.RESPONSES}"}
    cold_move.forget(captured_day, raw)
    (second,) = captures.captures_in(captured_day)
    assert [name.split("/")[5] for name in store.objects] == [second.text]
    assert [*cold.noted(captured_day)] == [f"{second.text}/{captures.RESPONSES}"]


@pytest.mark.parametrize("way", ["there", "back"])
def test_once_the_day_is_captured_anew_a_capture_that_was_moved_out_leaves_nothing(
    captured_day, store, way
):
    move(captured_day, store)
    name, _ = moved_out(captured_day, 1)
    captured_anew(captured_day, captures.captures_in(captured_day)[-1])
    done = move(captured_day, store) if way == "there" else cold_move.back(captured_day, store)
    assert (done.dropped, done.problems) == (1, [])
    assert [key for key in store.objects if name in key] == []
    assert _strays(captured_day) == {}
    assert len(cold.noted(captured_day)) == len(store.objects) == (2 if way == "there" else 0)


def test_a_capture_that_was_moved_out_can_be_put_back_until_then(captured_day, store):
    before = bodies(captured_day)
    move(captured_day, store)
    name, away = moved_out(captured_day, 1)
    (problem,) = cold_move.back(captured_day, store).problems
    assert f"is of {captured_day / name}, which is not there any more. Put it back" in problem
    assert move(captured_day, store).dropped == 0
    away.rename(captured_day / name)
    assert bodies(captured_day) == before
    assert cold_move.back(captured_day, store).problems == []
    assert store.objects == {}


def test_a_revision_that_a_later_capture_followed_is_not_given_up(captured_day, store):
    """`livestats verify` asks for it, also under the name that an erasure gave it."""
    move(captured_day, store)
    newest = captures.captures_in(captured_day)[-1]
    before = "20261122T041500000000Z-3-0123456789abcdef"
    captured_anew(captured_day, captures.CaptureName(before))
    facts = {"erasure": "e", "kind": "stream", "at": "", "sha256": "", "rows": 0}
    renamed = pairwise((before, "between", newest.text))
    tombstones.write(
        captured_day, [Tombstone(capture=was, became=now, **facts) for was, now in renamed]
    )
    moved_out(captured_day, 1)
    assert move(captured_day, store).dropped == 0
    assert cold_move.back(captured_day, store).dropped == 0
    assert len(store.objects) == 1


def test_an_object_that_is_deleted_by_hand_needs_no_capture(captured_day, store):
    move(captured_day, store)
    name, _ = moved_out(captured_day, 1)
    lose(store, name)
    back = cold_move.back(captured_day, store)
    assert (back.problems, back.dropped) == ([], 0)
    assert not (captured_day / cold.NOTE).exists()


def test_broken_off_at_any_step_what_is_given_up_is_noted_or_gone(captured_day, store):
    move(captured_day, store)
    name, _ = moved_out(captured_day)
    note = (captured_day / cold.NOTE).read_bytes()
    (object_, data), *_ = ((k, v) for k, v in store.objects.items() if name in k)
    for step in range(20):
        (captured_day / cold.NOTE).write_bytes(note)
        (store.root / object_).write_bytes(data)
        with pytest.MonkeyPatch.context() as patch:
            steps = breaking_off(patch, store, step)
            try:
                cold_move.forget(captured_day, captured_day.parents[1])
            except Broken:
                pass
            else:
                break
        is_noted = any(name in one for one in cold.noted(captured_day))
        assert is_noted or object_ not in store.objects, step
        cold_move.forget(captured_day, captured_day.parents[1])
        assert object_ not in store.objects, step
        assert _strays(captured_day) == {}, step
    assert next(steps) > 2


def test_a_store_that_takes_no_orders_is_found_out_beforehand(store, monkeypatch):
    cold_move.check_writable(store, "home")
    assert store.objects == {}
    monkeypatch.setattr(type(store), "get", lambda *_: None)
    with pytest.raises(
        StoreError,
        match="does not give back.* AWS_REQUEST_CHECKSUM_CALCULATION .*Nothing was changed",
    ):
        cold_move.check_writable(store, "home")
    store.files = Out()
    with pytest.raises(StoreError, match="cannot be used"):
        cold_move.check_writable(store, "home")


def test_the_note_holds_no_key_of_the_store(captured_day, store):
    move(captured_day, store)
    facts = json.loads((captured_day / cold.NOTE).read_bytes())
    assert facts.keys() == {"cold", "sha256"}
    assert all(one.keys() == {"key", "size"} for one in facts["cold"].values())
