"""The section on traffic and bandwidth."""

from datetime import datetime

import pytest

from pipelines.reports.usage import traffic
from tests.support.report_source import DAYS, ZONE, captured, made_up, plain, rows_of, shown


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


ROWS = [slot(1, "a", 900.0), slot(2, "a", 700.0), slot(2, "b", 600.0)]


def test_the_peak_is_that_of_the_sum_of_all_domains():
    with made_up({"bandwidth_5min": ROWS}, captured("edge_stat")) as source:
        found = shown(source, "traffic")
        said = plain(found.headline)
        assert said.startswith("2.20 GB in total.")
        assert said.endswith("the peak 1.30 Gbps on 2026-11-20 02:00.")
        assert [row[0] for row in rows_of(found, "domains-traffic")] == ["a", "b"]


def test_the_page_has_every_slot_of_the_newest_days():
    with made_up({"bandwidth_5min": ROWS}, captured("edge_stat")) as source:
        store = shown(source, "traffic").store
    for entity, values in ((store.main, [900, 1300]), (store.groups["domain"]["a",], [900, 700])):
        fine = entity.fine["mbps"]
        assert (fine.first, fine.step_s, len(fine.values)) == (0, 300, 2 * 288)
        assert [fine.values[hour * 12] for hour in (1, 2)] == values
        assert sum(fine.values) == sum(values)


def test_a_day_that_is_not_captured_is_in_no_figure():
    states = captured("edge_stat", but={DAYS.first: "incomplete"})
    with made_up({"bandwidth_5min": ROWS}, states) as source:
        found = shown(source, "traffic")
        assert found.headline == "There was no traffic."
        assert found.store.main.series["down"] == [None, 0]
        assert found.store.main.fine["mbps"].values[:288] == [None] * 288
