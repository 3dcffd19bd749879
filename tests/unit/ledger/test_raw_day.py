"""The facts of one day in the raw archive, read off its folder."""

from datetime import timedelta

import pytest

from resources.home.layout import Home
from resources.lake.activity import DAY as DAY_BIT
from resources.ledger import refused_captures
from resources.ledger.raw_day import PARTIAL, RawDayFacts, raw_day, read_day
from resources.raw import captures, seen_notes, tombstones
from resources.raw.tombstones import Tombstone
from tests.support.restated_captures import DAY, FIRST, SECOND, TRAFFIC, capture

ROWS = {("a.example", "one"): (1.0, 2.0)}
LATER = SECOND + timedelta(days=1)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def folder(home):
    """A day that was captured twice."""
    capture(home, FIRST, ROWS)
    capture(home, SECOND, {**ROWS, ("a.example", "two"): (3.0, 4.0)})
    return captures.folder_of(home.raw, TRAFFIC.name, DAY)


def test_a_day_has_its_captures_oldest_first_and_when_the_newest_was_seen(folder):
    facts = raw_day(folder)
    assert [name.rows for name in facts.captures] == [1, 2]
    assert facts.restatements == [*facts.captures]
    assert facts.last_seen == SECOND
    seen_notes.note_seen(folder, facts.captures[-1], LATER)
    assert raw_day(folder).last_seen == LATER


def test_an_attempt_that_failed_and_a_refusal_are_told(folder):
    assert not raw_day(folder).is_partial
    (folder / PARTIAL).write_text("{}")
    refused_captures.note(folder, raw_day(folder).captures[-1].text, "a fault of old")
    facts = raw_day(folder)
    assert facts.is_partial
    assert facts.contradictions == ("its answers are refused: a fault of old",)


def test_what_a_later_answer_takes_back_contradicts_it(home):
    both = {**ROWS, ("b.example", "one"): (1.0, 2.0)}
    some, nothing = [1 << DAY_BIT, 0], [0, 0]
    for at, rows, figures in ((FIRST, both, some), (SECOND, ROWS, nothing)):
        by_domain = {
            "rows_by_domain": {"a.example": 1, "b.example": len(rows) - 1},
            "hours_by_domain": {"a.example": some, "b.example": figures},
        }
        capture(home, at, rows, facts=by_domain)
    facts = raw_day(captures.folder_of(home.raw, TRAFFIC.name, DAY))
    assert facts.contradictions == ("nothing of b.example, and an earlier answer has some",)


def test_a_folder_that_is_not_there_has_no_facts_and_is_not_cached(tmp_path):
    assert read_day(tmp_path / "none") == (RawDayFacts(), False)


def test_notes_that_are_damaged_are_not_cached(folder):
    assert read_day(folder)[1]
    (folder / seen_notes.SEEN).write_text("{")
    facts, may_be_cached = read_day(folder)
    assert len(facts.captures) == 2
    assert not may_be_cached


def test_captures_of_another_zone_are_misplaced(folder):
    """A capture that states no zone counts in every one."""
    facts = raw_day(folder)
    assert facts.in_zone("UTC") == facts
    (older, newer) = facts.captures
    zoned = RawDayFacts(captures=(older, newer), zones=("UTC", "Asia/Shanghai"), last_seen=SECOND)
    kept = zoned.in_zone("UTC")
    assert kept.captures == (older,)
    assert kept.last_seen == older.fetched_at
    assert kept.misplaced == (f"{newer.text} holds a day of Asia/Shanghai",)


def test_a_capture_that_an_erasure_took_does_not_count_and_is_told(folder):
    older, newer = captures.captures_in(folder)
    seen_notes.note_seen(folder, newer, LATER)
    left = f"{newer.text[:-16]}{'0' * 16}"
    erased = Tombstone(
        erasure="1", kind="domain", at="", capture=newer.text, sha256="0", became=left, rows=1
    )
    tombstones.add(folder, erased)
    facts, may_be_cached = read_day(folder)
    assert (facts.captures, facts.erased, may_be_cached) == ((older,), (newer.text,), True)
    assert facts.last_seen == FIRST
    assert not facts.misplaced


def test_a_tombstone_that_cannot_be_read_is_not_cached(folder):
    (folder / tombstones.ERASED).write_text("{")
    facts, may_be_cached = read_day(folder)
    assert len(facts.captures) == 2
    assert not may_be_cached
