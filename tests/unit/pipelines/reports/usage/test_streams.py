"""The section on the streams with most traffic, and the page of one."""

from tests.support.report_source import DAYS, captured, made_up, plain, rows_of, shown


def row(day, stream, size, peak, domain="a"):
    return {
        "business_date": day, "domain": domain, "app": "live", "stream": stream,
        "down_traffic_bytes": size, "peak_online_users": peak,
    }  # fmt: skip


STATES = captured("batch_stream_traffic")


def test_the_order_is_that_of_the_sums_over_all_days():
    rows = [row(DAYS.first, "x", 3e9, 9), row(DAYS.first, "y", 2e9, None)]
    rows.append(row(DAYS.last, "y", 5e9, None))
    with made_up({"stream_traffic_daily": rows}, STATES) as source:
        found = shown(source, "streams")
        assert plain(found.headline).endswith("live/y had the most traffic: 7.00 GB.")
        assert rows_of(found, "streams-traffic") == [
            ["live/y", "a", "7.00 GB", "–", "2"],
            ["live/x", "a", "3.00 GB", "9", "1"],
        ]


def test_a_stream_where_it_is_pushed_is_watched_by_nobody():
    tables = {
        "stream_traffic_daily": [row(DAYS.first, "x", 3e9, 9), row(DAYS.first, "x", 0.0, 0, "p")],
        "domain": [{"domain": "a", "push_domain": "p"}, {"domain": "p", "push_domain": "p"}],
    }
    with made_up(tables, STATES) as source:
        groups = shown(source, "streams").store.groups
    assert "sent" in groups["stream"]["a", "live", "x"].series
    assert ("p", "live", "x") not in groups["stream"]
