"""Months by billing rules, as the marts have them."""

from datetime import date

from pipelines.reports.usage.billing import billing_summary
from pipelines.reports.usage.scope import Domain
from tests.support.report_source import made_up

MONTH = {
    "direction": "total", "month": date(2026, 11, 1), "p95_mbps": 2000.0, "p95_so_far_mbps": 3000.0,
    "fourth_peak_mbps": 2500.0, "daily_peak_average_mbps": 1500.0, "peak_mbps": 4000.0,
    "days_captured": 2, "days_in_month": 30, "is_complete": False,
}  # fmt: skip


def plain(texts):
    return [text.replace("\xa0", " ") for text in texts]


def test_an_incomplete_month_says_from_how_many_days():
    with made_up({"billing_monthly_account": [MONTH]}, {}) as source:
        found = billing_summary(source)
    assert plain(found.sentences) == [
        "November 2026 has a billing 95th percentile of 2.00 Gbps from the 2 of 30 days that are "
        "captured, 3.00 Gbps if its other days are similar."
    ]
    (row,) = found.tables[0].rows
    assert row[0] == "November 2026, not complete"


def test_a_domain_has_its_own_months():
    rows = [{**MONTH, "domain": "a", "is_complete": True}, {**MONTH, "domain": "b"}]
    with made_up({"billing_monthly_by_domain": rows}, {}, Domain("a", None)) as source:
        found = billing_summary(source)
    assert plain(found.sentences) == ["November 2026 has a billing 95th percentile of 2.00 Gbps."]
    assert len(found.tables[0].rows) == 1


def test_without_the_mart_the_way_to_it_is_named():
    with made_up({}, {}) as source:
        assert "Run `livestats publish`" in billing_summary(source).sentences[0]
