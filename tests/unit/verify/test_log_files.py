"""Every byte of a kept log file is held against its note."""

from __future__ import annotations

import pytest

from resources.api.catalog import DATASETS
from resources.fs import atomic
from resources.logs import notes, parse
from resources.verify.findings import FindingKind
from resources.verify.run import Verification
from tests.support.log_files import DAY, files_of, kept, log_lab
from tests.support.refused import refuse_to_read


@pytest.fixture
def account(tmp_path):
    with log_lab(tmp_path) as found:
        kept(found)
        yield found


def findings(account, **options):
    look = Verification(account.archive, [DATASETS["log_file"]], **options)
    found = [f for f in look.findings() if "logs" in f.subject.parts]
    return {f.subject: f for f in found}, look


def test_files_as_they_were_written_are_fine_and_read(account):
    found, look = findings(account)
    assert found == {}
    assert look.bytes >= sum(path.stat().st_size for path in files_of(account))
    assert look.size() >= sum(path.stat().st_size for path in files_of(account))


def test_damage_is_named_with_what_to_do(account):
    changed, gone, *_ = files_of(account)
    data = bytearray(changed.read_bytes())
    data[5] ^= 1
    changed.write_bytes(data)
    gone.unlink()
    foreign = gone.with_name("somebody.gz")
    foreign.write_bytes(b"else")
    half = atomic.temp_path(gone)
    half.write_bytes(b"half")
    (account.archive.home.logs / "mine").mkdir()
    found, _ = findings(account)
    kinds = {path: one.kind for path, one in found.items()}
    assert kinds == {
        changed: FindingKind.DAMAGED,
        gone: FindingKind.MISSING,
        foreign: FindingKind.EXTRA,
        half: FindingKind.LEFTOVER,
        account.archive.home.logs / "mine": FindingKind.EXTRA,
    }
    assert "move" in found[changed].remedy
    assert "livestats backfill" in found[changed].remedy
    changed.unlink()  # as told
    assert kept(account)[0].is_kept


def test_a_file_in_the_place_of_all_of_them_is_told(account):
    folder = account.archive.home.logs
    folder.rename(folder.with_name("aside"))
    folder.touch()
    found, _ = findings(account)
    assert {path: one.kind for path, one in found.items()} == {folder: FindingKind.EXTRA}
    folder.unlink()  # as told
    assert kept(account)[0].is_kept


def test_what_the_vendor_has_dropped_is_to_be_restored(account):
    files_of(account)[0].unlink()
    late = account.with_(LIVESTATS_NOW="2027-01-01T00:00:00+08:00").only("domain", "log_file")
    found, _ = findings(late.set(log_files="keep"))
    (one,) = found.values()
    assert "Restore it from a backup" in one.remedy
    assert "livestats backfill" not in one.remedy


def test_a_changed_note_and_a_file_without_one_are_told_apart(account):
    folder = notes.folder_of(account.archive.home, DAY)
    path = folder / notes.NOTE
    data = path.read_bytes()
    path.write_bytes(data.replace(b"pull", b"pool", 1))
    found, _ = findings(account)
    assert [one.kind for one in found.values()] == [FindingKind.DAMAGED]
    path.unlink()
    found, _ = findings(account)
    assert {one.kind for one in found.values()} == {FindingKind.LEFTOVER}
    assert len(found) == len(files_of(account))


def test_days_that_were_not_chosen_are_not_read(account):
    files_of(account)[0].unlink()
    assert findings(account, last=DAY.replace(day=1))[0] == {}


def test_lines_that_are_not_those_of_the_files_are_told(account):
    home = account.archive.home
    [*parse.sync(home, [DAY])]
    assert findings(account)[0] == {}
    path = notes.folder_of(home, DAY) / notes.LINES
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    (one,) = findings(account)[0].values()
    assert one.subject == path
    assert "livestats backfill" in one.remedy


def test_a_note_that_may_not_be_read_is_not_verified_and_not_damaged(account, monkeypatch):
    refuse_to_read(monkeypatch, notes.NOTE)
    found, _ = findings(account)
    assert {one.kind for one in found.values()} == {FindingKind.UNVERIFIED}
    assert all("leave it where it is" in one.remedy for one in found.values())
