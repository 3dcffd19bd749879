"""Which pushes of a list belong to other days as well."""

from datetime import datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.lake.long_events import MOST, LongEvents
from tests.support import lake_files

PUSHES = DATASETS["push_stream_info"]
BEGIN = datetime.fromisoformat("2026-11-21T00:00:00+08:00")
WINDOW = (BEGIN, BEGIN + timedelta(days=1))


def beyond(*hours, dataset=PUSHES):
    rows = [
        {"domain": "Push-1.example", "app": "live", "stream": str(i),
         "push_started_at": BEGIN + timedelta(hours=first),
         "push_ended_at": BEGIN + timedelta(hours=last)}
        for i, (first, last) in enumerate(hours)
    ]  # fmt: skip
    found = LongEvents(dataset)
    for row in rows:
        found.add(lake_files.table(PUSHES, [row]))
    return found.beyond(WINDOW)


@pytest.mark.parametrize("hours", [(-3, 5), (20, 30), (-40, 50)])
def test_one_that_goes_on_beyond_the_day(hours):
    ((_, domain, begin, end),) = beyond(hours)
    assert domain == "push-1.example"
    assert [(one - BEGIN.timestamp()) / 3600 for one in (begin, end)] == [*hours]


@pytest.mark.parametrize("hours", [(1, 5), (0, 24), (-0.1, 0.05)])
def test_one_of_the_day_alone_and_a_short_one_are_left_out(hours):
    assert beyond(hours) == []


def test_of_many_the_same_are_taken_on_every_day():
    some = [(-50 - i, 50) for i in range(3 * MOST)]
    assert len(beyond(*some)) == MOST
    assert beyond(*some) == beyond(*some)


def test_other_datasets_have_none():
    assert beyond((-3, 5), dataset=DATASETS["edge_stat"]) == []
