"""What a day's attempt may do to what is captured of it: nothing that was answered gets lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest

from resources.api.catalog import DATASETS
from resources.api.retry import RetryPolicy
from resources.capture.result import Outcome
from resources.lake import parquet
from resources.ledger.states import State
from resources.raw import captures
from resources.simulator import Account
from resources.simulator.manners.manner import Manner
from resources.simulator.manners.refusing import refused
from resources.verify.run import Verification
from tests.support.archives import NOW, contents, failures, lab, lake_rows

DAY = date(2026, 11, 21)
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.01)
BAD = "pull-2.sim.example"
NAMES = ("domain", "isp", "edge_stat", "batch_stream_session")
PUSHED = ("domain", "batch_push_stream_metrics", "push_stream_info", "push_stream_metrics")
IMPATIENT = RetryPolicy(fault_attempts=1)


@pytest.fixture
def account(tmp_path):
    with lab(tmp_path / "home", ACCOUNT) as found:
        yield found


def tomorrow(found, days=1):
    off = tuple(name for name in DATASETS if name not in found.archive.settings.datasets)
    later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=days)).isoformat())
    return later.set(datasets_off=off)


def line(found, name):
    (one,) = found.archive.ledger(DATASETS[name], DAY, DAY)
    return one


@pytest.mark.parametrize("manner", [f"refuse-domain={BAD}", f"fault=internal@domain={BAD}"])
def test_a_later_answer_without_an_item_replaces_no_capture_that_has_it(account, manner):
    found = account.only(*NAMES)
    assert failures(found.capture((DAY,))) == []
    raw = contents(found.archive.home.raw / "edge_stat", found.archive.home.lake)
    account.simulator.manners = [manner]
    by_name = {r.dataset: r for r in found.capture((DAY,), again=True, retries=IMPATIENT)}
    assert by_name["edge_stat"].outcome is Outcome.UNCHANGED
    assert by_name["edge_stat"].message == f"kept the earlier answer for {BAD}"
    now = contents(found.archive.home.raw / "edge_stat", found.archive.home.lake)
    assert {path: now.get(path) for path in raw} == raw
    assert line(found, "edge_stat").state is State.CAPTURED


def test_an_incomplete_day_is_asked_again_with_what_it_has_and_no_more_lost(account):
    found = account.only(*NAMES)
    account.simulator.manners = [f"refuse-domain={BAD}"]
    found.capture((DAY,))
    before = line(found, "edge_stat")
    again = {r.dataset: r.outcome for r in found.capture((DAY,), again=True)}
    assert again["edge_stat"] is Outcome.INCOMPLETE
    assert line(found, "edge_stat").capture == before.capture  # equal rows, equal gaps: a note
    account.simulator.manners = []
    again = {r.dataset: r.outcome for r in tomorrow(found).capture((DAY,), again=True)}
    assert again["edge_stat"] is Outcome.CAPTURED
    assert line(tomorrow(found), "edge_stat").state is State.CAPTURED


@dataclass
class RefuseKind(Manner):
    """Refuses one kind of streams, for every domain."""

    name = "refuse-kind"
    example = "refuse-kind=push"

    kind: str

    def before(self, request):
        is_about = request.parameters.get("StreamType") == [self.kind]
        return refused(request, 400, "InvalidParam", "No.") if is_about else None


def test_what_lacks_in_one_request_does_not_excuse_another(account):
    """Both attempts lack the same domains, each in another of three requests."""
    found = account.only("domain", "stream_count")
    account.simulator.manners = [RefuseKind("push")]
    (first,) = (r for r in found.capture((DAY,)) if r.dataset == "stream_count")
    assert first.outcome is Outcome.INCOMPLETE
    before = line(found, "stream_count")
    account.simulator.manners = [RefuseKind("transcode")]
    later = tomorrow(found)
    (again,) = (r for r in later.capture((DAY,), again=True) if r.dataset == "stream_count")
    assert again.outcome is Outcome.CAPTURED  # with the earlier answer about transcoded streams
    assert line(later, "stream_count").capture != before.capture
    account.simulator.manners = []
    last = tomorrow(found, 2)
    (whole,) = (r for r in last.capture((DAY,), again=True) if r.dataset == "stream_count")
    assert whole.outcome is Outcome.UNCHANGED


def lake_table(found, name):
    return pq.read_table(parquet.path_of(found.archive.home.lake, name, DAY))


def test_late_data_of_healthy_items_does_not_wait_for_one_that_is_newly_refused(account):
    """The refused domain keeps its earlier rows, and is asked again with the next re-read."""
    found = account.only(*NAMES)
    account.simulator.manners = ["missing-slots=12@action=DescribeLiveEdgeStatData"]
    found.capture((DAY,))
    early = lake_table(found, "edge_stat")
    account.simulator.manners = [f"refuse-domain={BAD}"]
    second = tomorrow(found)
    by_name = {r.dataset: r for r in second.capture((DAY,), again=True)}
    assert by_name["edge_stat"].outcome is Outcome.CAPTURED
    assert by_name["edge_stat"].message == f"kept the earlier answer for {BAD}"
    assert line(second, "edge_stat").state is State.CAPTURED
    both = lake_table(second, "edge_stat")
    account.simulator.manners = []
    third = tomorrow(found, 2)
    third.capture((DAY,), again=True)
    late = lake_table(third, "edge_stat")

    def rows(table, is_bad):
        return sorted(
            map(repr, (row for row in table.to_pylist() if (row["domain"] == BAD) is is_bad))
        )

    assert rows(both, True) == rows(early, True) != rows(late, True)
    assert rows(both, False) == rows(late, False) != rows(early, False)
    third.load()
    assert [*Verification(third.archive, [DATASETS["edge_stat"]]).findings()] == []


def test_kept_answers_are_kept_again_read_from_raw_and_completed(account):
    """Of two domains, with another refused each time; the lake file is made again from raw."""
    names = ("domain", "batch_push_stream_metrics", "push_stream_metrics")
    found, action = account.only(*names), "DescribeLivePushStreamMetrics"
    account.simulator.manners = [f"missing-slots=12@action={action}"]
    found.capture((DAY,))
    tables = []
    for days, bad in ((1, "room-101"), (2, "room-101"), (3, "room-201")):
        account.simulator.manners = [f"refuse-stream={bad}@action={action}"]
        later = tomorrow(found, days)
        (result,) = (r for r in later.capture((DAY,), again=True)
                     if r.dataset == "push_stream_metrics")  # fmt: skip
        assert bad in result.message
        tables.append(sorted(map(repr, lake_table(later, "push_stream_metrics").to_pylist())))
        path = parquet.path_of(found.archive.home.lake, "push_stream_metrics", DAY)
        path.unlink()
        later.capture((DAY,))
        assert sorted(map(repr, lake_table(later, "push_stream_metrics").to_pylist())) == tables[-1]
    assert tables[0] == tables[1] != tables[2]
    assert [result.outcome for result in tomorrow(found, 3).capture((DAY,))][-1] is Outcome.KEPT


def test_a_source_is_noted_by_the_lake_file_that_was_read(account):
    """A crash between a capture and its lake file leaves an older list of streams."""
    source = "batch_push_stream_metrics"
    found = account.only("domain", source, "push_stream_metrics")
    account.simulator.manners = ["refuse-domain=push-2.sim.example"]
    found.capture((DAY,), ("domain", source))
    path = parquet.path_of(found.archive.home.lake, source, DAY)
    older = path.read_bytes()
    account.simulator.manners = []
    later = tomorrow(found)
    later.capture((DAY,), ("domain", source))
    newer = path.read_bytes()
    assert older != newer
    path.write_bytes(older)
    later.capture((DAY,), ("push_stream_metrics",))
    path.write_bytes(newer)  # what the next load does
    assert line(later, "push_stream_metrics").state is State.INCOMPLETE
    assert failures(later.capture((DAY,), ("push_stream_metrics",))) == []


def test_a_day_whose_only_domain_is_refused_is_not_captured(tmp_path):
    bad = "pull-1.sim.example"
    with lab(
        tmp_path / "home", Account(domains=1, deleted=0), manners=[f"refuse-domain={bad}"]
    ) as one:
        found = one.only("domain", "isp", "batch_stream_session")
        (failed,) = (r for r in found.capture((DAY,)) if not r.outcome.is_complete)
        assert failed.outcome is Outcome.FAILED
        assert "RequestForbidden" in failed.message
        assert line(found, "batch_stream_session").state is State.PARTIAL
        folder = captures.folder_of(found.archive.home.raw, "batch_stream_session", DAY)
        assert captures.captures_in(folder) == []


def test_an_action_that_is_denied_is_one_error_of_the_log_and_fails_each_day(tmp_path, caplog):
    days = [DAY - timedelta(days=n) for n in range(4)]
    with lab(tmp_path / "home", ACCOUNT, denied=["DescribeLiveTopPlayData"]) as found:
        results = found.only("domain", "top_play").capture(days)
    failed = [r for r in results if r.dataset == "top_play"]
    assert [r.outcome for r in failed] == [Outcome.FAILED] * 4
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1


def test_streams_come_from_the_source_that_is_there_until_the_other_is(account):
    refused = DATASETS["batch_push_stream_metrics"].endpoint.action
    account.simulator.manners = [f"refuse-action={refused}"]
    found = account.only(*PUSHED)
    found.capture((DAY,))  # writes that the source failed
    by_name = {r.dataset: r for r in found.capture((DAY,))}
    assert by_name["push_stream_metrics"].outcome is Outcome.INCOMPLETE
    assert by_name["push_stream_metrics"].lacking == ("what batch_push_stream_metrics lists",)
    assert line(found, "push_stream_metrics").rows
    account.simulator.manners = []
    later = tomorrow(found)
    later.capture((DAY,))
    assert {line(later, name).state for name in PUSHED[1:]} == {State.CAPTURED}
    rows = lake_rows(later.archive.home)
    with lab(found.root.parent / "whole", ACCOUNT) as other:
        whole = other.only(*PUSHED)
        assert failures(whole.capture((DAY,))) == []
        expected = lake_rows(whole.archive.home)
    name = f"push_stream_metrics/day={DAY}/rows.parquet"
    assert rows[name].equals(expected[name])


def test_streams_of_a_domain_that_is_gone_no_more_are_asked(account):
    """The sources listed them before; their captures have not changed since."""
    found = account.only("domain", "batch_push_stream_metrics", "push_stream_metrics")
    found.capture((DAY,), ("domain", "batch_push_stream_metrics"))
    found.archive.home.set_gone_domains({"push-2.sim.example"})
    assert failures(found.capture((DAY,), ("push_stream_metrics",))) == []
    assert line(found, "push_stream_metrics").state is State.CAPTURED
    found.archive.home.set_gone_domains(())
    again = tomorrow(found)
    assert line(again, "push_stream_metrics").lacking == ("push-2.sim.example/live/room-201",)
    assert failures(again.capture((DAY,), ("push_stream_metrics",))) == []
