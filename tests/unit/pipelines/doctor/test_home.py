"""Checks of the home: locks, the shared call budget, freshness."""

import errno
import os
import shutil

import pytest

from pipelines.doctor import Severity
from pipelines.doctor import home as of_home
from resources.archive import Archive
from resources.fs import locks
from resources.raw import tombstones
from resources.raw.erasures import FILE, Erasures
from tests.support.archives import DAYS, SMALL, lab


def archive(folder, **more):
    return Archive.open({"LIVESTATS_HOME": str(folder), **more}, folder)


def test_a_file_system_that_keeps_locks_is_fine_and_nothing_is_made(tmp_path):
    finding = of_home.locks_found(archive(tmp_path / "new"))
    assert finding.severity is Severity.OK
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_at_work_has_locks(tmp_path):
    held = locks.try_lock_folder(tmp_path)
    assert of_home.locks_found(archive(tmp_path)).severity is Severity.OK
    os.close(held)


def test_a_file_system_that_pretends_to_lock_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("resources.fs.locks.fcntl.flock", lambda *_: None)
    finding = of_home.locks_found(archive(tmp_path))
    assert finding.severity is Severity.PROBLEM
    assert "local disk" in finding.remedy


def test_a_file_system_without_locks_is_a_problem(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("resources.fs.locks.fcntl.flock", refuse)
    finding = of_home.locks_found(archive(tmp_path))
    assert finding.severity is Severity.PROBLEM
    assert "No locks available" in finding.text


def test_the_budget_is_told_and_must_be_writable(tmp_path, monkeypatch):
    found = archive(tmp_path, LIVESTATS_CALLS_PER_SECOND="12")
    assert "at most 12 of all" in of_home.budget_found(found).text
    found.home.budget.mkdir(parents=True)
    assert of_home.budget_found(found).severity is Severity.OK
    monkeypatch.setattr(of_home, "can_write", lambda _: False)
    finding = of_home.budget_found(found)
    assert finding.severity is Severity.PROBLEM
    assert str(found.home.budget) in finding.text


@pytest.mark.parametrize("damage", [lambda file: file.write_text("{}"), lambda file: file.unlink()])
def test_a_file_of_erasures_that_is_damaged_or_gone_is_a_problem(damage, tmp_path):
    found = archive(tmp_path)
    day = found.home.raw / "traffic" / str(DAYS[0])
    day.mkdir(parents=True)
    tombstones.write(day, [])
    Erasures().write(found.home.raw)
    assert [*of_home.erasures_found(found)] == []
    damage(tmp_path / FILE)
    (finding,) = of_home.erasures_found(found)
    assert finding.severity is Severity.PROBLEM
    assert "Restore it from a backup" in finding.remedy


@pytest.fixture(scope="module")
def served_once(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("doctor") / "home", SMALL) as found:
        found.only("domain", "isp", "stream_count").backfill(DAYS[1:])
        yield found.only("domain", "isp", "stream_count")


@pytest.fixture
def fresh(served_once, tmp_path):
    """A copy of a small archive that was captured and served just now."""
    shutil.copytree(served_once.root, tmp_path / "home", symlinks=True)
    moved = served_once.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    return moved.only("domain", "isp", "stream_count")


def test_freshness_says_when_the_api_last_told_something(fresh, tmp_path):
    finding = of_home.freshness_found(fresh.archive)
    assert finding.severity is Severity.OK
    assert "stream_count of 2026-11-21" in finding.text
    nothing = archive(tmp_path / "nothing")
    assert of_home.freshness_found(nothing).severity is Severity.OK


def test_an_archive_that_nobody_asks_for_is_told(fresh):
    old = fresh.with_(LIVESTATS_NOW="2026-11-23T16:00:00+08:00").only("domain", "stream_count")
    finding = of_home.freshness_found(old.archive)
    assert finding.severity is Severity.WARNING
    assert "28 hours ago" in finding.text
    older = fresh.with_(LIVESTATS_NOW="2026-12-23T16:00:00+08:00").only("domain", "stream_count")
    assert "nothing of the last 7 days" in of_home.freshness_found(older.archive).text


def test_a_copy_that_does_not_show_all_is_told(fresh):
    fresh.capture(DAYS[:1], ["stream_count"])
    finding = of_home.freshness_found(fresh.archive)
    assert finding.severity is Severity.WARNING
    assert "livestats publish" in finding.remedy
    shutil.rmtree(fresh.root / "served")
    assert "nothing is served" in of_home.freshness_found(fresh.archive).text


@pytest.mark.parametrize("size", [0, 5000, None], ids=["emptied", "cut", "no database"])
def test_a_damaged_copy_is_a_problem(fresh, size):
    path = fresh.archive.home.served.resolve()
    path.write_bytes(path.read_bytes()[:size] if size is not None else b"x" * 100_000)
    finding = of_home.freshness_found(fresh.archive)
    assert finding.severity is Severity.PROBLEM
    assert "livestats publish" in finding.text + finding.remedy
