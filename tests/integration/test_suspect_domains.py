"""A domain that is falsely empty in one dataset: named, asked again the next day, and then there."""

import json
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from pipelines.backfill.plan import plan
from pipelines.backfill.run import run
from pipelines.cli import main
from pipelines.doctor.home import suspicion_found
from resources.ledger.states import State
from resources.monitoring.checks import active_alarms
from resources.simulator import Account
from tests.support.archives import NOW, lab

DAY = date(2026, 11, 21)
ACCOUNT = Account(domains=3, streams_per_domain=1, deleted=0, audience=0.05)
NAMES = ("domain", "isp", "batch_stream_traffic", "batch_stream_session", "play_status_code",
         "push_stream_info", "batch_push_stream_metrics")  # fmt: skip
ODD = "pull-3.sim.example"
TRAFFIC = "batch_stream_traffic"


def line(found, name=TRAFFIC):
    dataset = next(one for one in found.archive.daily if one.name == name)
    (its,) = found.archive.ledger(dataset, DAY, DAY)
    return its


def backfill(found):
    archive = found.archive
    return run(archive, plan(archive, DAY, DAY, ()), lambda _: None)


@pytest.fixture
def doubted(tmp_path):
    """An archive in which one domain has no traffic, and viewers all day."""
    manner = f"skip-domain={ODD}@echo=asked@action=DescribeLiveBatchStreamTrafficData@until-call=1"
    with lab(tmp_path / "home", ACCOUNT, manners=[manner]) as found:
        yield found.only(*NAMES)


def test_it_is_named_asked_again_and_mended(doubted):
    summary = backfill(doubted)
    assert summary.suspect == {TRAFFIC: [DAY]}
    assert summary.doubts == [f"{TRAFFIC} {DAY}: no rows for {ODD}"]
    assert not summary.is_complete
    its = line(doubted)
    assert (its.state, its.is_suspect, its.suspect_domains) == (State.CAPTURED, True, (ODD,))
    assert [n for n in NAMES[2:] if line(doubted, n).is_suspect] == [TRAFFIC]
    (alarm,) = [one for one in active_alarms(doubted.archive) if one.kind == "suspect"]
    assert alarm.subject == TRAFFIC
    assert f"no rows for {ODD}" in alarm.text
    assert ODD in suspicion_found(doubted.archive).text
    tomorrow = doubted.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).only(*NAMES)
    backfill(tomorrow)
    its = line(tomorrow)
    assert (its.is_suspect, its.captures) == (False, 2)


@pytest.mark.slow  # test_false_empty.py has status and accept of a whole dataset
def test_status_names_it_and_accept_ends_it(doubted, monkeypatch):
    backfill(doubted)
    assert plan(doubted.archive, DAY, DAY, ()).suspect == 1
    for name, value in doubted.archive.environ.items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(main, ["status", "--json", "--dataset", TRAFFIC]).stdout
    days = {one["day"]: one for one in json.loads(told)["datasets"][0]["days"]}
    assert days[str(DAY)]["problem"] == f"no rows for {ODD}"
    done = CliRunner().invoke(main, ["accept", TRAFFIC, str(DAY), "--reason", "relay"])
    assert f"no rows for {ODD}" in done.output
    assert not line(doubted).is_suspect
