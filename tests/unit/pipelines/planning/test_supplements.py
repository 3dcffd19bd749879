"""The requests of supplements are those that a backfill then makes."""

from __future__ import annotations

from datetime import timedelta

from pipelines.backfill.plan import plan
from pipelines.backfill.run import run
from pipelines.planning import supplements
from resources.simulator import Account
from tests.support.archives import DAYS, NOW, lab

ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.01)
LATE = "late-domains=pull-2.sim.example,push-2.sim.example@until-call=1"
NAMES = ("domain", "isp", "edge_stat", "batch_stream_traffic", "top_play", "push_stream_info")


def test_they_are_counted_exactly_and_none_is_made(tmp_path):
    with lab(tmp_path / "home", ACCOUNT, manners=[LATE]) as lone:
        lone.only(*NAMES).capture(DAYS)
        later = lone.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).only(*NAMES)
        later.capture((), ("domain",))
        asked = later.requests
        todo = plan(later.archive, *DAYS, ())
        told = supplements.requests_of(later.archive, todo.supplements)
        assert later.requests == asked
        assert todo.days_to_complete == 4 * len(DAYS)
        summary = run(later.archive, todo, lambda _: None)
        assert summary.is_complete
        new = later.requests - asked - 1  # the list of carriers
        assert told == new
        assert plan(later.archive, *DAYS, ()).supplements == ()
