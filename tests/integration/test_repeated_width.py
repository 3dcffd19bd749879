"""Slots that all lie on the hour: refused at first, suspect on the next day, and over with right ones."""

from datetime import date, timedelta

import pytest

from pipelines.backfill.plan import plan
from pipelines.backfill.replay import replay
from pipelines.backfill.run import run
from resources.api.catalog import DATASETS
from resources.ledger.states import State
from resources.raw import captures
from resources.simulator import Account
from tests.support.archives import NOW, lab
from tests.support.suites import mostly_slow

DAY = date(2026, 11, 18)
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.05)
ACTIONS = {
    "source_traffic": "DescribeLiveSourceTrafficData",
    "stream_session": "DescribeLiveStreamSessionData",
    "stream_count": "DescribeLiveStreamCountData",
}


class Archived:
    """An archive of one dataset, some days later."""

    def __init__(self, found, name, days_later=0):
        later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=days_later)).isoformat())
        self.archive = later.only("domain", "isp", name).archive
        self.summary = run(self.archive, plan(self.archive, DAY, DAY, ()), lambda _: None)
        (dataset,) = [one for one in self.archive.daily if one.name == name]
        (self.line,) = self.archive.ledger(dataset, DAY, DAY)

    def slots(self):
        sql = f"SELECT count(DISTINCT slot_start_at) FROM {self.line.dataset}"
        with self.archive.reading() as connection:
            return connection.execute(sql).fetchone()[0]


def hourly(name):
    return f"other-width=3600@asked=300@echo=asked@action={ACTIONS[name]}"


@pytest.mark.parametrize("name", mostly_slow(ACTIONS, "stream_count"))
def test_the_same_answer_on_a_later_day_is_suspect(tmp_path, name):
    with lab(tmp_path / "home", ACCOUNT, manners=[hourly(name)]) as found:
        for _ in range(2):  # the same day
            once = Archived(found, name)
            assert once.line.state is State.PARTIAL
        again = Archived(found, name, days_later=1)
        assert (again.line.state, again.line.is_suspect) == (State.CAPTURED, True)
        assert again.line.doubt == "slots lie 3600 s apart, and 300 s were asked for"
        assert again.slots() == 24
        again.archive.home.lake.joinpath(name, f"day={DAY}", "rows.parquet").unlink()
        assert [one.problem for one in replay(again.archive, [(DATASETS[name], DAY)])] == [""]
        assert Archived(found, name, days_later=1).slots() == 24
    with lab(tmp_path / "home", ACCOUNT) as found:
        last = Archived(found, name, days_later=2)
        assert (last.line.is_suspect, last.line.captures, last.slots()) == (False, 2, 288)


def test_it_never_takes_the_place_of_a_right_answer(tmp_path):
    name = "source_traffic"
    with lab(tmp_path / "home", ACCOUNT) as found:
        assert Archived(found, name).slots() == 288
    with lab(tmp_path / "home", ACCOUNT, manners=[hourly(name)]) as found:
        for days_later in (1, 2):
            later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=days_later)).isoformat())
            later.only("domain", "isp", name).capture((DAY,), (name,), again=True)
        line = Archived(found, name, days_later=3).line
        assert (line.is_suspect, line.captures) == (False, 1)
        folder = captures.folder_of(found.archive.home.raw, name, DAY)
        assert len(captures.rejected_in(folder)) == 1
