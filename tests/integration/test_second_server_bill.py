"""A month of the second server: the bill, figured by hand from its truth, and what livestats says.

Nothing of the warehouse or of the marts' rules takes part on the side of the hand: sums, sorting and
counting over what each minute and 5 minutes carried.
"""

import json
from collections import defaultdict
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from tests.second_server import streams, traffic, usage
from tests.second_server.query import Query
from tests.second_server.times import DAY_S
from tests.second_server.world import DOMAINS
from tests.support.mart_answers import rows_of
from tests.support.second_account import second_lab, wrong_tables
from tests.support.second_series import day_start

pytestmark = pytest.mark.slow

MONTH = [date(2026, 10, 1) + timedelta(days=n) for n in range(31)]
START, STOP = day_start(MONTH[0]), day_start(MONTH[-1]) + DAY_S
SLOTS = 31 * 288
BILLED = (
    *("traffic", "bandwidth", "p95_peak_bandwidth", "transcode", "transcode_info", "record"),
    *("snapshot", "audit", "time_shift", "pull_to_push", "edge_stat"),
)


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    home = tmp_path_factory.mktemp("bill") / "home"
    with second_lab(home, LIVESTATS_FIRST_DAY="2026-10-01") as (lab, server):
        words = ["backfill", "--from", str(MONTH[0]), "--to", str(MONTH[-1])]
        words += [word for name in ("domain", "isp", *BILLED) for word in ("--dataset", name)]
        result = CliRunner().invoke(main, words, env=dict(lab.archive.environ))
        assert result.exit_code == 0, result.output
        yield lab, server


def answer(month, sql):
    with month[0].archive.reading() as connection:
        return rows_of(connection, sql)


def carried(domain):
    """Direction -> bytes of each 5 minutes of the month: what was measured, what is billed."""
    query = Query(START, STOP, domains=None if domain is None else (domain,))
    numbers = tuple(atom.number for atom in query.atoms())
    measured, billed = {}, {}
    for way in ("down", "up"):
        minutes = traffic.minute_values(numbers, START, STOP, way)
        measured[way] = [sum(minutes[n : n + 5]) for n in range(0, len(minutes), 5)]
        billed[way] = traffic.billed_values(numbers, START, STOP, way)
    for one in (measured, billed):
        one["total"] = [a + b for a, b in zip(one["down"], one["up"], strict=True)]
        assert {len(values) for values in one.values()} == {SLOTS}
    return measured, billed


def rules(values):
    """The three rules of the bandwidth of a month, in Mbps, from the bytes of each 5 minutes."""
    mbps = [value * 8 / 300 / 1_000_000 for value in values]
    highest_first = sorted(mbps, reverse=True)
    of_days = [max(mbps[n : n + 288]) for n in range(0, SLOTS, 288)]
    return {
        "p95_bandwidth": highest_first[446],  # of 8928 points, 5 % rounded down are left out
        "fourth_peak_bandwidth": sorted(of_days, reverse=True)[3],
        "daily_peak_average_bandwidth": sum(of_days) / 31,
    }


def minutes_by_kind():
    found = defaultdict(float)
    for row in usage.transcode_days(Query(START, STOP, width_s=DAY_S)):
        found[f"{row['TranscodeType']} {row['Resolution']}"] += row["Duration"]
    return dict(found)


def most_recordings():
    """Over domains, each with its most in the slot: how the mart adds them up."""
    slots = defaultdict(int)
    for row in streams.record_count(Query(START, STOP, dims=("Domain",))):
        slots[row["TimeStamp"]] += row["Value"]
    return max(slots.values())


def expected_bill():
    """(item, detail) -> (billed, monitored), None where there is no such side."""
    measured, billed = carried(None)
    bill = {}
    for way in ("up", "down", "total"):
        bill["traffic", way] = (sum(billed[way]), sum(measured[way]))
        monitored = rules(measured[way])
        for item, value in rules(billed[way]).items():
            bill[item, way] = (value, monitored[item])
    for kind, minutes in minutes_by_kind().items():
        bill["transcode", kind] = (minutes, minutes)
    by_day = Query(START, STOP, width_s=DAY_S)
    stored = [row["Storage"] * 1024**3 for row in usage.time_shift(by_day)]
    return bill | {
        ("record", ""): (most_recordings(), None),
        ("snapshot", ""): (sum(row["Value"] for row in usage.snapshots(by_day)), None),
        ("audit", ""): (sum(row["Count"] for row in usage.audits(by_day)), None),
        ("relay", ""): (sum(row["Value"] for row in streams.relay_minutes(by_day)), None),
        ("time_shift", ""): (sum(stored) / 31, None),
        ("p95_by_vendor", "total"): (rules(billed["total"])["p95_bandwidth"], None),
    }


def near(value):
    return None if value is None else pytest.approx(value, rel=1e-6)


def test_the_tables_of_the_month_are_the_truth(month):
    lab, server = month
    assert [one for one in server.asked if one.error] == []
    assert wrong_tables(lab, server, MONTH, BILLED) == {}


def test_the_bill_of_the_month_is_the_one_figured_by_hand(month):
    rows = answer(month, "FROM bill_monthly WHERE month = DATE '2026-10-01'")
    found = {(row["item"], row["detail"]): row for row in rows}
    expected = expected_bill()
    assert set(found) == set(expected)
    for key, (billed, monitored) in expected.items():
        assert found[key]["billed"] == near(billed), key
        assert found[key]["monitored"] == near(monitored), key
        share = None if not monitored else 100 * (billed / monitored - 1)
        if share is None:
            assert found[key]["difference_percent"] is None, key
        else:
            assert found[key]["difference_percent"] == pytest.approx(share, abs=1e-4), key
        assert (found[key]["days_captured"], found[key]["is_complete"]) == (31, True), key


def test_the_ready_question_tells_the_same(month):
    lab, _ = month
    words = ["query", "--example", "bill_of_a_month", "--format", "json"]
    result = CliRunner().invoke(main, words, env=dict(lab.archive.environ))
    assert result.exit_code == 0, result.output
    found = {(row["item"], row["detail"]): row for row in json.loads(result.stdout)}
    wanted = {
        key: value
        for key, value in expected_bill().items()
        if key[1] == "total" or not (key[0] == "traffic" or key[0].endswith("bandwidth"))
    }
    assert set(found) == set(wanted)
    for key, (billed, _) in wanted.items():
        scale = 1e9 if found[key]["unit"] == "GB" else 1
        assert found[key]["billed"] == pytest.approx(billed / scale, abs=0.051), key


def test_billed_against_monitored_by_domain(month):
    rows = answer(month, "FROM billing_difference_monthly WHERE month = DATE '2026-10-01'")
    found = {(row["domain"], row["direction"]): row for row in rows}
    assert len(found) == 3 * len(DOMAINS)
    for domain in (one.name for one in DOMAINS):
        measured, billed = carried(domain)
        for way in ("up", "down", "total"):
            row, much, less = found[domain, way], sum(billed[way]), sum(measured[way])
            assert row["billed_traffic_bytes"] == near(much)
            assert row["monitored_traffic_bytes"] == near(less)
            assert row["traffic_difference_bytes"] == pytest.approx(much - less, rel=1e-6, abs=1)
            assert row["billed_p95_mbps"] == near(rules(billed[way])["p95_bandwidth"])
            assert row["monitored_p95_mbps"] == near(rules(measured[way])["p95_bandwidth"])
            assert (row["days_compared"], row["is_complete"]) == (31, True)
