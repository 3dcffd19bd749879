"""An answer that contradicts its own rows is loaded, is not green, and is over once one agrees."""

from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from pipelines.backfill.plan import plan
from pipelines.backfill.run import run
from pipelines.cli import main
from pipelines.doctor.home import suspicion_found
from resources.monitoring.checks import active_alarms
from resources.simulator import Account
from tests.support.archives import NOW, lab
from tests.support.suites import mostly_slow

DAY = date(2026, 11, 18)  # older than what is asked again for late data
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.05)
TRAFFIC = "batch_stream_traffic"
ACTIONS = {
    TRAFFIC: "DescribeLiveBatchStreamTrafficData",
    "source_traffic": "DescribeLiveSourceTrafficData",
    "stream_session": "DescribeLiveStreamSessionData",
}


def backfill(found, days_later=0):
    later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=days_later)).isoformat())
    archive = later.only("domain", "isp", *ACTIONS).archive
    return archive, run(archive, plan(archive, DAY, DAY, ()), lambda _: None)


def line(archive, name):
    dataset = next(one for one in archive.daily if one.name == name)
    (its,) = archive.ledger(dataset, DAY, DAY)
    return its


def stated(archive, name):
    """What the table `ledger` says."""
    sql = f"SELECT state, is_suspect, captures FROM ledger WHERE dataset = '{name}'"
    with archive.reading() as connection:
        (row,) = connection.execute(f"{sql} AND business_date = '{DAY}'").fetchall()
    return row


@pytest.mark.parametrize("name", mostly_slow(ACTIONS, TRAFFIC))
def test_totals_that_differ_to_the_end_of_a_fault_are_suspect_until_an_answer_agrees(
    tmp_path, name
):
    manner = f"other-totals=2@action={ACTIONS[name]}"
    with lab(tmp_path / "home", ACCOUNT, manners=[manner]) as found:
        archive, summary = backfill(found)
        assert (summary.suspect, summary.is_complete) == ({name: [DAY]}, False)
        assert all("differs from its rows" in one for one in summary.doubts)
        assert len(summary.doubts) == 1
        assert stated(archive, name) == ("captured", True, 1)
        alarms = {one.kind: one for one in active_alarms(archive)}
        assert "the answer contradicts itself" in alarms["suspect"].text
        assert name in suspicion_found(archive).text
        archive, summary = backfill(found, days_later=1)
        assert (summary.requests > 0, line(archive, name).is_suspect) == (True, True)
    with lab(tmp_path / "home", ACCOUNT) as found:
        archive, summary = backfill(found, days_later=2)
        assert stated(archive, name) == ("captured", False, 2)
        assert "suspect" not in {one.kind for one in active_alarms(archive)}


def test_accept_ends_it(tmp_path, monkeypatch):
    manner = f"other-totals=2@action={ACTIONS[TRAFFIC]}"
    with lab(tmp_path / "home", ACCOUNT, manners=[manner]) as found:
        archive, _ = backfill(found)
        for name, value in archive.environ.items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(main, ["accept", TRAFFIC, str(DAY), "--reason", "relay"])
        assert "differs from its rows" in done.output
        assert not line(archive, TRAFFIC).is_suspect
        before = line(archive, TRAFFIC)
        archive, _ = backfill(found, days_later=1)
        assert line(archive, TRAFFIC) == before  # it was not asked again
