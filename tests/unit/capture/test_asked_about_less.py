"""A day that is asked again about less than before keeps what was answered about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.capture.result import Outcome
from resources.ledger.states import State
from resources.raw import captures
from resources.simulator import Account
from resources.simulator.manners.listing import LIST_OF_DOMAINS, ListManner
from tests.support.archives import contents, failures, lab
from tests.unit.capture.test_partition import RefuseKind, lake_table, line, tomorrow

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


def test_what_lacked_of_a_domain_lacks_again_once_the_domain_is_asked_again(account):
    found = account.only("domain", "stream_count")
    account.simulator.manners = [RefuseKind("push")]
    found.capture((DAY,))
    assert LEFT in line(found, "stream_count").lacking
    account.simulator.manners = []
    gone(found)
    again(found)
    found.archive.home.set_gone_domains(())
    later = tomorrow(found, 2)
    assert LEFT in line(later, "stream_count").lacking
    assert failures(later.capture((DAY,))) == []
    assert line(later, "stream_count").state is State.CAPTURED
    with lab(found.root.parent / "whole", ACCOUNT) as other:
        whole = other.only("domain", "stream_count")
        whole.capture((DAY,))
        made, wanted = (sorted(map(str, lake_table(one, "stream_count").to_pylist()))
                        for one in (later, whole))  # fmt: skip
        assert made == wanted


def test_answers_that_are_damaged_are_not_replaced_by_fewer(account):
    found = account.only("domain", "isp", "edge_stat")
    account.simulator.manners = ["missing-slots=12@action=DescribeLiveEdgeStatData"]
    found.capture((DAY,))
    before = lake_table(found, "edge_stat")
    folder = captures.folder_of(found.archive.home.raw, "edge_stat", DAY)
    (path,) = folder.rglob("responses.zst")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    account.simulator.manners = []
    gone(found)
    results = tomorrow(found).capture((DAY,), again=True)
    assert [one.dataset for one in results if one.outcome is Outcome.FAILED] == ["edge_stat"]
    assert lake_table(found, "edge_stat").equals(before)
    assert len(captures.captures_in(folder)) == 1


def test_carriers_that_lacked_are_no_reason_to_ask_for_ever(account):
    found = account.only("domain", "isp", "source_traffic")
    fewer_carriers(found)
    found.capture((DAY,))
    account.simulator.manners = []
    gone(found)
    for days in (1, 1, 2, 2):
        later = tomorrow(found, days)
        assert failures(later.capture((DAY,))) == []
        assert line(later, "source_traffic").state is State.CAPTURED
    folder = captures.folder_of(found.archive.home.raw, "source_traffic", DAY)
    assert len(captures.captures_in(folder)) == 2


def test_figures_of_an_account_do_not_shrink_when_the_day_is_completed(tmp_path):
    late = "late-domains=pull-3.sim.example,push-3.sim.example@until-call=1"
    with lab(tmp_path / "home", Account(domains=3, streams_per_domain=1, deleted=0)) as three:
        found = three.only("domain", "edge_stat_account")
        three.simulator.manners = [late]
        found.capture((DAY,))
        before = lake_table(found, "edge_stat_account")
        gone(found)
        later = tomorrow(found)
        later.capture((DAY,))
        assert line(later, "edge_stat_account").state is State.INCOMPLETE
        assert lake_table(later, "edge_stat_account").equals(before)


def test_a_stream_that_was_answered_lacks_nothing_after_another_was_completed(account):
    found = account.only(*PUSHED)
    account.simulator.manners = ["refuse-stream=room-201"]
    found.capture((DAY,))
    found.archive.home.set_gone_streams({STREAM})
    account.simulator.manners = []
    later = tomorrow(found)
    assert failures(later.capture((DAY,))) == []
    found.archive.home.set_gone_streams(())
    assert line(later, "push_stream_metrics").state is State.CAPTURED


def test_a_key_that_sees_few_domains_holds_up_no_new_day_in_a_further_run(tmp_path):
    hidden = [f"{role}-{n}.sim.example" for role in ("pull", "push") for n in range(1, 5)]
    denied = f"refuse-domain={','.join(hidden)}@status=403@code=AccessDenied"
    days = [DAY - timedelta(days=n) for n in range(4)]
    account = Account(domains=6, streams_per_domain=1, deleted=0, audience=0.01)
    with lab(tmp_path / "home", account, manners=[denied]) as found:
        few = found.only("domain", "edge_stat_by_domain")
        few.capture(days[1:])
        results = few.capture(days)
        assert {one.outcome for one in results if one.dataset == "edge_stat_by_domain"} == {
            Outcome.INCOMPLETE
        }
