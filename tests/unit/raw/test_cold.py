"""A cold file of bodies is read as one that is here; where it cannot be had, the message says why."""

import pytest

from resources.api.body import whole
from resources.raw import captures, cold
from resources.raw.captures import Capture, UnreadableCapture
from resources.raw.cold import ColdFile
from tests.support.cold_store import Out, bodies, lose, move


def test_a_note_says_what_it_was_written_with_and_nothing_is_noted_without_one(tmp_path):
    assert cold.noted(tmp_path) == {}
    files = {"a/responses.zst": ColdFile("k/a", 3)}
    cold.write(tmp_path, files)
    assert cold.noted(tmp_path) == files
    cold.write(tmp_path, {})
    assert [*tmp_path.iterdir()] == []


def test_a_capture_that_cannot_be_looked_into_is_no_stray(tmp_path):
    files = {f"{name}/responses.zst": ColdFile(name, 3) for name in ("gone", "link", "here")}
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "here").mkdir()
    assert [*cold.strays(tmp_path, files)] == ["gone/responses.zst"]
    assert cold.strays(tmp_path / "none", {}) == {}


@pytest.mark.parametrize("text", ['{"cold": {}}', "", '{"cold": 3}'])
def test_a_damaged_note_is_an_error_that_says_what_to_do(tmp_path, text):
    (tmp_path / cold.NOTE).write_text(text)
    with pytest.raises(ValueError, match="`livestats cold` writes it again"):
        cold.noted(tmp_path)


def test_cold_bodies_are_read_and_no_file_is_left_of_it(captured_day, store):
    before = bodies(captured_day)
    move(captured_day, store)
    assert not [*captured_day.glob("*/*.zst")]
    assert bodies(captured_day) == before
    assert [path.name for path in captured_day.iterdir() if path.is_file()] == [cold.NOTE]
    assert [*(captured_day.parents[2] / "state").iterdir()] == []


def test_where_the_home_cannot_be_written_bodies_are_read_too(captured_day, store):
    before = bodies(captured_day)
    move(captured_day, store)
    (captured_day.parents[2] / "state").rmdir()
    assert bodies(captured_day) == before


def test_a_store_that_is_out_says_nothing_of_the_bytes(captured_day, store):
    move(captured_day, store)
    store.files = Out()
    with pytest.raises(UnreadableCapture, match=r"is cold, and the store does not give it: s3://"):
        bodies(captured_day)


def test_an_object_that_is_gone_is_damage_of_its_capture(captured_day, store):
    move(captured_day, store)
    lose(store, "responses")
    said = r"is cold, and s3://bucket/cold has no home/\S+/responses.zst. Restore it from a backup"
    with pytest.raises(captures.DamagedCapture, match=said):
        bodies(captured_day)


def test_without_a_place_in_the_identity_file_the_message_names_the_setting(captured_day, store):
    move(captured_day, store)
    (captured_day.parents[2] / "archive.json").unlink()
    with pytest.raises(UnreadableCapture, match=r"Set scale\.cold to the place and run"):
        bodies(captured_day)


def test_bytes_that_changed_in_the_store_are_damage(captured_day, store):
    move(captured_day, store)
    (path,) = [store.root / name for name in store.objects if "responses" in name][:1]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(captures.DamagedCapture, match="has changed since it was written"):
        bodies(captured_day)


def test_a_file_that_is_nowhere_is_missing_and_not_cold(captured_day):
    for path in captured_day.glob("*/*.zst"):
        path.unlink()
    with pytest.raises(captures.DamagedCapture, match="No such file"):
        bodies(captured_day)


def test_a_large_answer_is_read_out_of_the_store_while_it_is_open(captured_day, store, monkeypatch):
    monkeypatch.setattr("resources.api.body.LARGE_BYTES", 10)
    move(captured_day, store)
    (name, *_) = captures.captures_in(captured_day)
    read = [whole(body) for *_, body in Capture(captured_day / name.text, name).responses()]
    assert len(read) == 4
