"""The section on traffic and bandwidth."""

from datetime import datetime

import pytest

from pipelines.reports.usage import traffic
from tests.support.report_source import DAYS, ZONE, captured, made_up


@pytest.mark.parametrize(("points", "dropped"), [(0, 0), (19, 0), (20, 1), (8640, 432)])
def test_the_percentile_drops_one_point_in_twenty(points, dropped):
    assert traffic.dropped(points) == dropped


def test_slots_without_traffic_count_in_the_percentile():
    assert traffic.percentile([5.0, 9.0], 2) == 9.0
    assert traffic.percentile([5.0, 9.0], 20) == 5.0
    assert traffic.percentile([5.0, 9.0], 100) == 0.0


def slot(hour, domain, mbps):
    at = datetime(2026, 11, 20, hour, tzinfo=ZONE)
    return {
        "business_date": DAYS.first, "slot_start_at": at, "domain": domain, "total_mbps": mbps,
        "down_traffic_bytes": mbps * 1e6, "up_traffic_bytes": 0.0,
    }  # fmt: skip


def test_the_peak_is_that_of_the_sum_of_all_domains():
    rows = [slot(1, "a", 900.0), slot(2, "a", 700.0), slot(2, "b", 600.0)]
    with made_up({"bandwidth_5min": rows}, captured("edge_stat")) as source:
        found = traffic.section(source)
    said = found.headline.replace("\xa0", " ")
    assert said.startswith("2.20 GB in total.")
    assert said.endswith("the peak 1.30 Gbps on 2026-11-20 02:00.")
    assert [chart.title for chart in found.charts] == ["Bandwidth by domain", "Traffic by day"]
    assert [row[0] for row in found.tables[0].rows] == ["a", "b"]
