"""What follows from the ledger: what expires, what was lost since when, what was restated."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.reports.coverage import calendar
from pipelines.reports.coverage import report as coverage_report
from pipelines.reports.coverage.report import Report
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.fs import sealed
from resources.lake import parquet
from resources.ledger import states
from resources.ledger.states import Entry, State
from resources.raw.captures import CaptureName

START = date(2026, 1, 1)
NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)
STATES = {sign: state for state, sign in calendar.SIGNS.items()}


def entries(signs, name="edge_stat"):
    """One line of the ledger for each sign, from START on; the API forgets a day each midnight."""
    return [
        Entry(
            dataset=name,
            day=START + timedelta(days=i),
            state=STATES[sign],
            can_be_completed=sign in "?.!+",
            rows=i if sign in "#o" else None,
            captures=1 if sign in "#o" else 0,
            captured_at=NOW - timedelta(hours=9 - i) if sign in "#o" else None,
            askable_until=midnight(i + 2),
        )
        for i, sign in enumerate(signs)
    ]


def midnight(days):
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)


def report(lines, **more):
    facts = {
        "home": Path("data"),
        "now": NOW,
        "zone": ZoneInfo("UTC"),
        "warning_days": 2,
        "lines": lines,
    }
    return Report(**{**facts, **more})


def days(*numbers):
    return [START + timedelta(days=i) for i in numbers]


def test_lost_days_are_told_once_with_the_time_since_when():
    (lost,) = report({"a": entries("xx#"), "b": entries("xx."), "c": entries("##.")}).lost
    assert lost.datasets == ("a", "b")
    assert list(lost.days) == days(0, 1)
    assert (lost.since, lost.until) == (midnight(2), midnight(3))


def test_datasets_that_lost_the_same_days_at_other_times_are_told_apart():
    """Push sessions are forgotten after 93 days, the rest after 366."""
    sooner = [replace(line, askable_until=midnight(1)) for line in entries("x")]
    found = report({"a": entries("x"), "b": sooner}).lost
    assert [lost.datasets for lost in found] == [("a",), ("b",)]


def test_what_expires_is_told_by_the_time_when_it_does():
    """On 5 January 4:00 with 2 days of warning: what is forgotten before 7 January 4:00."""
    found = report({n: entries(s, n) for n, s in (("a", "#.!?...."), ("b", "..!#...."))}).expiring
    assert list(found.items()) == [
        (midnight(days + 2), {START + timedelta(days=days): names})
        for days, names in (
            (0, ["b"]),
            (1, ["a", "b"]),
            (2, ["a", "b"]),
            (3, ["a"]),
            (4, ["a", "b"]),
        )
    ]


def test_days_that_expire_together_are_told_together():
    found = report(
        {n: [replace(e, askable_until=midnight(2)) for e in entries("..", n)] for n in "ab"}
    )
    assert list(found.expiring_groups.items()) == [(midnight(2), [(("a", "b"), tuple(days(0, 1)))])]


def test_a_day_needs_attention_for_one_reason():
    """A gap that was tried counts as partial, and one that expires soon as expiring."""
    found = report({"a": entries("#?!.#"), "b": entries("#.#")})
    assert found.attention["gap"] == {"a": days(1, 2, 3), "b": days(1)}
    assert found.attention_once == {
        "expiring": {"a": days(2)},
        "partial": {"a": days(1)},
        "gap": {"a": days(3), "b": days(1)},
    }
    assert list(found.attention_once) == ["expiring", "partial", "gap"]


def test_restated_days_come_newest_first():
    twice = [replace(line, captures=2) for line in entries("#o#")]
    found = report({"a": twice, "b": entries("###")}).restated
    assert [line.day for line in found] == days(2, 1, 0)


def test_the_same_reason_is_told_once():
    problems = {("a", START): "x", ("a", START + timedelta(days=1)): "x", ("b", START): "y"}
    found = report({}, problems=problems)
    assert found.problems_of("a", days(0, 1, 2)) == ["x"]
    assert found.problems_of("c", days(0)) == []


def test_datasets_with_the_same_days_stand_together():
    found = coverage_report.group_by_days({"a": days(0), "b": days(1), "c": days(0)})
    assert found == [(("a", "c"), tuple(days(0))), (("b",), tuple(days(1)))]


def test_a_moment_is_told_in_the_business_zone():
    assert report({}, zone=ZoneInfo("Asia/Shanghai")).local(NOW) == "2026-01-05 12:00"


# From the files ----------------------------------------------------------------------------------

EDGE = DATASETS["edge_stat"]
CAPTURE = CaptureName("20260104T030000000000Z-7-0123456789abcdef")


@pytest.fixture
def archive(tmp_path):
    environ = {
        "LIVESTATS_HOME": str(tmp_path / "home"),
        "LIVESTATS_NOW": NOW.isoformat(),
        "LIVESTATS_FIRST_DAY": START.isoformat(),
    }
    return Archive.open(environ, tmp_path)


def folder(archive, day):
    found = archive.home.raw / EDGE.name / day.isoformat()
    found.mkdir(parents=True)
    return found


def read(archive):
    return coverage_report.read(archive, [EDGE], START, START + timedelta(days=2))


def normalised(archive, day, capture=CAPTURE):
    path = parquet.path_of(archive.home.lake, EDGE.name, day)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = parquet.LakeWriter(path, EDGE, day)
    writer.seal(capture, 1)
    writer.commit()


def test_a_captured_day_is_stale_without_a_file_of_the_present_normaliser(archive, monkeypatch):
    (folder(archive, START) / CAPTURE.text).mkdir()
    assert read(archive).stale == {"edge_stat": days(0)}
    normalised(archive, START)
    assert read(archive).stale == {}
    monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
    assert read(archive).stale == {"edge_stat": days(0)}


def test_a_day_that_was_tried_tells_why_it_is_not_complete(archive):
    note = folder(archive, START) / states.PARTIAL
    note.write_bytes(sealed.seal({"error": "HTTP 503\n\x1b[31m"}))
    found = read(archive)
    assert found.lines["edge_stat"][0].state is State.PARTIAL
    assert found.problems == {("edge_stat", START): r"HTTP 503\n\x1b[31m"}


@pytest.mark.parametrize("note", [b"", b"[]", b"{}", b'{"error": "changed by hand"}', b"\xff"])
def test_a_damaged_note_is_no_reason_and_no_error(archive, note):
    (folder(archive, START) / states.PARTIAL).write_bytes(note)
    assert read(archive).problems == {}


def test_an_archive_that_was_never_begun_has_a_report(archive):
    found = read(archive)
    assert [line.state for line in found.lines["edge_stat"]] == [State.MISSING] * 3
    assert found.newest is None
    assert not archive.home.root.exists()
