"""The sentences of livestats plan."""

from datetime import date
from types import SimpleNamespace

from pipelines.backfill.plan import BackfillPlan
from pipelines.cli.plan import Outlook, days_due, summary_lines
from pipelines.planning.capture_plan import Chunk
from resources.config import Settings

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 21)


def todo(*chunks, **more):
    facts = (
        {"datasets": (), "dimensions": (), "lost": {}, "settling": {}, "kept": 0}
        | {
            "first": FIRST,
            "last": LAST,
        }
        | more
    )
    return BackfillPlan(chunks=chunks, **facts)


def seen(lines=(), **more):
    nothing = SimpleNamespace(in_time={}, too_late={})
    facts = {"volumes": {}, "expiring": {}, "expired_meanwhile": nothing} | more
    return Outlook(lines=lines, **facts)


def test_days_of_chunks_are_joined_by_dataset():
    other = date(2026, 11, 25)
    chunks = [
        Chunk(datasets=("a", "b"), first=FIRST, last=LAST),
        Chunk(datasets=("a",), first=other, last=other),
    ]
    assert days_due(todo(*chunks)) == {
        "a": [FIRST, LAST, other],
        "b": [FIRST, LAST],
    }


def test_nothing_to_do_is_said_with_what_is_there():
    assert summary_lines(todo(kept=3), seen(), Settings()) == [
        "Nothing to capture.",
        "Unchanged: 3 dataset-days.",
    ]


def test_days_that_take_no_request_are_told_and_not_counted():
    derived = (Chunk(datasets=("a", "b"), first=FIRST, last=LAST),)
    assert summary_lines(todo(derived=derived), seen(), Settings()) == [
        "Nothing to capture.",
        "4 dataset-days to make out of captured answers, without a request.",
    ]
    assert days_due(todo(derived=derived)) == {}


def test_lost_and_settling_days_have_lines_of_their_own():
    lines = summary_lines(todo(lost={"a": [FIRST]}, settling={"a": [LAST]}), seen(), Settings())
    assert lines[1:] == [
        "Settling: a 2026-11-21: not complete at the vendor yet.",
        "Lost: a 2026-11-20: the API no longer has them.",
    ]
