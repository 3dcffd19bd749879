"""A day that is asked again about less than before keeps what was answered about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.capture.result import Outcome
from resources.ledger.states import State
from resources.simulator import Account
from resources.simulator.manners.listing import LIST_OF_DOMAINS, ListManner
from tests.support.archives import contents, failures, lab
from tests.unit.capture.test_partition import lake_table, line, tomorrow

DAY = date(2026, 11, 21)
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.01)
LEFT, STREAM = "pull-2.sim.example", "push-1.sim.example/live/room-101"
NAMES = ("domain", "isp", "edge_stat", "source_traffic", "edge_stat_account")
PUSHED = ("domain", "batch_push_stream_metrics", "push_stream_info", "push_stream_metrics")


@pytest.fixture
def account(tmp_path):
    with lab(tmp_path / "home", ACCOUNT) as found:
        yield found


@dataclass
class OtherRole(ListManner):
    """Lists one domain as one that is pushed to."""

    name = "other-role"
    example = "other-role=pull-2.sim.example"

    which: str

    def is_about(self, request):
        return request.action == LIST_OF_DOMAINS

    def rows(self, request, rows):  # noqa: ARG002
        return [{**row, "Type": "push"} if row["Domain"] == self.which else row for row in rows]


def gone(found):
    found.archive.home.set_gone_domains({LEFT})


def listed_as_pushed(found):
    found.simulator.manners = [OtherRole(LEFT)]


def fewer_carriers(found):
    found.simulator.manners = ["late-carriers=3"]


def again(found, days=1):
    """The outcomes of asking for the day once more, by dataset; what is kept makes no new capture."""
    later = tomorrow(found, days)
    results = later.capture((DAY,), again=True)
    assert failures(results) == []
    return later, {one.dataset: one.outcome for one in results}


@pytest.mark.parametrize("happens", [gone, listed_as_pushed, fewer_carriers])
def test_a_domain_or_carrier_that_is_not_asked_any_more_keeps_its_rows(account, happens):
    found = account.only(*NAMES)
    assert failures(found.capture((DAY,))) == []
    names = [name for name in NAMES if not DATASETS[name].is_dimension]
    before = {name: lake_table(found, name) for name in names}
    happens(found)
    for days in (1, 2):
        later, outcomes = again(found, days)
        assert {outcomes[name] for name in names} <= {Outcome.KEPT, Outcome.UNCHANGED}
        for name in names:
            assert line(later, name).state is State.CAPTURED, name
            assert lake_table(later, name).equals(before[name]), name


def test_what_was_kept_lacks_nothing_once_the_domain_is_asked_again(account):
    found = account.only("domain", "isp", "edge_stat")
    account.simulator.manners = ["missing-slots=12@action=DescribeLiveEdgeStatData"]
    found.capture((DAY,))
    account.simulator.manners = []
    gone(found)
    later, outcomes = again(found)  # with late data of the others
    assert outcomes["edge_stat"] is Outcome.CAPTURED
    found.archive.home.set_gone_domains(())
    assert line(later, "edge_stat").state is State.CAPTURED
    with lab(found.root.parent / "whole", ACCOUNT) as other:
        whole = other.only("domain", "isp", "edge_stat")
        whole.capture((DAY,))
        _, outcomes = again(found, 2)
        assert outcomes["edge_stat"] is Outcome.CAPTURED  # late data of the domain itself
        assert lake_table(found, "edge_stat").equals(lake_table(whole, "edge_stat"))


def test_a_stream_that_is_not_asked_any_more_keeps_its_rows(account):
    found = account.only(*PUSHED)
    assert failures(found.capture((DAY,))) == []
    before = lake_table(found, "push_stream_metrics")
    found.archive.home.set_gone_streams({STREAM})
    for days in (1, 2):
        later, outcomes = again(found, days)
        assert outcomes["push_stream_metrics"] is Outcome.UNCHANGED
    assert lake_table(later, "push_stream_metrics").equals(before)
    found.archive.home.set_gone_streams(())
    assert line(later, "push_stream_metrics").state is State.CAPTURED


def test_a_day_of_which_nothing_is_asked_any_more_stays_as_it_is(account):
    found = account.only("domain", "isp", "edge_stat")
    assert failures(found.capture((DAY,))) == []
    raw = contents(found.archive.home.raw / "edge_stat", found.archive.home.lake / "edge_stat")
    found.archive.home.set_gone_domains({LEFT, "pull-1.sim.example"})
    later, _ = again(found)
    assert line(later, "edge_stat").state is State.CAPTURED
    now = contents(found.archive.home.raw / "edge_stat", found.archive.home.lake / "edge_stat")
    assert raw.items() <= now.items()
