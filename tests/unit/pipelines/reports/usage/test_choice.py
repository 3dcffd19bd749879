"""Which domains and streams a report has."""

import pytest

from pipelines.reports.usage import choice
from tests.support.report_source import DAYS, captured, made_up, shown
from tests.unit.pipelines.reports.usage.test_traffic import slot


@pytest.mark.parametrize(("days", "domains", "streams"), [(31, 100, 100), (365, 32, 9), (3660, 3, 1)])  # fmt: skip
def test_a_longer_report_has_fewer_of_them(days, domains, streams):
    assert choice.most_domains(days) == domains
    assert choice.most_streams(days) == streams


def test_the_domains_with_most_traffic_are_taken_with_where_they_are_pushed(monkeypatch):
    monkeypatch.setattr(choice, "most_domains", lambda _: 1)
    tables = {
        "bandwidth_5min": [slot(1, "a", 9.0), slot(2, "b", 7.0), slot(2, "p", 6.0)],
        "domain": [{"domain": "a", "push_domain": "p"}],
    }
    with made_up(tables, captured("edge_stat")) as source:
        store = shown(source, "traffic").store
    assert store.names == ["a", "p"]
    assert store.groups["domain"]["a",].via is store.groups["domain"]["p",]
    assert sum(store.main.series["down"]) == 22e6  # of all of them
    assert DAYS.length == len(store.main.series["down"])


def test_without_traffic_domains_are_those_of_the_account_that_have_any_figure():
    row = {
        "business_date": DAYS.first, "request_type": "Access", "domain": "b", "isp": "1",
        "status_class": "2xx", "status_code": 200, "responses": 1,
    }  # fmt: skip
    tables = {
        "errors_daily": [row],
        "dim_isp": [{"isp": "1", "isp_name": "First"}],
        "domain": [{"domain": name, "push_domain": None} for name in "abc"],
    }
    with made_up(tables, captured("play_status_code")) as source:
        assert shown(source, "errors").store.names == ["b"]
