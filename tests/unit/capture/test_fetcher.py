"""One request: asked in parts where that helps, and never withheld for another's refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.api.retry import RetryPolicy
from resources.capture.result import Outcome
from resources.raw import captures
from resources.simulator import Account
from resources.simulator.manners.manner import Manner
from resources.simulator.manners.refusing import refused
from tests.support.archives import lab

DAY, BEFORE = date(2026, 11, 21), date(2026, 11, 20)
ACCOUNT = Account(domains=3, streams_per_domain=1, deleted=0, audience=0.01)
BAD = "pull-2.sim.example"
EDGE = DATASETS["edge_stat"].endpoint.action
ONCE = RetryPolicy(fault_attempts=1)


@dataclass
class RefuseRegions(Manner):
    """Refuses a domain only where edge data is split by region."""

    name = "refuse-regions"
    example = "refuse-regions"

    def before(self, request):
        asked = request.parameters
        by_region = "UserArea" in asked.get("DetailField", ())
        is_about = request.action == EDGE and BAD in asked.get("DomainList", ())
        return refused(request, 403, "RequestForbidden", "No.") if by_region and is_about else None


@pytest.fixture
def account(tmp_path):
    with lab(tmp_path / "home", ACCOUNT) as found:
        yield found


def outcomes(results):
    return {(r.dataset, r.day): r.outcome for r in results if r.dataset.startswith("edge")}


def asked(found, name, day=DAY):
    """The lists of domains of a capture's requests."""
    folder = captures.folder_of(found.archive.home.raw, name, day)
    requests = captures.newest(folder).manifest["requests"]
    return [one["payload"]["DomainList"] for one in requests]


def test_a_refusal_to_one_dataset_is_not_held_against_another_of_the_action(account):
    account.simulator.manners = [RefuseRegions()]
    found = account.only("domain", "isp", "edge_stat", "edge_stat_by_region")
    first = outcomes(found.capture((DAY,), ("domain", "isp", "edge_stat_by_region")))
    assert first == {("edge_stat_by_region", DAY): Outcome.INCOMPLETE}
    second = outcomes(found.capture((DAY,), ("edge_stat",)))
    assert second == {("edge_stat", DAY): Outcome.CAPTURED}
    assert [BAD] in asked(found, "edge_stat")  # doubtful, so by itself
    assert len(asked(found, "edge_stat")) == 2


def test_a_refused_domain_costs_one_request_for_each_of_some_days_and_then_none(account):
    account.simulator.manners = [f"refuse-domain={BAD}"]
    found = account.only("domain", "isp", "edge_stat")
    found.capture((DAY,))
    calls = found.simulator.calls[EDGE]
    found.capture((BEFORE,))
    assert found.simulator.calls[EDGE] == calls + 2  # the others, and the refused one by itself


def test_a_window_that_times_out_is_asked_in_halves(account):
    found = account.only("domain", "isp", "edge_stat")
    account.simulator.manners = [f"fault=timeout@action={EDGE}@until-call=1"]
    assert outcomes(found.capture((DAY,), retries=ONCE)) == {("edge_stat", DAY): Outcome.CAPTURED}
    assert len(asked(found, "edge_stat")) == 2
