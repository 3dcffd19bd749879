"""Marts of billed usage: the rules are those of the monitoring marts, and both stand side by side."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.support.billing_rules import MBPS_BYTES, added, bill
from tests.support.mart_rows import ZONE, made_up
from tests.unit.marts.test_billing import ONE, OTHER, SLOT, point, start_of

FIRST = date(2026, 9, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(30)]


@pytest.fixture(scope="module")
def shared():
    with made_up() as found:
        yield found


@pytest.fixture
def marts(shared):
    shared.connection.execute("DELETE FROM ledger")
    for name in ("edge_stat", "bandwidth", "traffic", "transcode", "transcode_info"):
        shared.put(name, [])
    for name in ("record", "snapshot", "audit"):
        shared.put(name, [])
    return shared


def slot(day, number, domain=ONE, seconds=300, **values):
    return {
        "business_date": day,
        "slot_start_at": start_of(day, ZONE) + number * SLOT,
        "slot_seconds": seconds,
        "domain": domain,
        **values,
    }


def billed(day, number, mbps, domain=ONE, up=0.0):
    return slot(day, number, domain, up_bandwidth_mbps=up, down_bandwidth_mbps=mbps)


def carried(day, number, mbps, domain=ONE):
    return slot(
        day, number, domain, up_traffic_bytes=0.0, down_traffic_bytes=float(mbps * MBPS_BYTES)
    )


def test_the_rules_are_those_of_the_definition(marts):
    values = {
        domain: {
            (d, s): (d * 37 + s * 11 + salt) % 997 + 0.25 for d in range(30) for s in range(288)
        }
        for salt, domain in enumerate((ONE, OTHER))
    }
    marts.put(
        "bandwidth",
        [
            billed(DAYS[d], s, value, domain)
            for domain, points in values.items()
            for (d, s), value in points.items()
        ],
    )
    marts.captured("bandwidth", DAYS)
    at = {(d, s): start_of(DAYS[d]) + s * SLOT for d in range(30) for s in range(288)}
    by_domain = {
        domain: {at[place].astimezone(UTC): value for place, value in points.items()}
        for domain, points in values.items()
    }
    day_of = {at[place].astimezone(UTC): DAYS[place[0]] for place in at}
    found = marts.records("FROM billed_monthly_by_domain WHERE direction = 'down' ORDER BY domain")
    (account,) = marts.records("FROM billed_monthly_account WHERE direction = 'down'")
    expected = [bill(by_domain[ONE], day_of, FIRST), bill(by_domain[OTHER], day_of, FIRST)]
    for row, wanted in zip(
        [*found, account],
        [*expected, bill(added(by_domain.values()), day_of, FIRST)],
        strict=True,
    ):
        assert row["p95_mbps"] == pytest.approx(wanted.p95)
        assert row["fourth_peak_mbps"] == pytest.approx(wanted.fourth_peak)
        assert row["daily_peak_average_mbps"] == pytest.approx(wanted.daily_peak_average)
        assert row["peak_mbps"] == pytest.approx(wanted.peak)
        assert (row["basis"], row["is_complete"], row["traffic_bytes"]) == ("billed", True, None)


def test_the_total_is_of_both_directions_in_one_point(marts):
    marts.put("bandwidth", [billed(FIRST, 0, 10.0, up=1.0), billed(FIRST, 1, 2.0, up=7.0)])
    ((peak,),) = marts.rows(
        "SELECT peak_mbps FROM billed_monthly_account WHERE direction = 'total'"
    )
    assert peak == 11


def test_the_difference_is_over_the_days_that_both_have(marts):
    marts.put("traffic", [carried(DAYS[n], 0, 102) for n in range(3)])
    marts.put("edge_stat", [point(DAYS[n], 0, 100) for n in (1, 2, 3)])
    marts.captured("traffic", DAYS[:3])
    marts.captured("edge_stat", DAYS[1:4])
    (found,) = marts.records("FROM billing_difference_monthly WHERE direction = 'down'")
    assert found["billed_traffic_bytes"] == 2 * 102 * MBPS_BYTES
    assert found["monitored_traffic_bytes"] == 2 * 100 * MBPS_BYTES
    assert found["traffic_difference_percent"] == pytest.approx(2)
    assert (found["days_compared"], found["is_complete"]) == (2, False)


def test_a_domain_that_one_side_lacks_is_named(marts):
    marts.put("traffic", [carried(FIRST, 0, 5, OTHER)])
    marts.put("edge_stat", [point(FIRST, 0, 8)])
    for name in ("traffic", "edge_stat"):
        marts.captured(name, [FIRST])
    found = marts.rows(
        "SELECT domain, traffic_difference_bytes, traffic_difference_percent "
        "FROM billing_difference_monthly WHERE direction = 'total' ORDER BY domain"
    )
    assert found == [(ONE, -8 * MBPS_BYTES, -100), (OTHER, 5 * MBPS_BYTES, None)]


def test_storage_is_the_average_of_what_was_measured(marts):
    """In a zone that is not the vendor's, two of its days are listed with each day of the archive."""
    marts.put(
        "time_shift",
        [
            {
                "business_date": day,
                "measured_at": start_of(day, ZONE) + timedelta(hours=hours),
                "storage_bytes": 1000.0,
            }
            for day in DAYS
            for hours in (-15, 9)
        ],
    )
    marts.captured("time_shift", DAYS)
    (found,) = marts.records("FROM bill_monthly WHERE item = 'time_shift'")
    marts.put("time_shift", [])
    assert (found["billed"], found["days_captured"], found["is_complete"]) == (1000, 30, True)


