"""Monthly bandwidth under the billing rules: worked cases, and plain Python for all others."""

import calendar
import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import billing_rules
from tests.support.billing_rules import MBPS_BYTES, Bill
from tests.support.mart_rows import ZONE, made_up

pytestmark = pytest.mark.slow

ONE, OTHER = "pull-1.example", "pull-2.example"
SLOT = timedelta(minutes=5)
DOMAIN = "SELECT * FROM billing_monthly_by_domain WHERE direction = 'down' ORDER BY month, domain"
ACCOUNT = "SELECT * FROM billing_monthly_account WHERE direction = 'down' ORDER BY month"


@pytest.fixture(scope="module")
def shared():
    with made_up() as found:
        yield found


@pytest.fixture
def marts(shared):
    shared.connection.execute("DELETE FROM ledger")
    shared.put("edge_stat", [])
    return shared


def start_of(day, zone=ZONE):
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def point(day, slot, mbps, domain=ONE, *, up=0, isp="cmcc", zone=ZONE):
    """A row of edge_stat that carries `mbps` on average; its own peaks are far higher."""
    return {
        "business_date": day,
        "slot_start_at": start_of(day, zone) + slot * SLOT,
        "slot_seconds": 300,
        "domain": domain,
        "isp": isp,
        "down_bandwidth_mbps": 99_999.0,
        "up_bandwidth_mbps": 99_999.0,
        "down_traffic_bytes": float(mbps * MBPS_BYTES),
        "up_traffic_bytes": float(up * MBPS_BYTES),
        "requests": 1.0,
    }


