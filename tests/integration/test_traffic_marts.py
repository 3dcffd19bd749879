"""Traffic and billing of a whole run: what plain Python makes of the simulated world, and no else."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

import pytest

from resources.marts.definition import read
from resources.simulator import Account, AnswerOptions
from tests.support import billing_rules
from tests.support.archives import lab
from tests.support.expected_tables import Expected

pytestmark = pytest.mark.slow

NOW = datetime.fromisoformat("2026-11-03T12:00:00+08:00")
DAYS = [date(2026, 10, d) for d in (27, 28, 29, 30, 31)] + [date(2026, 11, d) for d in (1, 2)]
EDGE = ("edge_stat", "edge_stat_by_region", "edge_stat_by_protocol")
DIRECTIONS = ("up", "down", "total")


@pytest.fixture(scope="module", params=["zeros", "omit"])
def done(request, tmp_path_factory):
    """Seven days over the end of a month, of an API that sends empty slots or leaves them out."""
    with lab(
        tmp_path_factory.mktemp(request.param) / "home",
        Account(domains=2, streams_per_domain=1, deleted=1, audience=0.1),
        now=NOW,
        environ={"LIVESTATS_FIRST_DAY": "2026-10-27"},
        options=AnswerOptions(zeros="omit") if request.param == "omit" else AnswerOptions(),
    ) as whole:
        found = whole.only("domain", "isp", "region", *EDGE)
        found.backfill(DAYS)
        yield found


@pytest.fixture(scope="module")
def world(done):
    """The rows of each edge table, from the world; bytes are whole."""
    expected = Expected(done, DAYS, NOW)
    found = {}
    for name in EDGE:
        found[name] = expected.rows(name).to_pylist()
        for row in found[name]:
            row["up"] = float(round(row["up_traffic_bytes"]))
            row["down"] = float(round(row["down_traffic_bytes"]))
            row["total"] = row["up"] + row["down"]
    return found


def slots(rows, *keys):
    """(key values) -> slot -> bytes of each direction, summed over everything else."""
    found = defaultdict(lambda: defaultdict(lambda: dict.fromkeys((*DIRECTIONS, "requests"), 0.0)))
    for row in rows:
        slot = found[tuple(row[key] for key in keys)][row["slot_start_at"]]
        for name in slot:
            slot[name] += row[name]
    return found


def mbps(traffic_bytes, seconds=300):
    return traffic_bytes * 8 / seconds / 1e6


def daily(rows, *keys):
    """What a daily mart says of each key: traffic, averages, peaks and when they were."""
    found = {}
    for key, of_slot in slots(rows, "business_date", *keys).items():
        facts = {"requests": sum(s["requests"] for s in of_slot.values())}
        for direction in DIRECTIONS:
            whole = sum(s[direction] for s in of_slot.values())
            name = "traffic_bytes" if direction == "total" else f"{direction}_traffic_bytes"
            at = min(of_slot, key=lambda t, d=direction: (-of_slot[t][d], t))
            facts[name] = whole
            facts[f"average_{direction}_mbps"] = mbps(whole, 86_400)
            facts[f"peak_{direction}_mbps"] = mbps(of_slot[at][direction])
            facts[f"peak_{direction}_at"] = at
        found[key] = facts
    return found


def answered(found, sql):
    with found.archive.reading() as connection:
        return connection.sql(sql).to_arrow_table().to_pylist()


CASES = {
    "traffic_daily_by_domain": ("edge_stat", ("domain",)),
    "traffic_daily_by_isp": ("edge_stat", ("domain", "isp")),
    "traffic_daily_by_region": ("edge_stat_by_region", ("domain", "user_area", "user_country")),
    "traffic_daily_by_protocol": ("edge_stat_by_protocol", ("domain", "protocol")),
}


@pytest.mark.parametrize("mart", CASES)
def test_daily_traffic_is_that_of_the_world(done, world, mart):
    table, keys = CASES[mart]
    expected = daily(world[table], *keys)
    found = {
        tuple(row[key] for key in ("business_date", *keys)): row
        for row in answered(done, f"FROM {mart}")
    }
    assert set(found) == set(expected)
    assert len(found) >= 2 * len(DAYS)
    for key, facts in expected.items():
        assert {name: found[key][name] for name in facts} == {
            name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
            for name, value in facts.items()
        }, key


def test_the_95th_percentile_of_a_day_is_that_of_the_world(done, world):
    points = slots(world["edge_stat"], "business_date", "domain")
    found = answered(done, "FROM traffic_daily_by_domain")
    for row in found:
        of_slot = points[row["business_date"], row["domain"]]
        assert row["points_present"] == len(of_slot)
        for direction in DIRECTIONS:
            values = [mbps(slot[direction]) for slot in of_slot.values()]
            assert row[f"p95_{direction}_mbps"] == pytest.approx(billing_rules.p95(values, 1))


def test_names_stand_beside_codes(done):
    for mart, code, name, dimension in (
        ("traffic_daily_by_isp", "isp", "isp_name", "dim_isp"),
        ("traffic_daily_by_region", "user_country", "country_name", "dim_region"),
    ):
        codes = "country_code" if dimension == "dim_region" else "isp"
        known = dict(done.rows(f"SELECT DISTINCT {codes}, {name} FROM {dimension}"))
        found = dict(done.rows(f"SELECT DISTINCT {code}, {name} FROM {mart}"))
        assert found
        assert {c: known[c] for c in found} == found


def test_protocols_exceed_the_total_and_say_so(done):
    ((total,),) = done.rows("SELECT sum(traffic_bytes) FROM traffic_daily_by_domain")
    ((summed,),) = done.rows("SELECT sum(traffic_bytes) FROM traffic_daily_by_protocol")
    ((said,),) = done.rows(
        "SELECT comment FROM duckdb_tables() WHERE table_name = 'traffic_daily_by_protocol'"
    )
    assert summed > 1.05 * total
    assert "overlap" in said


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_monthly_bandwidth_is_that_of_the_world(done, world, direction):
    day_of = {row["slot_start_at"]: row["business_date"] for row in world["edge_stat"]}
    months = {date(2026, 10, 1): 5, date(2026, 11, 1): 2}
    of_domains = {
        key[0]: {at: mbps(slot[direction]) for at, slot in of_slot.items()}
        for key, of_slot in slots(world["edge_stat"], "domain").items()
    }
    scopes = {**of_domains, None: billing_rules.added(of_domains.values())}
    found = {
        (row["month"], row.get("domain")): row
        for table in ("billing_monthly_by_domain", "billing_monthly_account")
        for row in answered(done, f"FROM {table} WHERE direction = '{direction}'")
    }
    assert set(found) == {(month, scope) for month in months for scope in scopes}
    for (month, scope), row in found.items():
        points = {at: v for at, v in scopes[scope].items() if day_of[at].replace(day=1) == month}
        expected = billing_rules.bill(points, day_of, month)
        assert row["p95_mbps"] == pytest.approx(expected.p95)
        assert row["fourth_peak_mbps"] == pytest.approx(expected.fourth_peak)
        assert row["daily_peak_average_mbps"] == pytest.approx(expected.daily_peak_average)
        assert row["peak_mbps"] == pytest.approx(expected.peak)
        so_far = billing_rules.p95(points.values(), months[month])
        assert row["p95_so_far_mbps"] == pytest.approx(so_far)
        assert (row["days_captured"], row["is_complete"]) == (months[month], False)
        assert row["points_present"] == len(points)
        assert row["traffic_bytes"] == pytest.approx(sum(points.values()) * 300 * 1e6 / 8)


def test_the_instants_are_those_of_the_world(done, world):
    points = {
        key[0]: {at: mbps(slot["total"]) for at, slot in of_slot.items()}
        for key, of_slot in slots(world["edge_stat"], "domain").items()
    }
    whole = billing_rules.added(points.values())
    (bill,) = answered(
        done, "FROM billing_monthly_account WHERE month = '2026-10-01' AND direction = 'total'"
    )
    found = answered(
        done, "FROM billing_instants WHERE month = '2026-10-01' AND direction = 'total'"
    )
    assert {row["rule"] for row in found} == {"p95", "peak", "fourth_peak", "daily_peak_average"}
    for row in found:
        at, domain = row["slot_start_at"], row["domain"]
        assert row["account_mbps"] == pytest.approx(whole[at])
        assert row["domain_mbps"] == pytest.approx(points[domain][at])
        assert row["share_percent"] == pytest.approx(100 * points[domain][at] / whole[at])
        if row["rule"] != "daily_peak_average":
            assert row["account_mbps"] == pytest.approx(bill[f"{row['rule']}_mbps"])


def test_a_second_load_makes_no_day_again(done):
    before = done.archive.home.served.resolve()
    ((days,),) = done.rows("SELECT count(*) FROM meta.mart_day WHERE mart = 'bandwidth_5min'")
    assert days == len(DAYS)
    done.load()
    assert done.archive.home.served.resolve() == before


def test_dimensions_list_every_day_and_slot_of_the_archive(done):
    assert done.rows("SELECT count(*), min(business_date), max(business_date) FROM dim_date") == [
        (8, DAYS[0], date(2026, 11, 3))  # today among them
    ]
    assert done.rows("SELECT count(*), count(DISTINCT slot_start_at) FROM time_spine_5min") == [
        (8 * 288, 8 * 288)
    ]
    missing = done.rows("SELECT slot_start_at FROM bandwidth_5min ANTI JOIN time_spine_5min USING "
                        "(business_date, slot_start_at, slot_seconds)")  # fmt: skip
    assert missing == []
    assert done.rows("SELECT domain FROM bandwidth_5min ANTI JOIN dim_domain USING (domain)") == []


def test_keys_are_unique(done):
    made = done.rows("SELECT mart FROM meta.mart WHERE kind <> 'macro'")
    assert len(made) > len(CASES)
    for mart in (read()[name] for (name,) in made):
        key = ", ".join(mart.key)
        assert key, mart.name
        sql = f"SELECT {key} FROM {mart.name} GROUP BY ALL HAVING count(*) > 1"
        assert done.rows(sql) == [], mart.name