def test_a_bill_has_every_item_with_what_monitoring_says(marts):
    marts.put("traffic", [carried(FIRST, 0, 102)])
    marts.put("bandwidth", [billed(day, s, 51.0) for day in DAYS for s in range(288)])
    marts.put("edge_stat", [point(day, s, 50) for day in DAYS for s in range(288)])
    day_s = {"seconds": 86_400}
    kind = {"transcode_type": "Audio", "resolution": "0P"}
    marts.put("transcode", [slot(d, 0, **day_s, **kind, transcode_minutes=10.0) for d in DAYS[:2]])
    task = {"task_started_at": datetime(2026, 9, 1, tzinfo=UTC), "domain": ONE}
    marts.put(
        "transcode_info",
        [{"business_date": FIRST, **task, **kind, "task_id": "1", "transcode_minutes": 16.0}],
    )
    marts.put(
        "record",
        [slot(FIRST, s, domain, peak_recorded_streams=n) for domain in (ONE, OTHER)
         for s, n in enumerate((1, 3, 2))],
    )  # fmt: skip
    marts.put("snapshot", [slot(d, 0, **day_s, snapshot_pictures=40) for d in DAYS[:2]])
    marts.put("audit", [slot(FIRST, 0, **day_s, audited_pictures=4)])
    for name in ("bandwidth", "edge_stat"):
        marts.captured(name, DAYS)
    for name in ("traffic", "record", "audit"):
        marts.captured(name, DAYS[:1])
    for name in ("transcode", "transcode_info"):
        marts.captured(name, DAYS[:2])
    found = marts.rows(
        "SELECT item, detail, unit, billed, monitored, difference_percent, days_captured, is_complete "
        "FROM bill_monthly WHERE detail NOT IN ('up', 'down') ORDER BY ALL"
    )
    rounded = [(*row[:5], row[5] and round(row[5], 3), *row[6:]) for row in found]
    traffic = (102 * MBPS_BYTES, 30 * 288 * 50 * MBPS_BYTES)
    assert rounded == [
        ("audit", "", "pictures", 4, None, None, 1, False),
        ("daily_peak_average_bandwidth", "total", "Mbps", 51, 50, 2, 30, True),
        ("fourth_peak_bandwidth", "total", "Mbps", 51, 50, 2, 30, True),
        ("p95_bandwidth", "total", "Mbps", 51, 50, 2, 30, True),
        ("record", "", "streams", 6, None, None, 1, False),
        ("snapshot", "", "pictures", 80, None, None, 0, False),
        ("traffic", "total", "bytes", *traffic, None, 1, False),
        ("transcode", "Audio 0P", "minutes", 20, 16, 25, 2, False),
    ]  # fmt: skip
