"""Log files are kept whole, once, each for itself, and their links nowhere."""

from __future__ import annotations

import gzip
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from resources.api.errors import TryLater
from resources.fs import atomic
from resources.logs import keep, notes, states
from resources.logs.states import LogState
from resources.raw.captures import folder_of, newest
from resources.raw.erasures import Erasure, Erasures, ItemKind, PlainItem
from resources.simulator import log_files
from tests.support.archives import NOW, contents, leftovers
from tests.support.log_files import DAY, NEXT, SECRET, TINY, downloads, files_of, kept, log_lab

LISTED = "DescribeLiveLogData"


def state(account, day=DAY, now=None):
    archive = account.archive
    return states.of_day(archive.home, archive.settings, day, now or archive.now())


def note_of(account, day=DAY):
    return notes.read(notes.folder_of(account.archive.home, day))


def test_every_listed_file_is_kept_byte_for_byte_with_its_note(tmp_path):
    with log_lab(tmp_path) as account:
        assert state(account).state is LogState.LACKING
        (done,) = kept(account)
        files = files_of(account)
        note = note_of(account)
        assert done.is_kept
        assert done.files == len(files) == len(note.listed) > 20
        assert {*note.paths(notes.folder_of(account.archive.home, DAY))} == {*files}
        for path, (file, version) in note.paths(notes.folder_of(account.archive.home, DAY)).items():
            assert notes.checksum(path) == version.sha256
            assert path.stat().st_size == version.bytes == note.listed[file].bytes
        assert b" GET " in gzip.decompress(files[0].read_bytes())
        assert {f.type for f in note.listed} >= {"pull", "push"}
        assert leftovers(account.root) == []
        assert "key-at-storage" not in account.simulator.refused
        before, asked = contents(account.archive.home.logs), account.requests
        assert states.due([state(account)]) == []
        assert contents(account.archive.home.logs) == before
        assert account.requests == asked


