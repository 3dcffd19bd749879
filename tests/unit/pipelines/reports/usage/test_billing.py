"""Months by billing rules, as the marts have them."""

from datetime import date

from pipelines.reports.usage.billing import billing
from pipelines.reports.usage.scope import Domain
from tests.support.report_source import made_up, plain

MONTH = {
    "direction": "total", "month": date(2026, 11, 1), "p95_mbps": 2000.0, "p95_so_far_mbps": 3000.0,
    "fourth_peak_mbps": 2500.0, "daily_peak_average_mbps": 1500.0, "peak_mbps": 4000.0,
    "days_captured": 2, "days_in_month": 30, "is_complete": False,
}  # fmt: skip


def test_an_incomplete_month_says_from_how_many_days():
    with made_up({"billing_monthly_account": [MONTH]}, {}) as source:
        found = billing(source, [], "en")
    assert [plain(text) for text in found.sentences] == [
        "November 2026 has a billing 95th percentile of 2.00 Gbps from the 2 of 30 days that are "
        "captured. It is 3.00 Gbps if its other days are similar."
    ]
    assert found.rows[""][0][0] == "November 2026, not complete"


def test_a_domain_has_its_own_months():
    rows = [{**MONTH, "domain": "a", "is_complete": True}, {**MONTH, "domain": "b"}]
    with made_up({"billing_monthly_by_domain": rows}, {}, Domain("a", None)) as source:
        found = billing(source, [], "en")
    assert plain(found.sentences[0]) == "November 2026 has a billing 95th percentile of 2.00 Gbps."
    assert {name: len(months) for name, months in found.rows.items()} == {"": 1}


def test_the_page_of_each_domain_has_its_months():
    tables = {
        "billing_monthly_account": [MONTH],
        "billing_monthly_by_domain": [{**MONTH, "domain": name} for name in ("a", "b", "c")],
    }
    with made_up(tables, {}) as source:
        assert {*billing(source, ["a", "b"], "en").rows} == {"", "a", "b"}


def test_in_chinese_a_month_is_a_chinese_one():
    with made_up({"billing_monthly_account": [MONTH]}, {}) as source:
        found = billing(source, [], "zh")
    assert plain(found.rows[""][0][0]) == "2026 年 11 月，未完整"
    assert found.head[0] == "月份"


def test_without_the_mart_the_way_to_it_is_named():
    with made_up({}, {}) as source:
        assert "Run `livestats publish`" in billing(source, [], "en").sentences[0]
