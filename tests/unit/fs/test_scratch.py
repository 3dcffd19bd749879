"""Folders for temporary files."""

import os
import tempfile
from pathlib import Path

import pytest

from resources.fs import locks, scratch


def test_a_folder_is_in_the_home_and_gone_after_the_block(tmp_path):
    with scratch.folder(tmp_path / "state") as found:
        assert found.parent == tmp_path / "state"
        (found / "file").touch()
    assert [*(tmp_path / "state").iterdir()] == []


def test_without_a_home_none_is_created(tmp_path):
    with scratch.folder(tmp_path / "home" / "state") as found:
        assert found.is_dir()
    assert not (tmp_path / "home").exists()


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_stays(tmp_path):
    state = tmp_path / "state"
    left, used = state / "scratch-left", state / "scratch-used"
    for path in (left, used):
        path.mkdir(parents=True)
    held = locks.try_lock_folder(used)
    with scratch.folder(state):
        assert not left.exists()
        assert used.exists()
    os.close(held)


def test_what_a_killed_process_left_where_the_system_has_them_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names = ("livestats-scratch-left", "livestats-scratch-used", "livestats-of-others")
    left, used, foreign = (tmp_path / name for name in names)
    for path in (left, used, foreign):
        path.mkdir()
    held = locks.try_lock_folder(used)
    with scratch.folder(tmp_path / "none" / "state") as found:
        assert found.parent == tmp_path
        assert [left.exists(), used.exists(), foreign.exists()] == [False, True, True]
    os.close(held)


def test_a_folder_that_another_process_removes_before_it_is_locked_is_made_again(
    tmp_path, monkeypatch
):
    real, made = tempfile.mkdtemp, []

    def removed_at_once(**words):
        made.append(real(**words))
        if len(made) == 1:
            Path(made[0]).rmdir()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", removed_at_once)
    with scratch.folder(tmp_path / "state") as found:
        assert str(found) == made[1]


def test_where_no_folder_can_be_made_the_message_names_both_places(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    (tmp_path / "state").touch()  # a file in the place of the folder
    with pytest.raises(scratch.NoScratch, match="Set TMPDIR"), scratch.folder(tmp_path / "state"):
        pass


def test_a_signal_just_after_a_folder_was_made_leaves_none(tmp_path, monkeypatch):
    def interrupted(_path):
        raise KeyboardInterrupt

    monkeypatch.setattr(locks, "try_lock_folder", interrupted)
    with pytest.raises(KeyboardInterrupt), scratch.folder(tmp_path / "state"):
        pass
    assert [*(tmp_path / "state").iterdir()] == []
