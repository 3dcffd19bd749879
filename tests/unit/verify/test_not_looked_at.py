"""What the system does not let be read is not verified; it is not damaged, and nothing is to be moved."""

import errno
import os
import shutil
import tempfile
from itertools import product, starmap
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources import monitoring
from resources.api.catalog import DATASETS
from resources.fs import atomic, scratch
from resources.lake import parquet
from resources.raw import captures
from resources.raw.captures import MANIFEST, RESPONSES
from resources.raw.seen_notes import SEEN
from resources.verify import saved_result
from resources.verify.findings import FindingKind
from resources.verify.run import Verification
from tests.support.aged_archive import NAMES
from tests.support.archives import DAYS, contents
from tests.support.suites import slow

TRAFFIC = DATASETS["batch_stream_traffic"]
EVERY = tuple(DATASETS.values())
ALL = tuple(DATASETS[name] for name in NAMES)
"""What the archive has: no table is made anew, which takes most of the CPU."""
MOVING = ("move ", "delete", "remove", "write by hand", "--force")


@pytest.fixture
def lab(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"))


@pytest.fixture
def refuse(monkeypatch):
    """Has the system refuse to open or list what lies at or below a path. Tests may run as root."""
    refused = {}

    def guarded(function):
        def call(path, *args, **options):
            for bad, number in refused.items():
                if isinstance(path, str | os.PathLike) and Path(path).is_relative_to(bad):
                    raise OSError(number, os.strerror(number), str(path))
            return function(path, *args, **options)

        return call

    for name in ("open", "listdir", "scandir"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))
    monkeypatch.setattr("io.open", guarded(open))
    return lambda path, number=errno.EACCES: refused.update({Path(path): number})


def day_folder(lab, day=DAYS[0]):
    return captures.folder_of(lab.archive.home.raw, TRAFFIC.name, day)


def newest(lab):
    return captures.newest(day_folder(lab)).folder


def verify(lab, *words):
    environ = {**lab.archive.environ, "VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": ""}
    return CliRunner().invoke(main, ["verify", *words], env=environ)


def assert_only_unverified(findings):
    assert findings
    for finding in findings:
        assert finding.kind is FindingKind.UNVERIFIED, finding
        assert not any(word in finding.remedy.lower() for word in MOVING), finding.remedy
        assert not saved_result.is_damage(finding)


PLACES = {
    "manifest": lambda lab: newest(lab) / MANIFEST,
    "answers": lambda lab: newest(lab) / RESPONSES,
    "capture": newest,
    "notes": lambda lab: next(lab.root.rglob(SEEN)),
    "day": day_folder,
    "dataset in raw": lambda lab: lab.archive.home.raw / TRAFFIC.name,
    "dataset in lake": lambda lab: lab.archive.home.lake / TRAFFIC.name,
    "lake file": lambda lab: parquet.path_of(lab.archive.home.lake, TRAFFIC.name, DAYS[0]),
    "identity": lambda lab: lab.archive.home.identity_file,
    "raw": lambda lab: lab.archive.home.raw,
}


FAST = ("manifest", "notes", "day", "dataset in lake", "identity")


@pytest.mark.parametrize(
    ("number", "place"),
    [
        *((errno.EACCES, place) for place in FAST),
        (errno.EIO, "answers"),
        (errno.EMFILE, "lake file"),
    ],
)
def test_what_cannot_be_read_is_not_verified_and_the_rest_is(lab, refuse, place, number):
    check_that_it_is_not_verified_and_the_rest_is(lab, refuse, place, number, ALL)


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (errno.EACCES, "manifest"),
        *(slow(errno.EACCES, place) for place in PLACES if place != "manifest"),
        *starmap(slow, product([errno.EIO, errno.EMFILE], PLACES)),
    ],
)
def test_with_all_tables_made_anew_it_is_not_verified_either(lab, refuse, place, number):
    check_that_it_is_not_verified_and_the_rest_is(lab, refuse, place, number, EVERY)


def check_that_it_is_not_verified_and_the_rest_is(lab, refuse, place, number, datasets):
    path = PLACES[place](lab)
    look = Verification(lab.archive, datasets)
    refuse(path, number)
    findings = list(look.findings())
    assert_only_unverified(findings)
    told = [f for f in findings if "rests on files of" not in f.text]
    assert told
    assert all(os.strerror(number) in finding.text for finding in told)
    if place != "raw":
        assert look.captures > 0
        assert look.tables == len(datasets)


