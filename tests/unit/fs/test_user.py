"""The folder of the user who runs the process."""

from pathlib import Path

from resources.fs.user import home_folder


def test_a_user_whom_the_system_does_not_know_has_a_folder_that_does_not_exist(monkeypatch):
    monkeypatch.setattr(Path, "home", classmethod(lambda _: (_ for _ in ()).throw(RuntimeError())))
    assert not home_folder().exists()


def test_the_folder_is_that_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_folder() == tmp_path
