"""`livestats backup`: right at any moment, incremental, checked, and never of two homes."""

import json
import shutil
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from pipelines.backup import copy, target
from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.fs import atomic, locks
from resources.lake import parquet
from resources.ledger import acceptance, refused_captures
from resources.raw import captures
from resources.raw.captures import RESPONSES
from resources.verify.run import Verification
from tests.support.aged_archive import NAMES, TOMORROW
from tests.support.archives import DAYS, contents, leftovers
from tests.support.suites import slow

TRAFFIC = "batch_stream_traffic"
SOME = tuple(DATASETS[name] for name in NAMES)
"""What the archive has."""


@pytest.fixture
def lab(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    later = (TOMORROW + timedelta(days=1)).isoformat()
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"), LIVESTATS_NOW=later)


def run(lab, *words):
    environ = {**lab.archive.environ, "VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": ""}
    return CliRunner().invoke(main, ["backup", *map(str, words)], env=environ)


def held(root):
    """Files of a home that a backup has, by their path below it."""
    found = contents(root / "raw", root / "lake")
    return {path.removeprefix(str(root)): digest for path, digest in found.items()}


def restored(lab, root, datasets=SOME):
    """The backup as a home, its tables made: verify has nothing to say.

    Tables are made anew as well if `datasets` are all: that takes most of the CPU.
    """
    other = lab.with_(LIVESTATS_HOME=str(root))
    other.load()
    findings = Verification(other.archive, datasets).findings()
    return [(f.kind, str(f.subject), f.text) for f in findings]


def test_a_backup_holds_what_the_home_holds_and_restores(lab, tmp_path):
    before = contents(lab.root)
    result = run(lab, tmp_path / "copy")
    assert result.exit_code == 0, result.output
    assert "Copied 12 captures and 10 lake files" in result.stdout
    assert contents(lab.root) == before
    assert held(tmp_path / "copy") == held(lab.root)
    again = run(lab.with_(LIVESTATS_HOME=str(tmp_path / "copy")), tmp_path / "restored")
    assert again.exit_code == 0, again.output
    assert held(tmp_path / "restored") == held(lab.root)
    assert restored(lab, tmp_path / "restored", tuple(DATASETS.values())) == []


def test_only_what_is_new_is_copied(lab, tmp_path):
    assert run(lab, tmp_path / "copy").exit_code == 0
    kept = {p: p.stat().st_ino for p in (tmp_path / "copy" / "raw").rglob("*.zst")}
    lab.capture([date(2026, 11, 22)], NAMES)
    answer = json.loads(run(lab, tmp_path / "copy", "--json").stdout)
    assert answer["present"] == 12
    assert 0 < answer["captures"] < 12
    assert answer["problems"] == []
    assert (
        kept.items()
        <= {p: p.stat().st_ino for p in (tmp_path / "copy" / "raw").rglob("*.zst")}.items()
    )
    assert json.loads(run(lab, tmp_path / "copy", "--json").stdout)["bytes"] == 0


def test_what_a_person_accepted_is_in_the_backup(lab, tmp_path):
    folder = captures.folder_of(lab.archive.home.raw, TRAFFIC, min(DAYS))
    name = captures.captures_in(folder)[-1].text
    acceptance.accept(folder, name, lab.archive.now(), "me", "the vendor says so")
    assert run(lab, tmp_path / "copy").exit_code == 0
    copied = captures.folder_of(tmp_path / "copy" / "raw", TRAFFIC, min(DAYS))
    assert acceptance.is_accepted(copied, name)


def test_that_a_capture_is_refused_is_in_the_backup(lab, tmp_path):
    """Without the note, the day is complete there."""
    folder = captures.folder_of(lab.archive.home.raw, TRAFFIC, min(DAYS))
    name = captures.captures_in(folder)[-1].text
    refused_captures.note(folder, name, "its answers are of another day")
    assert run(lab, tmp_path / "copy").exit_code == 0
    copied = captures.folder_of(tmp_path / "copy" / "raw", TRAFFIC, min(DAYS))
    assert refused_captures.reason_of(copied, name) == "its answers are of another day"


@pytest.mark.parametrize("step", ["raw", slow("lake"), "notes"])
def test_a_capture_that_ends_meanwhile_leaves_the_backup_right(lab, tmp_path, monkeypatch, step):
    """After raw was copied, while lake is, and between the notes and the list of a day."""
    done = []

    def capture():
        if not done:
            done.append(True)
            lab.capture([date(2026, 11, 22)], NAMES)
            lab.capture(DAYS[1:], NAMES, again=True)
            lab.load()

    match step:
        case "raw":
            function = copy._datasets
            monkeypatch.setattr(
                copy,
                "_datasets",
                lambda layer: (layer.name == "lake" and capture()) or function(layer),
            )
        case "lake":
            function = copy._lake_file
            monkeypatch.setattr(copy, "_lake_file", lambda *words: capture() or function(*words))
        case _:
            function = captures.captures_in
            monkeypatch.setattr(
                captures,
                "captures_in",
                lambda folder: (
                    (lab.root in folder.parents and len(done) == 0 and capture())
                    or function(folder)
                ),
            )
    assert run(lab, tmp_path / "copy").exit_code == 0
    assert done
    assert restored(lab, tmp_path / "copy") == []


@pytest.mark.parametrize("at", [13, slow(1), slow(7), slow(20)])
def test_a_backup_that_is_killed_is_right_and_the_next_goes_on(lab, tmp_path, monkeypatch, at):
    steps = []
    rename = atomic.rename_into_place

    def killed(temp, path):
        steps.append(path)
        if len(steps) == at + 2:  # marker and identity
            raise KeyboardInterrupt
        rename(temp, path)

    monkeypatch.setattr(atomic, "rename_into_place", killed)
    with pytest.raises(KeyboardInterrupt):
        copy.backup(lab.archive, tmp_path / "copy")
    monkeypatch.undo()
    shutil.copytree(tmp_path / "copy", tmp_path / "at once")
    assert restored(lab, tmp_path / "at once") == []
    (tmp_path / "copy" / "raw" / TRAFFIC).mkdir(parents=True, exist_ok=True)
    assert run(lab, tmp_path / "copy").exit_code == 0
    assert leftovers(tmp_path / "copy") == []
    assert held(tmp_path / "copy") == held(lab.root)


# What cannot be copied ---------------------------------------------------------------------------


def break_answers(lab):
    path = captures.newest(lab.root / "raw" / TRAFFIC / str(DAYS[0])).folder / RESPONSES
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    return path.parent


def break_lake(lab):
    path = parquet.path_of(lab.archive.home.lake, TRAFFIC, DAYS[0])
    path.write_bytes(b"cut")
    return path


def break_folder(lab):
    """A folder that cannot be listed: a file lies in its place."""
    path = captures.newest(lab.root / "raw" / TRAFFIC / str(DAYS[0])).folder
    shutil.rmtree(path)
    path.touch()
    return path


@pytest.mark.parametrize("harm", [break_answers, break_lake, slow(break_folder)])
def test_what_is_damaged_is_named_and_the_rest_is_copied(lab, tmp_path, harm):
    path = harm(lab)
    result = run(lab, tmp_path / "copy")
    assert result.exit_code == 1, result.output
    assert f"Not copied: {path}: " in result.stdout
    assert "complete_at" not in result.stdout
    copied = held(tmp_path / "copy")
    assert set(held(lab.root)) - set(copied) <= {p for p in held(lab.root) if TRAFFIC in p}
    lake = parquet.path_of(tmp_path / "copy" / "lake", TRAFFIC, DAYS[0])
    assert not lake.exists(), "no rows without their answers"
    assert restored(lab, tmp_path / "copy") == []


def test_a_full_target_ends_the_backup_at_once(lab, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "file")

    monkeypatch.setattr(atomic, "copy_file", full)
    result = run(lab, tmp_path / "copy")
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert leftovers(tmp_path / "copy") == []


# Whose it is -------------------------------------------------------------------------------------


def marker_of_another(_lab, root):
    (root / "raw").mkdir(parents=True)
    other = {"time_zone": "Asia/Shanghai", "first_day": "2026-11-18", "created_at": "2020"}
    (root / target.MARKER).write_bytes(
        target.sealed.seal({"format": 1, "home": other, "complete_at": None})
    )


def home_of_another(_lab, root):
    root.mkdir()
    (root / "archive.json").write_bytes(
        target.sealed.seal({"format": 1, "time_zone": "UTC", "first_day": "2026-11-18"})
    )


def captures_of_another(lab, root):
    """A home that was made in the same second."""
    assert run(lab, root).exit_code == 0
    for path in [*(root / "raw").glob("*/*/*Z-*")]:
        path.rename(path.with_name(f"20200101T000000000000Z-1-{path.name[-16:]}"))


def something_else(_lab, root):
    (root / "photos").mkdir(parents=True)


def a_file(_lab, root):
    root.touch()


def damaged_marker(_lab, root):
    root.mkdir()
    (root / target.MARKER).write_bytes(b"{}")


@pytest.mark.parametrize(
    "prepare",
    [
        marker_of_another,
        home_of_another,
        captures_of_another,
        something_else,
        a_file,
        damaged_marker,
    ],
)
def test_a_folder_of_something_else_is_refused_and_stays_as_it_is(lab, tmp_path, prepare):
    root = tmp_path / "copy"
    prepare(lab, root)
    before = contents(root)
    result = run(lab, root)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert contents(root) == before


@pytest.mark.parametrize("where", [".", "copy", ".."])
def test_home_and_backup_lie_apart(lab, where):
    result = run(lab, lab.root / where)
    assert result.exit_code == 2
    assert "must lie apart" in result.stderr


def test_a_backup_removes_what_a_killed_one_left(lab, tmp_path):
    copy = tmp_path / "copy"
    assert run(lab, copy).exit_code == 0
    day = copy / "raw" / TRAFFIC / str(DAYS[0])
    (day / ".making-20261122T040000000000Z-1-00-1-00000000").mkdir()
    (day / ".making-seen.json-1-00000000").touch()
    (copy / ".making-backup.json-1-00000000").touch()
    path = parquet.path_of(copy / "lake", TRAFFIC, DAYS[0])
    path.unlink()  # it was killed before the file had its name
    path.with_name(".making-rows.parquet-1-00000000").touch()
    assert run(lab, copy).exit_code == 0
    assert [*copy.rglob(".making-*")] == []
    assert [*(copy / "locks").iterdir()] == []


def test_a_backup_that_was_killed_as_it_began_goes_on(lab, tmp_path):
    (tmp_path / "copy" / "locks").mkdir(parents=True)
    assert run(lab, tmp_path / "copy").exit_code == 0


def test_two_backups_do_not_write_at_once(lab, tmp_path):
    (tmp_path / "copy").mkdir()
    with locks.lock(tmp_path / "copy" / "locks" / "backup"):
        result = run(lab, tmp_path / "copy")
    assert result.exit_code == 2
    assert "Another backup is at work" in result.stderr


def test_without_an_archive_nothing_is_made(lab, tmp_path):
    result = run(lab.with_(LIVESTATS_HOME=str(tmp_path / "typo")), tmp_path / "copy")
    assert result.exit_code == 2
    assert "There is no archive in" in result.stderr
    assert not (tmp_path / "copy").exists()


def test_the_answers_of_an_earlier_capture_are_linked(lab, tmp_path):
    """A supplement carries them over: a backup holds them once as well."""
    from resources.raw.capture_writer import CaptureWriter

    day = lab.root / "raw" / TRAFFIC / str(DAYS[0])
    earlier = captures.newest(day)
    writer = CaptureWriter(day, DATASETS[TRAFFIC], DAYS[0])
    writer.carry(earlier)
    facts = {
        key: value
        for key, value in earlier.manifest.items()
        if key not in ("format", "dataset", "action", "day", "fetched_at", "rows", "after")
        and key not in ("responses_sha256", "requests")
    }
    name = writer.seal(lab.archive.now(), earlier.name.rows, earlier.name, facts)
    writer.commit(name)
    assert run(lab, tmp_path / "copy").exit_code == 0
    copied = tmp_path / "copy" / "raw" / TRAFFIC / str(DAYS[0])
    one = copied / earlier.name.text / RESPONSES
    assert (copied / name.text / "carried-1.zst").stat().st_ino == one.stat().st_ino
    assert restored(lab, tmp_path / "copy") == []


def test_a_backup_is_proven_as_it_is(lab, tmp_path):
    """It has no tables, which is no finding there; a home that serves nothing says so."""
    assert run(lab, tmp_path / "copy").exit_code == 0
    copy = lab.with_(LIVESTATS_HOME=str(tmp_path / "copy"))
    assert [*Verification(copy.archive, SOME).findings()] == []
    (tmp_path / "copy" / target.MARKER).unlink()
    (found,) = Verification(copy.archive, SOME).findings()
    assert "nothing is served" in found.text