def test_the_command_ends_with_2_and_no_alarm_of_damage(lab, refuse):
    refuse(newest(lab))
    before = contents(lab.archive.home.raw, lab.archive.home.lake)
    result = verify(lab)
    assert result.exit_code == 2
    assert result.stdout.startswith(f"not verified: {newest(lab)}")
    assert "All that was read is as it was written." in result.stdout
    assert "damaged" not in result.stdout.replace("Nothing says that it is damaged", "")
    assert monitoring.AlarmKind.DAMAGE not in {
        a.kind for a in monitoring.active_alarms(lab.archive)
    }
    refuse_nothing = verify(lab.with_(), "--dataset", "top_play")
    assert refuse_nothing.exit_code == 0
    assert before == contents(lab.archive.home.raw, lab.archive.home.lake)


def test_damage_that_is_known_stays_an_alarm_until_its_file_is_read_again(lab, refuse):
    path = newest(lab) / RESPONSES
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert verify(lab).exit_code == 1
    at = saved_result.read(lab.archive.home).at
    refuse(day_folder(lab))
    assert verify(lab).exit_code == 2
    saved = saved_result.read(lab.archive.home)
    assert [wrong.day for wrong in saved.wrong] == [DAYS[0]]
    assert saved.at == at


def test_a_damaged_lake_file_of_an_unreadable_capture_moves_nothing(lab, refuse):
    path = parquet.path_of(lab.archive.home.lake, TRAFFIC.name, DAYS[0])
    path.write_bytes(b"cut")
    refuse(newest(lab))
    findings = list(Verification(lab.archive, [TRAFFIC], DAYS[0], DAYS[0]).findings())
    assert {f.kind for f in findings} >= {FindingKind.DAMAGED, FindingKind.UNVERIFIED}
    told = [f.remedy for f in findings if f.subject != lab.archive.home.served]
    assert not any(word in remedy.lower() for remedy in told for word in MOVING)


# Temporary files --------------------------------------------------------------------------------


def no_temp(*_, **__):
    raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")


def test_without_a_temp_folder_the_home_has_the_scratch(lab, monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", no_temp)
    assert verify(lab, "--deep", "--dataset", TRAFFIC.name).exit_code == 0
    assert list(lab.archive.home.state.glob("scratch-*")) == []


def test_without_any_scratch_tables_are_not_verified(lab, monkeypatch):
    monkeypatch.setattr(tempfile, "mkdtemp", no_temp)
    findings = list(Verification(lab.archive, deep=True).findings())
    assert_only_unverified(findings)
    assert all("Set TMPDIR" in finding.text for finding in findings)
    assert lab.archive.home.served in {finding.subject for finding in findings}


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        slow(duckdb.IOException("IO Error: Could not write file: No space left on device")),
        slow(duckdb.OutOfMemoryException("Out of Memory Error: failed to offload data block")),
        slow(MemoryError("malloc of size 1 failed")),
    ],
)
def test_a_full_scratch_is_no_damage(lab, monkeypatch, error):
    def full(*_, **__):
        raise error

    monkeypatch.setattr("resources.verify.tables.Tables.table", full)
    monkeypatch.setattr("resources.lake.row_equality.same_rows", full)
    findings = list(Verification(lab.archive, ALL, deep=True).findings())
    assert_only_unverified(findings)
    assert len(findings) > len(NAMES)


@pytest.mark.parametrize("text", ["Permission denied", "Input/output error", "Too many open files"])
def test_a_served_copy_that_cannot_be_opened_is_not_verified(lab, monkeypatch, text):
    def connect(*_, **__):
        raise duckdb.IOException(f'IO Error: Cannot open file "x": {text}')

    monkeypatch.setattr(duckdb, "connect", connect)
    assert_only_unverified(list(Verification(lab.archive).findings()))


def test_a_served_copy_of_other_bytes_is_damaged(lab):
    served = lab.archive.home.served.resolve()
    served.chmod(0o600)
    served.write_bytes(b"no database")
    findings = list(Verification(lab.archive).findings())
    assert [finding.kind for finding in findings] == [FindingKind.DAMAGED]


def test_a_result_that_cannot_be_saved_is_shown(lab, monkeypatch):
    write = atomic.write_atomically

    def full(path, data):
        if path.name == "verified.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    monkeypatch.setattr("resources.fs.atomic.write_atomically", full)
    result = verify(lab, "--dataset", TRAFFIC.name)
    assert result.exit_code == 2
    assert "Everything is as it was written." in result.stdout
    assert "cannot be saved for the alarms: No space left on device" in result.stderr


def test_scratch_of_killed_processes_is_removed_and_that_of_others_is_not(tmp_path):
    state = tmp_path / "state"
    with scratch.folder(state) as other:
        (state / "scratch-killed").mkdir()
        (state / "scratch-killed" / "spill").touch()
        with scratch.folder(state) as ours:
            assert {path.name for path in state.iterdir()} == {other.name, ours.name}
    assert list(state.iterdir()) == []
    with scratch.folder(tmp_path / "no home" / "state") as elsewhere:
        assert elsewhere.is_dir()
    assert not (tmp_path / "no home").exists()
