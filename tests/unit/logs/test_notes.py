"""Names from the API become names of files and back; a note is read as it was written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from resources.logs import notes
from resources.logs.notes import DayNote, Listed, LogFile, Version
from tests.support.refused import refuse_to_read

FOLDER = Path("logs/2026-11-20")
SUM = "0123456789abcdef" * 4
NAMES = ["a_2026_11_20_000000_010000_0.gz", "no-ending", ".hidden", "../../etc/passwd", "a b.gz",
         "日志.gz", "a.b.c", "..", "a%2Fb.gz", "x.toolongending", "-rf", "a.0123456789ab.gz", "\n"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("domain", ["pull.example.com", "", "..", "a/b"])
def test_a_name_stays_in_the_folder_and_is_read_back(name, domain):
    file = LogFile("pull", domain, name)
    path = file.path(FOLDER, SUM)
    assert len(path.relative_to(FOLDER).parts) == 3
    assert not any(part.startswith(".") for part in path.relative_to(FOLDER).parts)
    assert LogFile.of_path(FOLDER, path) == (file, SUM[:12])
    assert file.is_storable


def test_files_of_others_are_no_log_files():
    for name in ("pull/a/x.gz", "pull/x.0123456789ab.gz", "pull/a/b/x.0123456789ab.gz"):
        assert LogFile.of_path(FOLDER, FOLDER / name) is None


def test_a_name_that_is_too_long_is_not_stored():
    assert not LogFile("pull", "a.example", "x" * 181).is_storable
    assert not LogFile("pull", "a.example", "").is_storable


def version(size, listed=None, sha256=SUM):
    return Version(
        listed_bytes=size if listed is None else listed, bytes=size, sha256=sha256, kept_at="now"
    )


def test_a_note_is_read_as_it_was_written_and_any_change_is_found(tmp_path):
    file = LogFile("pull", "a.example", "x.gz")
    note = DayNote(datetime(2026, 11, 21, tzinfo=UTC), "capture")
    note.listed[file] = Listed("2026-11-20T00:00:00+08:00", 7)
    note.add(file, version(7))
    note.faults[file] = "a fault"
    note.erased.append({"erasure": "e", "sha256": SUM})
    notes.write(tmp_path, note)
    assert notes.read(tmp_path) == note
    path = tmp_path / notes.NOTE
    path.write_bytes(path.read_bytes().replace(b'"bytes": 7', b'"bytes": 8', 1))
    with pytest.raises(notes.UnreadableNote, match="backup"):
        notes.read(tmp_path)
    assert notes.read(tmp_path / "none") == DayNote()


def test_the_same_bytes_count_again_and_others_are_a_version():
    note, file = DayNote(), LogFile("pull", "a.example", "x.gz")
    note.add(file, version(7, listed=9))
    assert not note.newest(file).is_whole
    note.add(file, version(7, listed=9))
    assert note.newest(file).is_whole
    note.add(file, version(7, listed=8))  # another size in the list: not the same question
    assert not note.newest(file).is_whole
    note.add(file, version(8, sha256="f" * 64))
    assert len(note.versions[file]) == 2


def test_only_files_that_are_what_their_name_says_are_taken_up(tmp_path):
    file, at = LogFile("pull", "a.example", "x.gz"), datetime(2026, 11, 21, tzinfo=UTC)
    path = file.path(tmp_path, SUM)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"lines")
    note = DayNote()
    assert notes.adopt(tmp_path, note, at) == 0
    path.rename(file.path(tmp_path, notes.checksum(path)))
    (path.parent / "somebody.gz").write_bytes(b"else")
    assert notes.adopt(tmp_path, note, at) == 1
    assert note.newest(file).bytes == 5
    assert notes.adopt(tmp_path, note, at) == 0


def test_folders_are_for_the_owner_and_a_group(tmp_path):
    notes.make(tmp_path / "logs" / "2026-11-20" / "pull")
    made = [tmp_path / "logs", *(tmp_path / "logs").rglob("*")]
    assert [path.stat().st_mode & 0o007 for path in made] == [0, 0, 0]


def test_a_note_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    notes.write(tmp_path, DayNote())
    refuse_to_read(monkeypatch, notes.NOTE)
    with pytest.raises(notes.UnreadableNote, match="Permission denied.*leave it as it is"):
        notes.read(tmp_path)
