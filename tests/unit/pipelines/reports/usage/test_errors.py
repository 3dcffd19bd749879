"""The section on errors."""

from pipelines.reports.usage.scope import Domain
from tests.support.report_source import DAYS, captured, made_up, plain, rows_of, shown


def counted(day, code, responses, isp="1", domain="a"):
    return {
        "business_date": day, "request_type": "Access", "domain": domain, "isp": isp,
        "status_class": f"{code // 100}xx", "status_code": code, "responses": responses,
    }  # fmt: skip


ROWS = [
    counted(DAYS.first, 200, 80),
    counted(DAYS.first, 404, 15, isp="2"),
    counted(DAYS.first, 502, 5, isp="2"),
    counted(DAYS.last, 200, 100, domain="b"),
]
TABLES = {"errors_daily": ROWS, "dim_isp": [{"isp": "2", "isp_name": "Second"}]}
STATES = captured("play_status_code")


def test_shares_are_of_all_responses_and_the_worst_carrier_is_named():
    with made_up(TABLES, STATES) as source:
        found = shown(source, "errors")
        assert plain(found.headline) == (
            "2.5 % of 200 responses were server errors (5xx), 7.5 % client errors (4xx). "
            "Highest for Second: 25.0 %."
        )
        assert [row[0] for row in rows_of(found, "codes")] == ["404", "502"]
        assert rows_of(found, "days-errors")[1] == ["2026-11-21", "100", "0", "0.0 %", "0", "0.0 %"]


def test_a_domain_counts_its_own_responses():
    with made_up(TABLES, STATES, Domain("b", None)) as source:
        assert plain(shown(source, "errors").headline).startswith("0.0 % of 100 responses")
