"""What status says of log files in words."""

from datetime import UTC, date, datetime

from pipelines.cli.log_lines import answer, sentences
from resources.logs.notes import LogFile
from resources.logs.states import LogDay, LogState

FILE = LogFile("pull", "a.example", "x.gz")


def day(state, lacking=()):
    at = datetime(2026, 12, 1, tzinfo=UTC)
    return LogDay(day=date(2026, 11, 20), state=state, files=1200, bytes=5_000_000, lacking=lacking,
                  faults={}, final_at=at, expires_at=at)  # fmt: skip


def test_nothing_is_said_where_files_are_not_asked_for():
    assert [*sentences([])] == []


def test_kept_and_lost_files_are_counted():
    assert [*sentences([day(LogState.KEPT)])] == ["Log files: 1,200 of 1,200 files kept, 5.0 MB."]
    lines = [*sentences([day(LogState.LOST, (FILE,))])]
    assert lines[0].startswith("Log files: 1,199 of 1,200")
    assert "lost: some of 2026-11-20" in lines[1]
    assert answer([day(LogState.LOST, (FILE,))])[0]["lacking"] == ["pull/a.example/x.gz"]
