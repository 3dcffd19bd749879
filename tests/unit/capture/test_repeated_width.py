"""Slots that seem too wide on two days: which answers are taken, which stay refused."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.model import DomainRole
from resources.api.errors import WrongWidth
from resources.api.parsing.parse import read_page
from resources.api.request_plan import Domain, Inventory, requests_for
from resources.api.windows import day_window
from resources.capture.answers import FetchedPage, Unanswered
from resources.capture.partition_writer import PartitionJob
from resources.capture.repeated_width import accept_repeated
from resources.config import Settings
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures

DAY, ZONE = date(2026, 11, 21), Settings().zone
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
COUNT = DATASETS["stream_count"]
DOMAIN = "push-1.example"
(REQUEST, *_) = requests_for(
    COUNT, DAY, ZONE, Inventory(domains=(Domain(DOMAIN, DomainRole.PUSH),))
)


def body(hours, name="PeakCount"):
    """A broadcast of some minutes at each of these hours; slots without anything are left out."""
    begin = day_window(DAY, ZONE)[0]
    starts = [(begin + timedelta(hours=hour)).isoformat() for hour in hours]
    rows = [{"TimeStamp": at, name: 1} for at in starts]
    echo = {k: v for k, v in REQUEST.payload.items() if k not in ("StreamType", "DetailField")}
    return json.dumps({"Result": {**echo, "PeakCount": 1, "TotalStreamDataList": rows}}).encode()


def refused(text):
    with pytest.raises(WrongWidth) as error:
        read_page(COUNT, REQUEST, text)
    page = FetchedPage(1, dict(REQUEST.payload), NOW.isoformat(), len(text), captures.pack(text))
    return Unanswered(REQUEST, error.value, (page,))


@pytest.fixture
def asked(tmp_path):
    """A function: ask the day at some time, with this answer; what is left without an answer."""
    home = Home(tmp_path / "home")
    folder = captures.folder_of(home.raw, COUNT.name, DAY)
    folder.mkdir(parents=True)

    def ask(text, days_later=0, commit=False):
        now = NOW + timedelta(days=days_later)
        lock = day_lock.try_lock(home, COUNT, DAY)
        job = PartitionJob(COUNT, DAY, home, lock, [REQUEST], captures.newest(folder), [DOMAIN])
        try:
            job.add([refused(text)])
            job.keep_rejected(now, ZONE.key)
            accept_repeated(job, now, ZONE)
            if commit:
                job.commit(now, ZONE.key)
            return len(job.unanswered)
        finally:
            job.abandon() if not commit else None
            job.release()

    ask.home = home
    return ask


@pytest.mark.parametrize("hours", [range(24), range(8, 20), range(0, 24, 2)])
def test_a_broadcast_at_each_hour_is_taken_when_it_comes_again_on_a_later_day(asked, hours):
    assert [asked(body(hours)), asked(body(hours))] == [1, 1]
    assert asked(body(hours), days_later=1, commit=True) == 0
    (name,) = captures.captures_in(captures.folder_of(asked.home.raw, COUNT.name, DAY))
    capture = captures.newest(captures.folder_of(asked.home.raw, COUNT.name, DAY))
    assert name.rows == len(hours)
    assert len(capture.manifest["any_width"]) == 1
    origin = parquet.normalise(asked.home.lake, COUNT, DAY, capture)
    assert origin.rows == len(hours)


def test_another_width_is_not_the_same_answer(asked):
    assert [asked(body(range(24))), asked(body(range(0, 24, 2)), days_later=1)] == [1, 1]
