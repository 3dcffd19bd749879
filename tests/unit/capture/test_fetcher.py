"""One request: asked in parts where that helps, and never withheld for another's refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.api.retry import RetryPolicy
from resources.capture.learned import Learned
from resources.capture.result import Outcome
from resources.raw import captures
from resources.simulator import Account
from resources.simulator.manners.figures import Content
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


@dataclass
class LeaveOutSlots(Content):
    """Leaves out the slots in the middle of the day, and states the totals of the whole day."""

    name = "leave-out-slots"
    example = "leave-out-slots"

    def changed(self, request, endpoint, result):  # noqa: ARG002
        for item in result["EdgeStatDetailDataList"]:
            item["EdgeStatDataList"] = (
                item["EdgeStatDataList"][:100] + item["EdgeStatDataList"][200:]
            )
        return result


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


@pytest.mark.parametrize("bad", ["pull-1.sim.example", "pull-3.sim.example", "push-1.sim.example"])
@pytest.mark.parametrize("name", ["edge_stat", "transcode_info", "push_stream_info"])
def test_a_domain_of_a_project_that_the_key_may_not_see_costs_itself(account, name, bad):
    denied = f"refuse-domain={bad}@status=403@code=LackProjectPolicy"
    account.simulator.manners = [denied]
    found = account.only("domain", "isp", name)
    (result,) = (r for r in found.capture((DAY,)) if r.dataset == name)
    if name == "push_stream_info" and bad.startswith("pull"):
        assert result.outcome is Outcome.CAPTURED
    else:
        assert (result.outcome, result.lacking) == (Outcome.INCOMPLETE, (bad,))
        assert "LackProjectPolicy" in result.message


@pytest.mark.parametrize("name", ["edge_stat", "transcode_info", "push_stream_info"])
def test_where_the_first_domains_are_of_another_project_those_of_a_later_request_decide(
    tmp_path, monkeypatch, name
):
    """The whole first list of many domains is denied, or the first ones that are asked one by one."""
    monkeypatch.setattr("resources.api.request_plan.DOMAINS_PER_REQUEST", 4)
    role = "push" if name == "push_stream_info" else "pull"
    bad = [f"{role}-{n}.sim.example" for n in range(1, 5)]
    denied = f"refuse-domain={','.join(bad)}@status=403@code=LackProjectPolicy"
    with lab(tmp_path / "home", Account(domains=5, deleted=0), manners=[denied]) as one:
        found = one.only("domain", "isp", name)
        (result,) = (r for r in found.capture((DAY,)) if r.dataset == name)
        assert (result.outcome, result.lacking) == (Outcome.INCOMPLETE, tuple(bad))


def test_an_action_that_is_denied_for_all_lists_fails_after_some_calls(tmp_path, monkeypatch):
    monkeypatch.setattr("resources.api.request_plan.DOMAINS_PER_REQUEST", 4)
    with lab(tmp_path / "home", Account(domains=20, deleted=0), denied=[EDGE]) as one:
        found = one.only("domain", "isp", "edge_stat")
        results = found.capture((BEFORE, DAY))
        assert {r.outcome for r in results if r.dataset == "edge_stat"} == {Outcome.FAILED}
        assert found.simulator.calls[EDGE] <= 10 * found.archive.settings.workers


def test_an_action_that_the_key_may_not_use_costs_a_few_calls_in_all(tmp_path):
    with lab(tmp_path / "home", Account(domains=9, deleted=0), denied=[EDGE]) as one:
        found = one.only("domain", "isp", "edge_stat")
        results = found.capture((BEFORE, DAY))
        assert {r.outcome for r in results if r.dataset == "edge_stat"} == {Outcome.FAILED}
        assert found.simulator.calls[EDGE] <= 1 + 3 + found.archive.settings.workers


@pytest.mark.parametrize("code", ["RequestForbidden", "InvalidParam", "Never.Seen"])
@pytest.mark.parametrize("living", [(2, 4, 5, 7), (4,)], ids=["half", "one"])
def test_the_living_domains_of_an_old_account_are_found_among_those_that_are_gone(
    tmp_path, living, code
):
    """Also where the items of a refused list that are asked first are all bad."""
    bad = [f"pull-{n}.sim.example" for n in range(1, 9) if n not in living]
    gone = f"refuse-domain={','.join(bad)}@code={code}"
    with lab(tmp_path / "home", Account(domains=8, deleted=0), manners=[gone]) as one:
        found = one.only("domain", "isp", "source_traffic")
        (result,) = (r for r in found.capture((DAY,)) if r.dataset == "source_traffic")
        assert (result.outcome, result.lacking) == (Outcome.INCOMPLETE, tuple(bad))


@pytest.mark.parametrize("most", [0, 3, 6])
def test_no_more_further_calls_are_made_than_an_action_may_spend_in_a_run(
    tmp_path, monkeypatch, most
):
    bad = ",".join(f"pull-{n}.sim.example" for n in range(1, 8))
    left = [most]

    def spend(_, action):
        left[0] -= action == EDGE
        return left[0] >= 0

    monkeypatch.setattr(Learned, "spend_call", spend)
    manner = f"refuse-domain={bad}@code=Never.Seen"
    with lab(tmp_path / "home", Account(domains=9, deleted=0), manners=[manner]) as one:
        one.only("domain", "isp", "edge_stat").capture((DAY,))
        assert one.simulator.calls[EDGE] == 1 + most


def test_an_action_that_refuses_everything_is_searched_a_few_times(tmp_path):
    days = [date(2026, 11, n) for n in range(12, 22)]
    refuse = f"refuse-action={EDGE}@status=403@code=Never.Seen"
    with lab(tmp_path / "home", Account(domains=9, deleted=0), manners=[refuse]) as one:
        found = one.only("domain", "isp", "edge_stat").with_(LIVESTATS_FIRST_DAY="2026-11-12")
        results = found.only("domain", "isp", "edge_stat").capture(days)
        assert {r.outcome for r in results if r.dataset == "edge_stat"} == {Outcome.FAILED}
        alone, in_flight = 9, 2 * found.archive.settings.workers
        assert found.simulator.calls[EDGE] <= len(days) * 5 + in_flight * alone


def rows_of(results):
    return next(r.rows for r in results if r.dataset == "edge_stat")


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_whose_totals_differ_from_its_rows_is_asked_once_more(account, times):
    found = account.only("domain", "isp", "edge_stat")
    account.simulator.manners = [LeaveOutSlots(action=(EDGE,), until_call=times)]
    first = rows_of(found.capture((DAY,)))
    calls = found.simulator.calls[EDGE]
    assert calls == 2
    account.simulator.manners = []
    whole = rows_of(found.capture((BEFORE,)))
    assert found.simulator.calls[EDGE] == calls + 1  # totals that agree need no second request
    assert (first == whole) is (times == 1)


def test_totals_that_never_agree_cost_one_request_in_a_run(account):
    found = account.only("domain", "isp", "edge_stat")
    account.simulator.manners = [LeaveOutSlots(action=(EDGE,))]
    found.capture((BEFORE, DAY))
    assert found.simulator.calls[EDGE] in (3, 4)  # both days may be asked at one time


def test_a_list_that_is_too_long_costs_the_figures_of_the_whole_account_and_says_so(account):
    account.simulator.manners = [f"list-limit=2@parameter=DomainList@action={EDGE}"]
    found = account.only("domain", "isp", "edge_stat", "edge_stat_account")
    results = [r for r in found.capture((DAY,)) if r.dataset.startswith("edge")]
    by_name = {r.dataset: r for r in results}
    assert by_name["edge_stat"].outcome is Outcome.CAPTURED
    refused = by_name["edge_stat_account"]
    assert refused.outcome is Outcome.FAILED
    assert "longer than the API takes" in str(refused.error)
    assert "datasets.off" in str(refused.error)


def test_what_is_kept_of_a_refused_answer_does_not_hold_it_decoded(account):
    """Through the frames of its error; an answer of 300 MB took 300 MB more for each request."""
    account.simulator.manners = [f"quoted-numbers@action={EDGE}"]
    found = account.only("domain", "isp", "edge_stat")
    results = {r.dataset: r for r in found.capture((DAY,))}
    assert results["edge_stat"].outcome is Outcome.FAILED
    error = results["edge_stat"].error
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)