def test_a_link_is_on_no_disk_and_in_no_log_or_error(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    manners = [
        "file-status=403@until-call=3",
        "file-redirect@domain=push-1.sim.example",
        "file-cut@domain=pull-1.sim.example",
    ]
    with log_lab(tmp_path, manners=manners) as account:
        (done,) = kept(account)
        assert not done.is_kept
        assert done.reason
        for path in account.root.rglob("*"):
            if path.is_file():
                assert SECRET not in path.read_bytes(), path
        capture = newest(folder_of(account.archive.home.raw, "log_file", DAY))
        assert all(SECRET not in bytes(body) for *_, body in capture.responses())
        assert SECRET.decode() not in caplog.text
        assert "/logs/" in caplog.text  # the library told the address, without its query
        assert SECRET.decode() not in str(done)


def test_one_bad_file_costs_no_other(tmp_path):
    with log_lab(tmp_path, manners=["file-status=404@domain=pull-1.sim.example"]) as account:
        (done,) = kept(account)
        found = state(account)
        assert not done.is_kept
        assert found.state is LogState.LACKING
        assert {file.domain for file in found.lacking} == {"pull-1.sim.example"}
        assert "answered 404" in found.reason
        assert done.files == found.files - len(found.lacking) > 10
        account.simulator.manners = []
        before = downloads(account)
        (done,) = kept(account)
        assert done.is_kept
        assert downloads(account) - before == len(found.lacking)


def test_a_file_that_is_cut_is_asked_again_and_never_taken_for_whole(tmp_path):
    with log_lab(tmp_path, manners=["file-cut@domain=push-1.sim.example"]) as account:
        (done,) = kept(account)
        assert not done.is_kept
        assert all("push-1" not in str(path) for path in files_of(account))
        assert "promised" in done.reason or "broke off" in done.reason
        account.simulator.manners = ["file-cut@odds=0.3"]
        (done,) = kept(account)
        assert done.is_kept


def test_links_that_expired_are_asked_for_again(tmp_path):
    with log_lab(tmp_path, manners=["file-status=403@until-call=7"]) as account:
        before = account.simulator.calls[LISTED]
        (done,) = kept(account)
        assert done.is_kept
        assert account.simulator.calls[LISTED] - before == done.requests == 8  # four types, twice


def test_files_that_grew_are_kept_again_and_the_older_ones_stay(tmp_path):
    with log_lab(tmp_path, manners=["growing-files=5"]) as account:
        assert kept(account)[0].is_kept
        short = contents(account.archive.home.logs)
        account.simulator.manners = []
        account.capture([DAY], ["log_file"], again=True)
        grown = state(account)
        assert grown.state is LogState.LACKING
        assert len(grown.lacking) > 10
        assert kept(account)[0].is_kept
        after = contents(account.archive.home.logs)
        assert {*short} <= {*after}
        note = note_of(account)
        file = grown.lacking[0]
        assert [one.listed_bytes for one in note.versions[file]][-1] == note.listed[file].bytes
        assert len(note.versions[file]) == 2


def test_a_file_that_the_captured_list_lacks_is_kept(tmp_path):
    """The list is captured when the day is over; files may come for a day more."""
    with log_lab(tmp_path, manners=[f"false-empty={LISTED}"]) as account:
        assert state(account).files == 0
        assert state(account).state is LogState.LACKING  # the final list is not known
        account.simulator.manners = []
        (done,) = kept(account)
        assert done.is_kept
        assert done.files == state(account).files > 20


def test_a_file_that_is_listed_no_more_lacks(tmp_path):
    with log_lab(tmp_path) as account:
        account.simulator.manners = [f"false-empty={LISTED}"]
        (done,) = kept(account)
        assert not done.is_kept
        assert "does not list it any more" in done.reason


def test_another_size_than_listed_is_kept_when_it_comes_twice(tmp_path, monkeypatch):
    honest = keep.listing.ask

    def off_by_one(*args):
        found = honest(*args)
        found.files = {f: notes.Listed(one.hour, one.bytes + 1) for f, one in found.files.items()}
        return found

    monkeypatch.setattr(keep.listing, "ask", off_by_one)
    with log_lab(tmp_path) as account:
        (done,) = kept(account)
        assert not done.is_kept
        assert "are listed" in done.reason
        assert len(files_of(account)) == done.files
        (again,) = kept(account)
        assert again.is_kept
        assert len(files_of(account)) == done.files


@pytest.mark.parametrize(("page", "cut"), [(b"<html>log in</html>", 0), (b"", -5), (b"", 0)])
def test_what_is_no_gzip_file_is_not_kept_however_often_it_comes(tmp_path, monkeypatch, page, cut):
    honest = log_files.answer
    with monkeypatch.context() as faulty, log_lab(tmp_path) as account:
        faulty.setattr(
            log_files,
            "answer",
            lambda *args: (found := honest(*args)) and replace(found, raw=page or found.raw[:cut]),
        )
        for _ in range(3):
            (done,) = kept(account)
            assert not done.is_kept
            assert "no gzip file" in done.reason
            assert len(state(account).lacking) == state(account).files
        faulty.undo()
        (done,) = kept(account)
        assert done.is_kept


def test_killed_between_rename_and_note_loses_nothing_and_asks_nothing_twice(tmp_path, monkeypatch):
    with log_lab(tmp_path) as account:
        with monkeypatch.context() as killed:
            killed.setattr(keep.notes, "write", _killed)
            with pytest.raises(KeyboardInterrupt):
                kept(account)
        files = files_of(account)
        assert len(files) > 20
        assert state(account).lacking
        before = downloads(account)
        (done,) = kept(account)
        assert done.is_kept
        assert downloads(account) == before
        assert files_of(account) == files


def _killed(*_):
    raise KeyboardInterrupt


def test_a_temporary_file_of_a_killed_run_is_removed(tmp_path):
    with log_lab(tmp_path) as account:
        kept(account)
        path = files_of(account)[0]
        temp = atomic.temp_path(path)
        temp.write_bytes(b"half")
        path.unlink()
        assert state(account).state is LogState.LACKING
        (done,) = kept(account)
        assert (done.is_kept, done.files) == (True, 1)
        assert leftovers(account.root) == []


def test_a_damaged_note_costs_its_day_and_is_told(tmp_path):
    with log_lab(tmp_path) as account:
        kept(account)
        path = notes.folder_of(account.archive.home, DAY) / notes.NOTE
        path.write_bytes(path.read_bytes().replace(b"pull", b"pool", 1))
        found = state(account)
        assert found.state is LogState.LACKING
        assert "kept.json cannot be read" in found.reason
        (done,) = kept(account)
        assert "cannot be read" in done.error
        path.unlink()
        before = downloads(account)
        assert kept(account)[0].is_kept
        assert downloads(account) == before


def test_a_day_grows_then_lacks_then_expires_then_is_lost(tmp_path):
    with log_lab(tmp_path) as account:
        days = {0: LogState.GROWING, 2: LogState.LACKING, 25: LogState.EXPIRING, 31: LogState.LOST}
        begin = NOW.replace(day=20, hour=0)
        found = {n: state(account, now=begin + timedelta(days=n)).state for n in days}
        assert found == days


def test_another_process_at_work_is_told(tmp_path):
    with log_lab(tmp_path) as account:
        with keep.locks.lock(notes.lock_file(account.archive.home, DAY)):
            (done,) = kept(account)
        assert "another process" in done.reason
        assert not done.is_kept


def test_an_erased_domain_does_not_come_back(tmp_path):
    several = replace(TINY, domains=2)
    with log_lab(tmp_path, account=several, manners=[f"false-empty={LISTED}"]) as account:
        account.simulator.manners = []
        item = PlainItem.parse(ItemKind.DOMAIN, "pull-1.sim.example")
        Erasures((Erasure.begin(item, "now", NEXT),)).write(account.archive.home.raw)
        kept(account)
        domains = {f.domain for f in note_of(account).listed}
        assert "pull-2.sim.example" in domains
        assert "pull-1.sim.example" not in domains


def test_a_list_that_cannot_be_had_costs_the_day(tmp_path):
    with log_lab(tmp_path) as account:
        account.simulator.manners = [f"refuse-action={LISTED}@status=403"]
        (done,) = kept(account)
        assert done.error
        assert done.after.state is LogState.LACKING


def test_a_storage_that_is_not_reached_costs_no_further_day(tmp_path, monkeypatch):
    monkeypatch.setattr(keep.workers, "MOST_FAILURES", 3)
    with log_lab(tmp_path) as account:
        account.capture([NEXT], ["log_file"])
        with monkeypatch.context() as unplugged:
            unplugged.setattr(keep.workers, "_store", _unreached)
            first, second = kept(account, [DAY, NEXT])
        assert "in a row failed" in first.reason
        assert second.reason.startswith("not tried")
        account.simulator.manners = ["file-status=503"]
        assert all("in a row" in done.reason for done in kept(account, [DAY, NEXT]))
        account.simulator.manners = []
        assert all(done.is_kept for done in kept(account, [DAY, NEXT]))


def _unreached(*_):
    raise TryLater("no answer", no_answer=True)


def test_files_that_would_fill_the_disk_are_not_asked_for(tmp_path, monkeypatch):
    with log_lab(tmp_path) as account:
        monkeypatch.setattr(keep, "SPARE_BYTES", 1 << 60)
        (done,) = kept(account)
        assert "GB are free" in done.reason
        assert downloads(account) == 0


def test_the_log_names_some_faults_of_a_day_and_not_thousands(tmp_path, caplog):
    with log_lab(tmp_path, manners=["file-status=404"]) as account:
        (done,) = kept(account)
        assert len(done.after.lacking) > 20
        told = [
            one
            for one in caplog.records
            if one.levelno >= logging.WARNING and "answered 404" in one.message
        ]
        assert len(told) == 5