def month_of(first, values, domain=ONE):
    """Values slot by slot from the first of a month on."""
    return [
        point(first + timedelta(days=i // 288), i % 288, value, domain)
        for i, value in enumerate(values)
    ]


# The 95th percentile -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "points", "dropped", "billed"),
    [
        (date(2026, 9, 1), 8640, 432, 8640 - 432),  # the 433rd from above
        (date(2026, 10, 1), 8928, 446, 8928 - 446),  # the 447th
        (date(2026, 2, 1), 8064, 403, 8064 - 403),  # the 404th
        (date(2028, 2, 1), 8352, 417, 8352 - 417),  # the 418th
    ],
    ids=["30 days", "31 days", "28 days", "29 days"],
)
def test_of_all_points_of_the_month_five_percent_are_dropped(marts, first, points, dropped, billed):
    """The points are 1, 2, 3 ... Mbps in any order: the value tells its rank from below."""
    values = [*range(1, points + 1)]
    random.Random(5).shuffle(values)
    marts.put("edge_stat", month_of(first, values))
    for sql in (DOMAIN, ACCOUNT):
        (found,) = marts.records(sql)
        assert (found["points"], found["points_dropped"]) == (points, dropped)
        assert found["points_present"] == points
        assert (found["p95_mbps"], found["peak_mbps"]) == (billed, points)


def test_of_a_day_fourteen_points_are_dropped(marts):
    """288 points, 14 of them dropped, the 15th is billed: of 1 to 288 Mbps it is 274."""
    day = date(2026, 11, 3)
    values = [*range(1, 289)]
    random.Random(5).shuffle(values)
    marts.put("edge_stat", month_of(day, values))
    marts.captured("edge_stat", [day])
    ((daily,),) = marts.rows("SELECT p95_down_mbps FROM traffic_daily_by_domain")
    (monthly,) = marts.records(DOMAIN)
    assert daily == 274
    assert monthly["p95_so_far_mbps"] == 274
    assert monthly["p95_mbps"] == 0  # 288 points are less than the 432 that a month drops


@pytest.mark.parametrize(("present", "billed"), [(432, 0), (433, 7), (600, 7)])
def test_absent_points_count_as_zero(marts, present, billed):
    marts.put("edge_stat", month_of(date(2026, 9, 1), [7] * present))
    (found,) = marts.records(DOMAIN)
    assert (found["p95_mbps"], found["points_present"]) == (billed, present)


def test_a_running_month_tells_what_it_comes_to_so_far(marts):
    """Two days of ten: 576 points, 28 dropped. The whole month drops 432, so it can only rise."""
    first = date(2026, 9, 1)
    marts.put("edge_stat", month_of(first, range(1, 577)))
    marts.captured("edge_stat", [first, first + timedelta(days=1)])
    marts.captured("edge_stat", [first + timedelta(days=2)], "settling")
    (found,) = marts.records(DOMAIN)
    assert (found["p95_mbps"], found["p95_so_far_mbps"]) == (576 - 432, 576 - 28)
    assert (found["days_captured"], found["days_in_month"], found["is_complete"]) == (2, 30, False)


@pytest.mark.parametrize("gap", ["missing", "partial", "lost", "expiring"])
def test_a_month_is_complete_if_every_day_of_it_is_captured(marts, gap):
    first = date(2026, 9, 1)
    marts.put("edge_stat", month_of(first, [1]))
    marts.captured("edge_stat", [first + timedelta(days=i) for i in range(28)])
    marts.captured("edge_stat", [date(2026, 9, 29)], "empty")
    marts.captured("edge_stat", [date(2026, 9, 30)], gap)
    marts.captured("stream_count", [date(2026, 9, 30)])
    assert marts.rows(f"SELECT is_complete, days_captured FROM ({DOMAIN})") == [(False, 29)]
    marts.connection.execute("UPDATE ledger SET state = 'captured'")
    assert marts.rows(f"SELECT is_complete, days_captured FROM ({DOMAIN})") == [(True, 30)]
    assert marts.rows(f"SELECT is_complete, days_captured FROM ({ACCOUNT})") == [(True, 30)]


def test_suspect_and_incomplete_days_are_told_and_are_not_captured(marts):
    """Rows of an incomplete day count in what the month comes to so far; a suspect day has none."""
    first = date(2026, 9, 1)
    marts.put("edge_stat", month_of(first, range(1, 577)))
    marts.captured("edge_stat", [first])
    marts.captured("edge_stat", [first + timedelta(days=1)], "incomplete")
    marts.captured("edge_stat", [first + timedelta(days=2)], "empty")
    marts.rows("SELECT 1")
    marts.connection.execute("UPDATE ledger SET is_suspect = state = 'empty'")
    for sql in (DOMAIN, ACCOUNT):
        (found,) = marts.records(sql)
        assert (found["days_captured"], found["days_incomplete"], found["days_suspect"]) == (
            1,
            1,
            1,
        )
        assert found["p95_so_far_mbps"] == 576 - 28
        assert not found["is_complete"]
    counts = "due_days, complete_days, incomplete_days, suspect_days"
    assert marts.rows(f"SELECT {counts} FROM coverage_monthly") == [(3, 1, 1, 1)]
    assert marts.rows("SELECT newest_complete_day, suspect_days FROM freshness") == [(first, 1)]


# The other rules ---------------------------------------------------------------------------------


def test_daily_peaks_make_the_fourth_peak_and_their_average(marts):
    """Peaks of 50, 10, 40, 20, 30 on five days: the fourth is 20, the average 150 / 30."""
    days = [date(2026, 9, 3 + i) for i in range(5)]
    rows = [
        point(day, slot, mbps)
        for day, peak in zip(days, (50, 10, 40, 20, 30), strict=True)
        for slot, mbps in ((0, 1), (100, peak), (287, peak - 1))
    ]
    marts.put("edge_stat", rows)
    for sql in (DOMAIN, ACCOUNT):
        (found,) = marts.records(sql)
        assert found["fourth_peak_mbps"] == 20
        assert found["daily_peak_average_mbps"] == 5
        assert found["peak_mbps"] == 50
        assert found["days_with_traffic"] == 5


def test_three_days_have_no_fourth_peak(marts):
    marts.put("edge_stat", [point(date(2026, 9, d), 0, 10) for d in (1, 2, 3)])
    (found,) = marts.records(DOMAIN)
    assert (found["fourth_peak_mbps"], found["daily_peak_average_mbps"]) == (0, 1)


# Units, carriers, directions, domains ------------------------------------------------------------


def test_bandwidth_is_traffic_over_time_not_the_peaks_of_carriers(marts):
    """37.5 million bytes in 300 s are 1 Mbps of 10^6 bits; two carriers have 3 together."""
    day = date(2026, 9, 1)
    marts.put("edge_stat", [point(day, 0, 1, isp="a"), point(day, 0, 2, isp="b", up=4)])
    assert marts.rows(
        "SELECT down_mbps, up_mbps, total_mbps, down_traffic_bytes, requests FROM bandwidth_5min"
    ) == [(3, 4, 7, 112_500_000, 2)]


def test_directions_are_billed_apart_and_together(marts):
    """Up and down add up instant by instant: their peaks, at other times, do not."""
    day = date(2026, 9, 1)
    marts.put("edge_stat", [point(day, 0, 10, up=1), point(day, 1, 2, up=5)])
    for table in ("billing_monthly_by_domain", "billing_monthly_account"):
        found = marts.rows(f"SELECT direction, peak_mbps FROM {table} ORDER BY 1")
        assert found == [("down", 10), ("total", 11), ("up", 5)]


def test_the_account_is_less_than_its_domains_whose_peaks_are_apart(marts):
    day = date(2026, 9, 1)
    rows = [
        point(day, 0, 100, ONE), point(day, 0, 20, OTHER),
        point(day, 1, 10, ONE), point(day, 1, 90, OTHER),
    ]  # fmt: skip
    marts.put("edge_stat", rows)
    assert [r["peak_mbps"] for r in marts.records(DOMAIN)] == [100, 90]
    assert [r["peak_mbps"] for r in marts.records(ACCOUNT)] == [120]
    shares = marts.rows(
        "SELECT slot_start_at, account_mbps, domain, domain_mbps, round(share_percent, 6) "
        "FROM billing_instants WHERE direction = 'down' AND rule = 'peak' ORDER BY domain"
    )
    at = start_of(day)
    assert shares == [(at, 120, ONE, 100, 83.333333), (at, 120, OTHER, 20, 16.666667)]


def test_the_instants_are_those_that_decide(marts):
    """1 to 8640 Mbps in order: the slot of the 433rd is the one before the last 432."""
    first = date(2026, 9, 1)
    marts.put("edge_stat", month_of(first, range(1, 8641)))
    found = marts.rows(
        "SELECT rule, slot_start_at, account_mbps, business_date FROM billing_instants "
        "WHERE direction = 'down' AND rule <> 'daily_peak_average' ORDER BY rule"
    )
    end = start_of(date(2026, 10, 1))
    assert found == [
        ("fourth_peak", end - 3 * 288 * SLOT - SLOT, 8640 - 3 * 288, date(2026, 9, 27)),
        ("p95", end - 433 * SLOT, 8640 - 432, date(2026, 9, 29)),
        ("peak", end - SLOT, 8640, date(2026, 9, 30)),
    ]
    daily = marts.rows(
        "SELECT count(*), avg(account_mbps) FROM billing_instants "
        "WHERE direction = 'down' AND rule = 'daily_peak_average'"
    )
    assert daily == [(30, (288 + 8640) / 2)]


def test_of_equal_instants_the_earliest_decides(marts):
    days = [date(2026, 9, d) for d in range(1, 6)]
    marts.put("edge_stat", [point(day, slot, 5) for day in days for slot in (7, 3)])
    found = marts.rows(
        "SELECT rule, min(slot_start_at) FROM billing_instants WHERE direction = 'down' "
        "GROUP BY 1 ORDER BY 1"
    )
    at = [start_of(day) + 3 * SLOT for day in days]
    assert found == [("daily_peak_average", at[0]), ("fourth_peak", at[3]), ("peak", at[0])]


def test_a_month_without_traffic_comes_to_zero_and_has_no_instant(marts):
    marts.put("edge_stat", month_of(date(2026, 9, 1), [0] * 500))
    (found,) = marts.records(DOMAIN)
    rules = ("p95_mbps", "fourth_peak_mbps", "daily_peak_average_mbps", "peak_mbps")
    assert [found[rule] for rule in rules] == [0, 0, 0, 0]
    assert found["days_with_traffic"] == 0
    assert marts.rows("FROM billing_instants") == []


def test_figures_say_that_they_are_no_bill(marts):
    marts.put("edge_stat", month_of(date(2026, 9, 1), [1] * 500))
    for table in ("billing_monthly_by_domain", "billing_monthly_account", "billing_instants"):
        assert marts.rows(f"SELECT DISTINCT basis FROM {table}") == [("monitoring",)]


# Time zones --------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/Bogota", "Asia/Kathmandu"])
def test_a_month_is_that_of_the_business_zone_wherever_one_asks_from(zone):
    """Midnight of the first in Shanghai is still the last of the month in UTC."""
    found = []
    for session_zone in (zone, "America/New_York", "Pacific/Auckland"):
        with made_up(zone, session_zone) as marts:
            marts.put(
                "edge_stat",
                [
                    point(date(2026, 10, 31), 287, 3, zone=zone),
                    point(date(2026, 11, 1), 0, 5, zone=zone),
                ],
            )
            marts.captured("edge_stat", [date(2026, 10, 31), date(2026, 11, 1)])
            found.append(
                [
                    [(r["month"], r["peak_mbps"]) for r in marts.records(ACCOUNT)],
                    marts.rows("SELECT month, epoch(slot_start_at) FROM billing_instants ORDER BY ALL"),
                    marts.rows("SELECT * REPLACE (epoch(day_start_at) AS day_start_at) FROM dim_date"),
                    marts.rows("SELECT business_date, min(epoch(slot_start_at)), count(*) "
                               "FROM time_spine_5min GROUP BY 1 ORDER BY 1"),
                ]
            )  # fmt: skip
    assert found[0][0] == [(date(2026, 10, 1), 3), (date(2026, 11, 1), 5)]
    assert found[0][3] == [
        (day, start_of(day, zone).timestamp(), 288)
        for day in (date(2026, 10, 31), date(2026, 11, 1))
    ]
    assert found[1] == found[0]
    assert found[2] == found[0]


# Plain Python for everything else ----------------------------------------------------------------

MONTHS = [date(2026, 2, 1), date(2026, 9, 1), date(2026, 10, 1), date(2028, 2, 1)]


@settings(max_examples=30, deadline=None)
@given(
    month=st.sampled_from(MONTHS),
    present=st.lists(
        st.sampled_from([0, 1, 5, 403, 404, 432, 433, 447, 2000]), min_size=1, max_size=3
    ),
    highest=st.sampled_from([1, 3, 10_000]),
    seed=st.integers(0, 2**16),
)
def test_the_rules_agree_with_plain_python(shared, month, present, highest, seed):
    """For any number of domains and points, ties and gaps."""
    random_ = random.Random(seed)
    days = calendar.monthrange(month.year, month.month)[1]
    first = start_of(month)
    of_domains, rows, day_of = {}, [], {}
    for number, count in enumerate(present):
        slots = random_.sample(range(days * 288), count)
        domain = f"pull-{number}.example"
        of_domains[domain] = {}
        for slot in slots:
            day, mbps = month + timedelta(days=slot // 288), random_.randint(0, highest)
            of_domains[domain][first + slot * SLOT] = float(mbps)
            day_of[first + slot * SLOT] = day
            rows.append(point(day, slot % 288, mbps, domain))
    shared.put("edge_stat", rows)
    for domain, points in of_domains.items():
        found = [r for r in shared.records(DOMAIN) if r["domain"] == domain]
        assert [as_bill(r) for r in found] == (
            [billing_rules.bill(points, day_of, month)] if points else []
        )
    whole = billing_rules.added(of_domains.values())
    expected = billing_rules.bill(whole, day_of, month)
    assert [as_bill(r) for r in shared.records(ACCOUNT)] == ([expected] if whole else [])
    for rule in ("p95", "fourth_peak", "peak"):
        shares = shared.records(
            "SELECT * FROM billing_instants WHERE direction = 'down' AND rule = ?", rule
        )
        comes_to = getattr(expected, rule)
        assert bool(shares) == (comes_to > 0)
        for share in shares:
            assert share["account_mbps"] == comes_to
            assert whole[share["slot_start_at"]] == comes_to
            assert of_domains[share["domain"]][share["slot_start_at"]] == share["domain_mbps"]
        if shares:
            assert sum(s["domain_mbps"] for s in shares) == pytest.approx(comes_to)
            assert sum(s["share_percent"] for s in shares) == pytest.approx(100)


def as_bill(record):
    return Bill(
        record["p95_mbps"],
        record["fourth_peak_mbps"],
        pytest.approx(record["daily_peak_average_mbps"], rel=1e-12),
        record["peak_mbps"],
    )


# Many rows --------------------------------------------------------------------------------------


def test_tables_by_day_are_whole_above_a_row_group_of_duckdb():
    """More rows than DuckDB keeps in one piece: every day is there, once, also made anew."""
    first, days, domains = date(2026, 9, 1), 30, 20
    with made_up() as marts:
        marts.connection.execute("SET threads = 2")  # with one, DuckDB appends in another way
        marts.put("edge_stat", [point(first, 0, 1)])
        marts.connection.execute(
            "INSERT INTO edge_stat SELECT e.* REPLACE (business_date + day::INTEGER AS business_date,"
            " slot_start_at + to_days(day::INTEGER) + to_seconds(300 * slot) AS slot_start_at,"
            " 'pull-' || d AS domain) "
            "FROM edge_stat e, range(?) a(day), range(288) b(slot), range(?) c(d)",
            [days, domains],
        )
        marts.connection.execute("DELETE FROM edge_stat WHERE domain = ?", [ONE])
        marts.connection.execute(
            "INSERT OR REPLACE INTO meta.loaded SELECT 'edge_stat', ?::DATE + day::INTEGER, 'one', "
            "0, 0, 0, 0 FROM range(?) a(day)",
            [first, days],
        )
        whole = [(days * domains * 288,)]
        assert marts.rows("SELECT count(*) FROM bandwidth_5min") == whole
        marts.connection.execute("UPDATE meta.loaded SET capture = 'two' WHERE day = ?", [first])
        assert marts.rows("SELECT count(*) FROM bandwidth_5min") == whole
        daily = "SELECT count(*) FROM traffic_daily_by_domain WHERE business_date = ?"
        assert marts.rows(daily, first) == [(domains,)]
        assert marts.rows(f"SELECT count(*) FROM ({DOMAIN})") == [(domains,)]
