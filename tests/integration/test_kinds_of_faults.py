"""Each kind of fault of the API with several inputs: what it costs, and that it heals.

One line is one manner of the simulated API (docs/simulator.md), so each can be looked at with
`livestats simulate --manner`. Faults of this machine: test_local_faults.py, test_lean_machine.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from resources.api.catalog import DATASETS, DIMENSIONS, ENDPOINTS
from resources.api.retry import RetryPolicy
from resources.capture.result import Outcome
from resources.simulator import Account
from tests.support.archives import NOW, lab, lake_rows, leftovers

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 21)
ACCOUNT = Account(domains=2, streams_per_domain=2, deleted=0, audience=0.02)
NAMES = ("domain", "region", "isp", "ip_info", "batch_stream_session", "batch_stream_traffic",
         "stream_session_by_domain", "source_traffic", "play_status_code", "stream_count", "edge_stat",
         "edge_stat_account", "push_stream_info", "transcode_info", "top_play",
         "batch_push_stream_metrics", "push_stream_metrics")  # fmt: skip
"""Of each action that a case is about, and what depends on them."""
IMPATIENT = RetryPolicy(fault_attempts=2, throttled_attempts=3)
PULL, PUSH = "pull-2.sim.example", "push-2.sim.example"
EDGE, TRAFFIC = "DescribeLiveEdgeStatData", "DescribeLiveBatchStreamTrafficData"
CODES, RANKS = "DescribeLivePlayStatusCodeData", "DescribeLiveTopPlayData"
PUSHES, SESSIONS = "DescribeLivePushStreamInfoData", "DescribeLiveStreamSessionData"
SOURCES = "DescribeLiveSourceTrafficData"


@dataclass(frozen=True)
class Case:
    """What the API does, and what that may cost: whole datasets (by action), or items of days."""

    manner: str
    failed: tuple[str, ...] = ()
    lacking: frozenset[str] = frozenset()
    says: str = ""


def costs_nothing(*manners):
    return [Case(one) for one in manners]


def costs_action(action, says, *manners):
    return [Case(one, (action,), says=says) for one in manners]


def costs_item(item, *manners):
    return [Case(one, lacking=frozenset({item}), says=item) for one in manners]


NULLABLE = ",".join(action for action, one in ENDPOINTS.items() if one.null_result)
CASES = [
    # The answer is held against the question.
    *costs_action(
        EDGE, "",
        f"other-width=3600@asked=300@echo=answered@action={EDGE}",
        f"other-width=3600@asked=300@echo=asked@action={EDGE}",
        f"other-window=1@action={EDGE}@echo=answered",
        f"other-window=1@action={EDGE}@echo=asked",
        f"other-echo=DomainList@how=add@action={EDGE}",
    ),
    # A refusal is about what was asked.
    *costs_action(RANKS, "ServiceNotOpen", f"refuse-action={RANKS}@status=403@code=OperationDenied.ServiceNotOpen"),
    *costs_action(EDGE, "Never.Seen", f"refuse-action={EDGE}@status=400@code=Never.Seen"),
    *costs_action(SOURCES, "HTTP 404", f"refuse-action={SOURCES}@status=404@body=html"),
    *costs_action(RANKS, "InvalidAccessKey", f"deny-key={RANKS}@code=InvalidAccessKey"),
    # A bad item costs itself.
    *costs_item(PULL, f"refuse-domain={PULL}", f"quoted-numbers@domain={PULL}@action={SOURCES}",
                f"fault=internal@domain={PULL}@action={SOURCES}"),
    *costs_item(PUSH, f"refuse-domain={PUSH}@action={PUSHES}"),
    *costs_item("room-201", "refuse-stream=room-201"),
    # Keys that come twice, pages that move.
    *costs_nothing(*(f"doubled-slots=2@action={action}" for action in (EDGE, SESSIONS, CODES, SOURCES))),
    *costs_nothing("doubled-key=2@action=ListDomainDetail", f"moving-total@action={PUSHES}@until-call=2"),
    *costs_action(PUSHES, "total moved", f"moving-total@action={PUSHES}"),
    # What cannot be read.
    *costs_action(EDGE, "DownBandwidth", f"missing-field=DownBandwidth@action={EDGE}"),
    *costs_action(TRAFFIC, "", f"quoted-numbers@action={TRAFFIC}"),
    *costs_action(EDGE, "", f"html-200@action={EDGE}", f"bad-gzip=cut@action={EDGE}"),
    # What passes.
    *costs_nothing(f"html-200@action={EDGE}@until-call=1", f"cut@action={EDGE}@until-call=1",
                   f"bad-gzip=garbage@action={CODES}@until-call=1", "throttle-storm=1@until-call=2"),
    # Differences of form.
    *costs_nothing(f"null-result@action={NULLABLE}", "short-pages=2@counts=given", f"short-pages=2@counts=asked@action={PUSHES}",
                   f"new-field=Quality@action={EDGE}", f"name-case@action={PUSHES}"),
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The rows of a run in which nothing went wrong."""
    with lab(tmp_path_factory.mktemp("whole") / "home", ACCOUNT) as every:
        found = every.only(*NAMES)
        assert {r.outcome for r in found.capture((DAY,))} == {Outcome.CAPTURED}
        return rows_of(found)


def rows_of(found):
    """The rows of each dataset of the day; the lists of the account change with each day."""
    lists = {one.name for one in DIMENSIONS}
    rows = {path.split("/")[0]: table for path, table in lake_rows(found.archive.home).items()}
    return {name: table for name, table in rows.items() if name not in lists}


def differing(found, whole, names):
    mine = rows_of(found)
    return [name for name in names if not mine[name].equals(whole[name])]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.manner)
def test_what_it_costs_and_that_it_heals(case, tmp_path, whole):
    with lab(tmp_path / "home", ACCOUNT, manners=[case.manner]) as every:
        found = every.only(*NAMES)
        results = found.capture((DAY,), retries=IMPATIENT)
        by_name = {r.dataset: r for r in results if r.dataset in whole}
        failed = {n for n, r in by_name.items() if r.outcome is Outcome.FAILED}
        assert failed == {n for n in whole if DATASETS[n].endpoint.action in case.failed}
        assert all(case.says in by_name[name].message for name in failed)
        lacking = {n: r for n, r in by_name.items() if r.outcome is Outcome.INCOMPLETE}
        for name, result in lacking.items():
            own = [item for item in result.lacking if not item.startswith("what ")]
            assert all(any(one in item for one in case.lacking) for item in own), name
            assert own or set(DATASETS[name].needs) & (failed | {*lacking}), name
        assert bool(case.lacking) <= bool(lacking)
        whole_names = by_name.keys() - failed - lacking.keys()
        assert differing(found, whole, whole_names) == []
        assert leftovers(found.root) == []

        every.simulator.manners = []
        later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).only(*NAMES)
        assert {r.outcome for r in later.capture((DAY,))} <= {
            *(Outcome.CAPTURED, Outcome.KEPT, Outcome.UNCHANGED)
        }
        assert differing(later, whole, whole) == []
