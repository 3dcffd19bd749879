"""What counts as kept: by the newer of two lists, by size, and by what lies on the disk."""

from __future__ import annotations

from datetime import date, timedelta

from resources.logs import notes, states
from resources.logs.states import LogState
from tests.support.log_files import DAY, NEXT, files_of, kept, log_lab


def of(account, first=DAY, last=NEXT):
    archive = account.archive
    return states.of_days(archive.home, archive.settings, archive.now(), first, last)


def test_nothing_is_asked_for_where_only_the_list_is_wanted(tmp_path):
    with log_lab(tmp_path, files="list") as account:
        assert of(account) == []
        assert not states.is_wanted(account.archive.settings)


def test_a_kept_file_that_is_gone_or_of_another_size_lacks(tmp_path):
    with log_lab(tmp_path) as account:
        kept(account)
        assert [one.state for one in of(account)] == [LogState.KEPT]
        first, second = files_of(account)[:2]
        first.unlink()
        second.write_bytes(b"")
        (found,) = of(account)
        assert found.state is LogState.LACKING
        assert len(found.lacking) == 2
        assert found.reason.startswith(f"2 of {found.files} files lack, such as ")
        assert states.due([found]) == [DAY]


def test_a_list_that_was_captured_anew_counts_over_that_of_the_download(tmp_path):
    with log_lab(tmp_path) as account:
        kept(account)
        home = account.archive.home
        note = notes.read(notes.folder_of(home, DAY))
        assert states.lacking(home, DAY, note, states.required(home, DAY, note)) == []
        file = next(iter(note.listed))
        note.listed[file] = notes.Listed(note.listed[file].hour, 1)
        assert states.required(home, DAY, note)[file].bytes == 1
        note.capture = "another"
        assert states.required(home, DAY, note)[file].bytes > 1


def test_days_that_expire_come_first_then_the_newest(tmp_path):
    with log_lab(tmp_path) as account:
        (one,) = of(account)
        days = [date(2026, 11, 10 + n) for n in range(3)]
        wanted = [LogState.LACKING, LogState.EXPIRING, LogState.LACKING]
        changed = [
            states.LogDay(**{**vars(one), "day": day, "state": state})
            for day, state in zip(days, wanted, strict=True)
        ]
        assert states.due(changed) == [days[1], days[2], days[0]]


def test_days_that_the_vendor_has_long_dropped_are_not_read_each_time(tmp_path):
    with log_lab(tmp_path) as account:
        archive = account.archive
        for days, number in ((30, 1), (36, 1), (37, 0)):
            now = archive.now() + timedelta(days=days - 2)
            found = states.of_young_days(
                archive.home, archive.settings, now, date(2025, 1, 1), NEXT
            )
            assert len(found) == number, days
