"""The section on the streams with most traffic."""

from pipelines.reports.usage import streams
from tests.support.report_source import DAYS, captured, made_up


def row(day, stream, size, peak):
    return {
        "business_date": day, "domain": "a", "app": "live", "stream": stream,
        "down_traffic_bytes": size, "peak_online_users": peak,
    }  # fmt: skip


def test_the_order_is_that_of_the_sums_over_all_days():
    rows = [row(DAYS.first, "x", 3e9, 9), row(DAYS.first, "y", 2e9, None)]
    rows.append(row(DAYS.last, "y", 5e9, None))
    with made_up({"stream_traffic_daily": rows}, captured("batch_stream_traffic")) as source:
        found = streams.section(source)
    assert found.headline.replace("\xa0", " ") == (
        "live/y had the most traffic: 7.00 GB, 70.0 % of the traffic of all 2 streams."
    )
    assert [(line[0], *line[4:]) for line in found.tables[0].rows] == [
        ("live/y", "–", "2"),
        ("live/x", "9", "1"),
    ]
