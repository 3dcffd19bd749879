"""docs/cookbook.md: its questions, and the answers that the tool gives to them today."""

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.docgen import cookbook
from resources.serving.example_queries import example, examples
from resources.simulator.places import ISPS
from resources.simulator.world import World as Simulated
from tests.support.mart_answers import World

pytestmark = pytest.mark.slow

WORLD = World(Simulated(cookbook.ACCOUNT), cookbook.NOW)
WEEK = [date(2026, 10, 26) + timedelta(days=n) for n in range(7)]


@pytest.fixture(scope="module")
def ask():
    """What `livestats query --example NAME --format STYLE` prints in the archive of the page."""
    with cookbook.archive() as environ:

        @cache
        def answer(name, style="table"):
            words = [*cookbook.words(name), "--format", style]
            result = CliRunner().invoke(main, words, env=environ)
            assert result.exit_code == 0, result.output
            return result.stdout

        yield answer


def test_every_example_stands_in_one_chapter():
    listed = [name for names in cookbook.CHAPTERS.values() for name in names]
    assert sorted(listed) == [found.name for found in examples()]
    assert len(listed) >= 20


@pytest.mark.parametrize("name", [found.name for found in examples()])
def test_an_example_is_a_question_and_fits_the_page(name):
    found = example(name)
    assert found.question.endswith("?")
    assert all(len(line) <= 100 for line in found.sql.splitlines())


def test_the_page_holds_what_is_answered_now(ask):
    """Else: python -m pipelines.docgen.cookbook."""
    assert cookbook.PAGE.read_text("utf-8") == cookbook.page(ask)


def test_no_answer_is_empty(ask):
    """A question without rows would show nothing of how its answer looks."""
    for found in examples():
        assert len(ask(found.name).splitlines()) > 1, found.name


def test_the_peak_viewers_are_those_of_the_world(ask):
    expected = {}
    for domain in WORLD.pulls:
        slots = WORLD.slots(
            "StreamSessionData", WEEK[-1], DomainList=[domain], OnlineUserType="Online"
        )
        users, at = max((row["OnlineUser"], -at.timestamp()) for at, row in slots)
        expected[domain] = users, f"{datetime.fromtimestamp(-at, cookbook.NOW.tzinfo):%H:%M}"
    found = json.loads(ask("peak_viewers", "json"))
    assert {r["domain"]: (r["peak_online_users"], r["at"]) for r in found} == expected


def test_the_share_of_5xx_by_carrier_is_that_of_the_world(ask):
    whole, failed = Counter(), Counter()
    asked = {"DomainList": [*WORLD.pulls, *WORLD.pushes], "ISPList": sorted(ISPS)}
    for day in WEEK:
        for _, row in WORLD.slots(
            "PlayStatusCodeData", day, Type="Access", DetailField=["Domain", "ISP"], **asked
        ):
            whole[row["ISP"]] += row["Value"]
            failed[row["ISP"]] += row["Value"] * (row["StatusCode"] >= 500)
    found = json.loads(ask("share_5xx_by_isp", "json"))
    assert {r["isp"]: r["5xx_%"] for r in found} == {
        isp: round(100 * failed[isp] / count, 3) for isp, count in whole.items()
    }
    shares = [r["5xx_%"] for r in found]
    assert shares == sorted(shares, reverse=True)


def test_the_shares_of_4xx_and_5xx_by_domain_are_those_of_the_world(ask):
    whole, client, server = Counter(), Counter(), Counter()
    asked = {"DomainList": [*WORLD.pulls, *WORLD.pushes], "ISPList": sorted(ISPS)}
    for day in WEEK:
        for _, row in WORLD.slots(
            "PlayStatusCodeData", day, Type="Access", DetailField=["Domain", "ISP"], **asked
        ):
            whole[row["Domain"]] += row["Value"]
            client[row["Domain"]] += row["Value"] * (400 <= row["StatusCode"] < 500)
            server[row["Domain"]] += row["Value"] * (row["StatusCode"] >= 500)
    found = json.loads(ask("share_4xx_5xx_by_domain", "json"))
    assert {r["domain"]: (r["4xx_%"], r["5xx_%"]) for r in found} == {
        domain: (round(100 * client[domain] / n, 3), round(100 * server[domain] / n, 3))
        for domain, n in whole.items()
    }


def test_the_viewers_gained_and_lost_are_those_of_the_world(ask):
    expected = {}
    for domain in WORLD.pulls:
        means = []
        for days_back in (0, 7):
            users = [
                row["OnlineUser"]
                for day in WEEK
                for _, row in WORLD.slots(
                    "StreamSessionData", day - timedelta(days=days_back),
                    DomainList=[domain], OnlineUserType="Online",
                )
            ]  # fmt: skip
            means.append(sum(users) / (7 * 288))
        expected[domain] = pytest.approx(means[0] - means[1], abs=0.051)
    found = json.loads(ask("viewers_gained_and_lost", "json"))
    assert {r["domain"]: r["change"] for r in found} == expected
    assert {(r["days"], r["days_before"]) for r in found} == {(7, 7)}


def test_the_interruptions_and_their_reasons_are_those_of_the_world(ask):
    pushes = defaultdict(dict)
    for day in WEEK:
        for domain in WORLD.pushes:
            for r in WORLD.rows("PushStreamInfoData", day, DomainList=[domain]):
                pushes[domain, r["Stream"]][r["StartTime"]] = r
    expected = {}
    for stream, by_start in pushes.items():
        in_order = [by_start[start] for start in sorted(by_start)]
        gaps = defaultdict(list)
        for earlier, later in pairwise(in_order):
            began, ended = (
                datetime.fromisoformat(t) for t in (later["StartTime"], earlier["EndTime"])
            )
            if began - ended <= timedelta(minutes=10):
                gaps[earlier["StreamBreakReason"]].append(int((began - ended).total_seconds()))
        if gaps:
            every = [gap for some in gaps.values() for gap in some]
            reason = min(gaps, key=lambda r, gaps=gaps: (-len(gaps[r]), r))
            expected[stream] = (len(every), sum(every), max(every), reason)
    found = json.loads(ask("interruptions", "json"))
    columns = ("interruptions", "off_s", "longest_s", "most_common_reason")
    assert {(r["domain"], r["stream"]): tuple(r[c] for c in columns) for r in found} == expected


def test_the_peaks_of_the_account_and_its_domains_are_those_of_the_world(ask):
    """Of the plain lists, which the answers for all domains and for each one hold."""
    found = {row["whose"]: row for row in json.loads(ask("peaks_beside_averages", "json"))}
    whole = [*WORLD.pulls, *WORLD.pushes]
    for whose, domains in [("the account", whole), *((one, [one]) for one in WORLD.pulls)]:
        slots = [
            row["DownBandwidth"]
            for day in WEEK
            for _, row in WORLD.slots("EdgeStatData", day, DomainList=domains)
        ]
        assert found[whose]["peak_mbps"] == round(max(slots))
