"""A stream, a domain or hours that one dataset leaves out on the first day of a small account."""

from datetime import date, timedelta

import pytest

from pipelines.backfill.plan import plan
from pipelines.backfill.run import run
from resources.simulator import Account
from tests.support.archives import NOW, lab
from tests.support.suites import slow

DAY = date(2026, 11, 18)
ACCOUNT = Account(domains=2, streams_per_domain=2, deleted=0)
PUSHES = ("push_stream_info", "batch_push_stream_metrics", "push_stream_metrics", "stream_count")
PLAYS = ("edge_stat_by_region", "stream_session_by_domain", "batch_stream_traffic", "top_play")


def backfill(found, *names, days_later=0):
    later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=days_later)).isoformat())
    archive = later.only("domain", "isp", *names).archive
    return run(archive, plan(archive, DAY, DAY, ()), lambda _: None)


@pytest.mark.parametrize(
    ("names", "manner", "doubt"),
    [
        (PUSHES, "false-empty=DescribeLivePushStreamMetrics@stream=101",
         "push_stream_metrics {}: no rows for push-1.sim.example/live/"),
        slow(PLAYS, "skip-domain=pull-2.sim.example@echo=asked@action=DescribeLiveEdgeStatData",
             "edge_stat_by_region {}: no rows for pull-2.sim.example"),
        slow(PLAYS, "false-empty=DescribeLiveEdgeStatData@how=zeros",
             "edge_stat_by_region {}: nothing of pull-1.sim.example in the whole day"),
        slow(PUSHES, "missing-slots=36@action=DescribeLiveStreamCountData",
             "stream_count {}: nothing of push-1.sim.example in "),
    ],
)  # fmt: skip
def test_it_is_suspect_and_over_once_it_is_answered(tmp_path, names, manner, doubt):
    with lab(tmp_path / "home", ACCOUNT, manners=[manner]) as found:
        summary = backfill(found, *names)
        assert [*summary.suspect.values()] == [[DAY]]
        assert summary.doubts[0].startswith(doubt.split("{}")[0])
        assert doubt.split("{}: ")[1] in summary.doubts[0]
    with lab(tmp_path / "home", ACCOUNT) as found:
        summary = backfill(found, *names, days_later=1)
        assert (summary.captured, summary.suspect) == (1, {})
        archive = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).archive
        lines = [line for its in archive.ledgers(archive.daily, DAY, DAY).values() for line in its]
        assert [line.dataset for line in lines if line.is_suspect] == []


def test_a_list_of_pushes_for_another_window_that_touches_the_day(tmp_path):
    """All of its rows belong to the day: only the list of the next day shows what is lacking."""
    account = Account(domains=2, streams_per_domain=1, deleted=0, seed=2)
    first, odd, last = (DAY + timedelta(days=i) for i in (0, 1, 3))
    manner = (
        f"other-window=1@action=DescribeLivePushStreamInfoData@domain=push-2.sim.example@days={odd}"
    )
    with lab(tmp_path / "home", account, manners=[manner]) as found:
        archive = found.only("domain", "isp", "push_stream_info").archive
        summary = run(archive, plan(archive, first, last, ()), lambda _: None)
        assert summary.suspect == {"push_stream_info": [odd]}
        text = "lacks a push of push-2.sim.example that another day lists"
        assert summary.doubts == [f"push_stream_info {odd}: {text}"]
