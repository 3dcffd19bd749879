"""A fault costs its own item: the rest of the day is there, what lacks is named and comes later."""

from __future__ import annotations

import json
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from pipelines.backfill.plan import plan
from pipelines.backfill.run import run
from pipelines.cli import main
from pipelines.reports.coverage import report as coverage_report
from resources.api.catalog import DATASETS, DIMENSIONS
from resources.api.catalog.cuts import Cut
from resources.api.retry import RetryPolicy
from resources.capture.result import Outcome
from resources.ledger.states import State
from resources.monitoring.checks import active_alarms
from resources.monitoring.model import AlarmKind
from resources.raw import captures
from resources.simulator import Account
from resources.simulator.manners import all_of
from resources.simulator.places import ISPS
from resources.verify.run import Verification
from tests.support.archives import DAYS, NOW, failures, lab, lake_rows, leftovers
from tests.support.suites import slow

DAY = date(2026, 11, 21)
ACCOUNT = Account(domains=2, streams_per_domain=2, deleted=0, audience=0.02)
PUSHED, PULLED = "push-2.sim.example", "pull-2.sim.example"
LISTED = ("domain", "isp", "region", "source_traffic", "batch_stream_session", "play_status_code")
STREAMS = ("domain", "batch_push_stream_metrics", "push_stream_info", "push_stream_metrics")
SOME = tuple(dict.fromkeys((*LISTED, *STREAMS, "edge_stat", "batch_stream_traffic")))
FEW = ("domain", "isp", "source_traffic", "edge_stat", "batch_stream_traffic", *STREAMS[1:3])
IMPATIENT = RetryPolicy(fault_attempts=2, throttled_attempts=2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The rows of a run in which nothing went wrong."""
    with lab(tmp_path_factory.mktemp("whole") / "home", ACCOUNT) as found:
        assert failures(found.capture(DAYS, SOME)) == []
        return lake_rows(found.archive.home)


def rows_of(found):
    """The rows of each dataset and day; the lists of the account change with each day."""
    lists = tuple(f"{one.name}/" for one in DIMENSIONS)
    rows = lake_rows(found.archive.home)
    return {name: table for name, table in rows.items() if not name.startswith(lists)}


def same_as(found, whole):
    """The tables of the archive are those of a run without faults."""
    mine = rows_of(found)
    assert mine.keys() <= whole.keys()
    return [name for name, table in mine.items() if not table.equals(whole[name])]


def states(found):
    archive = found.archive
    lines = (line for one in archive.daily for line in archive.ledger(one, DAY, DAY))
    return {line.dataset: (line.state, line.lacking) for line in lines}


def backfill(found, first=DAY, last=DAY):
    archive, told = found.archive, []
    return run(archive, plan(archive, first, last, ()), told.append), told


def tomorrow(found):
    names = [n for n in DATASETS if n not in found.archive.settings.datasets]
    later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat())
    return later.set(datasets_off=tuple(names))


@pytest.mark.parametrize(
    ("manner", "names", "lacking"),
    [
        (f"refuse-domain={PULLED}", LISTED, {PULLED}),
        ("refuse-stream=room-201", STREAMS, {f"{PUSHED}/live/room-201"}),
        slow(f"stall=0.1@domain={PULLED}", LISTED, {PULLED}),
    ],
)
def test_a_bad_item_costs_itself_and_comes_when_it_is_mended(
    manner, names, lacking, tmp_path, whole
):
    with lab(tmp_path / "home", ACCOUNT, manners=[f"{manner}@until-call=100000"]) as lone:
        found = lone.only(*names)
        results = found.capture((DAY,), retries=IMPATIENT)
        outcomes = {r.outcome for r in results}
        assert Outcome.INCOMPLETE in outcomes
        assert Outcome.FAILED not in outcomes
        bad = [r for r in results if r.outcome is Outcome.INCOMPLETE]
        assert all(set(r.lacking) == lacking for r in bad)
        assert all(next(iter(lacking)) in r.message for r in bad)
        told = states(found)
        for result in bad:
            assert told[result.dataset] == (State.INCOMPLETE, tuple(lacking))
        assert leftovers(found.root) == []
        lone.simulator.manners = []
        later = tomorrow(found)
        results = later.capture((DAY,))
        assert {r.outcome for r in results if r.outcome is Outcome.INCOMPLETE} == set()
        assert {state for state, _ in states(later).values()} <= {State.CAPTURED, State.EMPTY}
        assert same_as(later, whole) == []


def test_refused_items_alone_are_asked_once_more_by_each_run(tmp_path):
    days = [DAY - timedelta(days=n) for n in range(10)]
    with lab(tmp_path / "home", ACCOUNT, manners=[f"refuse-domain={PULLED}"]) as lone:
        found = lone.only("domain", "source_traffic", "isp")
        found.capture(days)
        asked = found.requests
        results = found.capture(days)
        assert 0 < found.requests - asked <= len(days)  # one item, with one question a day
        assert {r.outcome for r in results} == {Outcome.KEPT, Outcome.INCOMPLETE}


def test_what_was_refused_is_complete_with_the_next_run_of_the_day(tmp_path, whole):
    with lab(tmp_path / "home", ACCOUNT, manners=[f"refuse-domain={PULLED}"]) as lone:
        found = lone.only(*FEW)
        backfill(found, *DAYS)
        lone.simulator.manners = []
        summary, _ = backfill(found, *DAYS)
        assert summary.is_complete, (summary.incomplete, summary.failed)
        assert same_as(found, whole) == []


def test_domains_that_become_visible_complete_the_days_before(tmp_path, whole):
    late = f"late-domains={PULLED},{PUSHED}@until-call=1"
    with lab(tmp_path / "home", ACCOUNT, manners=[late]) as lone:
        found = lone.only(*FEW)
        summary, _ = backfill(found, *DAYS)
        assert summary.is_complete
        later = tomorrow(found)
        summary, told = backfill(later, *DAYS)
        assert summary.is_complete, (summary.incomplete, summary.failed)
        assert any("to complete them" in line for line in told)
        assert same_as(later, whole) == []
        home = later.archive.home
        added = captures.newest(captures.folder_of(home.raw, "edge_stat", DAY)).manifest
        (carried,) = added["carried"]
        asked = {str(one["payload"]["DomainList"]) for one in added["requests"]}
        new = {
            str(one["payload"]["DomainList"]) for one in added["requests"][carried["requests"] :]
        }
        assert new == {str([PULLED, PUSHED])}
        assert asked == {*new, str(["pull-1.sim.example", "push-1.sim.example"])}
        told = later.rows(
            "SELECT DISTINCT state, captures, lacking FROM ledger WHERE business_date IN ($1, $2) "
            "AND dataset = 'batch_stream_traffic'",
            *DAYS,
        )
        assert told == [("captured", 1, 0)]  # completed, not restated
        assert later.rows("FROM revisions") == []


@pytest.mark.parametrize("listed", [1, slow(3), slow(11)])
def test_carriers_that_become_visible_complete_the_days_before(tmp_path, whole, listed):
    names = ("domain", "isp", "source_traffic", "batch_stream_session", "batch_stream_traffic")
    late = f"late-carriers={listed}@until-call=1"
    with lab(tmp_path / "home", ACCOUNT, manners=[late]) as lone:
        found = lone.only(*names)
        assert backfill(found, *DAYS)[0].is_complete
        assert same_as(found, whole) != []
        later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).only(*names)
        summary, told = backfill(later, *DAYS)
        assert summary.is_complete, (summary.incomplete, summary.failed)
        assert any("to complete them" in line for line in told)
        assert same_as(later, whole) == []
        assert later.rows("FROM revisions") == []
        asked = later.requests
        again = later.with_(LIVESTATS_NOW=(NOW + timedelta(days=5)).isoformat()).only(*names)
        assert backfill(again, *DAYS)[0].is_complete
        assert later.requests - asked <= 3  # the lists


@pytest.mark.parametrize("how", [{"reread": True}, slow({"force": True})])
def test_a_day_that_lacks_a_domain_and_is_asked_again_is_asked_as_a_whole(how, tmp_path, whole):
    """Else the other domains would keep what was wrong, or late, when they were asked."""
    names = ("domain", "batch_stream_traffic")
    wrong = "false-empty=DescribeLiveBatchStreamTrafficData@how=zeros"
    late = f"late-domains={PULLED},{PUSHED}"
    with lab(tmp_path / "home", ACCOUNT, manners=[wrong, late]) as lone:
        found = lone.only(*names)
        assert backfill(found)[0].is_complete
        lone.simulator.manners = []
        later = tomorrow(found)
        later.capture((), ("domain",))
        assert states(later)["batch_stream_traffic"][0] is State.INCOMPLETE
        archive = later.archive
        todo = plan(archive, DAY, DAY, (), **how)
        assert (todo.days, todo.days_to_complete, todo.kept) == (1, 0, 0)
        assert run(archive, todo, [].append).is_complete
        assert same_as(later, whole) == []


CUTS = {
    "carriers": Cut(
        name="carriers",
        endpoint="DescribeLiveBatchStreamTrafficData",
        isps="all",
        each=("isps",),
    ),
    "countries": Cut(
        name="countries",
        endpoint="DescribeLivePlayStatusCodeData",
        split=("Domain",),
        width_s=3600,
        user_regions="countries",
        each=("user_regions",),
    ),
    "whole": Cut(
        name="whole",
        endpoint="DescribeLiveEdgeStatData",
        width_s=3600,
        isps="all",
        each=("isps",),
    ),
}


def test_cuts_that_ask_for_each_value_of_a_list_do_not_rest_on_a_short_one(tmp_path):
    names = ("domain", "isp", "region", *(cut.table for cut in CUTS.values()))
    with lab(tmp_path / "whole", ACCOUNT) as lone:
        found = lone.set(cuts=CUTS).only(*names)
        assert failures(found.capture((DAY,), names)) == []
        whole = lake_rows(found.archive.home)
    short = ["late-carriers=3@until-call=1", "late-regions=1@until-call=1"]
    with lab(tmp_path / "home", ACCOUNT, manners=short) as lone:
        found = lone.set(cuts=CUTS).only(*names)
        assert backfill(found)[0].is_complete  # nothing tells yet
        assert {*same_as(found, whole)} == {
            f"{cut.table}/day={DAY}/rows.parquet" for cut in CUTS.values()
        }
        later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat())
        later = later.set(cuts=CUTS).only(*names)
        later.capture((), ("isp", "region"))
        told = {name: lacking for name, (_, lacking) in states(later).items()}
        assert len(told["cut_carriers"]) == len(told["cut_whole"]) == len(ISPS) - 3
        assert {name.partition(" ")[0] for name in told["cut_carriers"]} == {"carrier"}
        assert "region AP/SG" in told["cut_countries"]
        summary, _ = backfill(later)
        assert summary.is_complete, (summary.incomplete, summary.failed)
        assert same_as(later, whole) == []
        assert {lacking for _, lacking in states(later).values()} == {()}


def test_a_domain_created_later_makes_no_older_day_incomplete(tmp_path):
    created = f"new-domains={PULLED},{PUSHED}@created=2026-11-22T01:00:00Z"
    late = f"late-domains={PULLED},{PUSHED}@until-call=1"
    with lab(tmp_path / "home", ACCOUNT, manners=[created, late]) as lone:
        found = lone.only(*FEW)
        assert backfill(found)[0].is_complete
        before = lone.requests
        summary, _ = backfill(tomorrow(found))
        assert summary.is_complete
        assert lone.requests - before <= 4  # the lists
        assert {lacking for _, lacking in states(found).values()} == {()}


def test_lists_of_a_learnt_length_are_asked_from_then_on(tmp_path):
    account = Account(domains=26, streams_per_domain=1, deleted=0, audience=0.01)
    with lab(tmp_path / "home", account, manners=["list-limit=12"]) as lone:  # of 12 carriers
        found = lone.only("domain", "isp", "source_traffic", "batch_stream_session")
        assert {r.outcome for r in found.capture((DAY,))} == {Outcome.CAPTURED}
        before = found.requests
        assert {r.outcome for r in found.capture(DAYS[:1])} >= {Outcome.CAPTURED}
        lists_of_12 = 3  # for 26 domains
        assert found.requests - before <= lists_of_12 * (1 + 2) * 2  # none is refused any more


def test_what_cannot_be_read_is_kept_beside_the_captures(tmp_path):
    quoted = "quoted-numbers@action=DescribeLiveSourceTrafficData"
    with lab(tmp_path / "home", ACCOUNT, manners=[quoted]) as lone:
        found = lone.only("domain", "isp", "source_traffic", "batch_stream_session")
        by_name = {r.dataset: r.outcome for r in found.capture((DAY,))}
        assert by_name["source_traffic"] is Outcome.FAILED
        assert by_name["batch_stream_session"] is Outcome.CAPTURED
        folder = captures.folder_of(found.archive.home.raw, "source_traffic", DAY)
        (rejected,) = captures.rejected_in(folder)
        bodies = [json.loads(bytes(body)) for *_, body in rejected.responses()]
        assert bodies
        assert "Result" in bodies[0]
        assert captures.newest(folder) is None


def test_streams_of_a_domain_that_the_lists_of_streams_lack_are_no_complete_day(tmp_path):
    manners = [
        f"refuse-domain={PUSHED}@action=DescribeLive{name}"
        for name in ("BatchPushStreamMetrics", "PushStreamInfoData")
    ]
    with lab(tmp_path / "home", ACCOUNT, manners=manners) as lone:
        found = lone.only(*STREAMS)
        by_name = {r.dataset: r for r in found.capture((DAY,))}
        assert by_name["push_stream_metrics"].lacking == (PUSHED,)
        assert states(found)["push_stream_metrics"] == (State.INCOMPLETE, (PUSHED,))
        lone.simulator.manners = []
        later = tomorrow(found)
        summary, _ = backfill(later)
        assert summary.is_complete, (summary.incomplete, summary.failed)
        assert {state for state, _ in states(later).values()} == {State.CAPTURED}


def test_streams_that_a_supplement_brings_to_light_are_asked_for_in_the_same_run(tmp_path):
    """The first run was of one domain, and of the lists of streams only."""
    with lab(tmp_path / "home", ACCOUNT) as lone:
        found = lone.only(*STREAMS, "ip_info")
        narrow = found.set(push_domains=("push-1.sim.example",))
        narrow.capture((DAY,), ("domain", "region", "isp", "batch_push_stream_metrics"))
        summary, _ = backfill(found)
        assert summary.is_complete, (summary.incomplete, summary.failed)
        assert {state for state, _ in states(found).values()} == {State.CAPTURED}


@pytest.mark.parametrize("name", [slow("p95_peak_bandwidth"), "top_play"])
def test_figures_of_the_account_are_not_put_together_of_two_answers(name, tmp_path):
    """The first was about one pair of domains, the second about all without the one that is refused."""
    known = ("domain", "isp", "region", name)
    with lab(tmp_path / "whole", ACCOUNT) as usual:
        assert backfill(usual.only(*known))[0].is_complete
        whole = rows_of(usual)
    with lab(tmp_path / "home", ACCOUNT) as lone:
        found = lone.only(*known)
        pair = {"push_domains": ("push-1.sim.example",), "pull_domains": ("pull-1.sim.example",)}
        assert backfill(found.set(**pair))[0].is_complete
        before = rows_of(found)
        lone.simulator.manners = all_of(["refuse-domain=pull-1.sim.example"])
        assert not backfill(found)[0].is_complete
        state, lacking = states(found)[name]
        assert state is State.INCOMPLETE
        assert {PULLED, PUSHED} <= {*lacking}
        assert same_as(found, before) == []
        lone.simulator.manners = []
        assert backfill(tomorrow(found))[0].is_complete
        assert same_as(found, whole) == []


def test_a_day_that_an_earlier_version_put_together_of_two_answers_is_asked_again(
    tmp_path, monkeypatch
):
    known = ("domain", "isp", "region", "top_play")
    with lab(tmp_path / "home", ACCOUNT) as lone:
        found = lone.only(*known)
        pair = {"push_domains": ("push-1.sim.example",), "pull_domains": ("pull-1.sim.example",)}
        assert backfill(found.set(**pair))[0].is_complete
        lone.simulator.manners = all_of(["refuse-domain=pull-1.sim.example"])
        with monkeypatch.context() as patch:
            patch.setattr("resources.capture.kept_answers.Scope", SimpleNamespace(ACCOUNT=None))
            backfill(found)
        assert states(found)["top_play"] == (State.INCOMPLETE, ("the account",))
        lone.simulator.manners = []
        assert backfill(tomorrow(found))[0].is_complete
        day = [len(rows) for name, rows in rows_of(found).items() if name.startswith("top_play")]
    with lab(tmp_path / "whole", ACCOUNT) as usual:
        backfill(usual.only(*known))
        whole = rows_of(usual)
    assert day == [len(rows) for name, rows in whole.items() if name.startswith("top_play")]


def test_a_domain_that_a_person_called_gone_lacks_nowhere_and_is_not_asked(tmp_path):
    with lab(tmp_path / "home", ACCOUNT, manners=[f"refuse-domain={PULLED}"]) as lone:
        found = lone.only("domain", "isp", "source_traffic", "batch_stream_traffic")
        assert not backfill(found)[0].is_complete
        found.archive.home.set_gone_domains([PULLED])
        later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat())
        later = later.only("domain", "isp", "source_traffic", "batch_stream_traffic")
        refused = lone.simulator.refused["RequestForbidden"]
        assert backfill(later, *DAYS)[0].is_complete
        assert {state for state, _ in states(later).values()} == {State.CAPTURED}
        assert lone.simulator.refused["RequestForbidden"] == refused


def test_a_stream_that_is_always_refused_can_be_called_gone_and_asked_again(tmp_path):
    name = f"{PUSHED}/live/room-201"
    with lab(tmp_path / "home", ACCOUNT, manners=["refuse-stream=room-201"]) as lone:
        found = lone.only(*STREAMS)

        def gone(*words):
            return CliRunner().invoke(main, ["gone", *words], env=found.archive.environ)

        assert not backfill(found)[0].is_complete
        refused = gone(f"{PUSHED}/live/room-202")
        assert (refused.exit_code, "a captured day lacks" in refused.output) == (2, True)
        assert gone(name.title().replace("Live/Room", "live/room")).exit_code == 0
        assert json.loads(gone("--json").stdout)["gone"] == [name]
        later = tomorrow(found)
        before = sum(lone.simulator.refused.values())
        assert backfill(later, *DAYS)[0].is_complete
        assert {state for state, _ in states(later).values()} == {State.CAPTURED}
        assert sum(lone.simulator.refused.values()) == before
        assert gone(name, "--undo").exit_code == 0
        later = tomorrow(found)
        metrics = DATASETS["push_stream_metrics"]
        told = [(line.state, line.lacking) for line in later.archive.ledger(metrics, *DAYS)]
        assert told == [(State.INCOMPLETE, (name,))] * len(DAYS)
        lone.simulator.manners = []
        assert backfill(later, *DAYS)[0].is_complete
        assert len(later.rows("FROM push_stream_metrics WHERE stream = 'room-201'")) > 0


def test_verify_accepts_a_day_that_was_completed(tmp_path):
    with lab(tmp_path / "home", ACCOUNT, manners=[f"refuse-domain={PULLED}"]) as lone:
        found = lone.only("domain", "batch_stream_traffic")
        assert not backfill(found)[0].is_complete
        lone.simulator.manners = []
        later = tomorrow(found)
        assert backfill(later)[0].is_complete
        looked = [DATASETS["domain"], DATASETS["batch_stream_traffic"]]
        assert [one.message for one in Verification(later.archive, looked).findings()] == []


OLDEST = date(2025, 11, 22)  # the API forgets it within the day


@pytest.mark.parametrize(
    ("manner", "lacking"),
    [
        ("late-carriers=3@until-call=1", "carrier "),
        slow(f"late-domains={PULLED}@until-call=1", PULLED),
        (f"refuse-domain={PULLED}@action=DescribeLiveSourceTrafficData", PULLED),
    ],
)
def test_what_a_list_tells_too_late_is_lost_in_part_and_said_once(manner, lacking, tmp_path):
    """The day was captured under a short list, and is past the API's history when it is whole."""
    with lab(tmp_path / "home", ACCOUNT, manners=[manner]) as every:
        lone = every.with_(LIVESTATS_FIRST_DAY=str(OLDEST)).only("domain", "isp", "source_traffic")
        (first,) = (r for r in lone.capture((OLDEST,)) if r.day == OLDEST)
        was_known = first.outcome is Outcome.INCOMPLETE
        assert was_known is manner.startswith("refuse")

        later = tomorrow(lone)
        told = []
        for _ in range(2):
            before = later.simulator.calls["DescribeLiveSourceTrafficData"]
            summary = run(later.archive, plan(later.archive, None, OLDEST, ()), told.append)
            assert later.simulator.calls["DescribeLiveSourceTrafficData"] == before
            told.append(summary.lost_in_part)
        said = [one for one in told if isinstance(one, dict)]
        assert said == [{} if was_known else {"source_traffic": [OLDEST]}, {}]

        (line,) = later.archive.ledger(DATASETS["source_traffic"], OLDEST, OLDEST)
        assert line.state is State.INCOMPLETE
        assert line.is_lost_in_part
        assert not line.can_be_asked
        assert line.lacking[0].startswith(lacking)
        report = coverage_report.read(later.archive, [DATASETS["source_traffic"]], OLDEST, OLDEST)
        assert report.lost_in_part == {"source_traffic": [OLDEST]}
        (alarm,) = (a for a in active_alarms(later.archive) if a.kind is AlarmKind.LOST)
        assert "not all captured, and now forgotten" in alarm.text
