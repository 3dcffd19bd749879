"""What the page's script reads."""

import json

from pipelines.reports.usage import data, whole
from pipelines.reports.usage.billing import billing
from pipelines.reports.usage.cover import coverage
from tests.support.report_source import DAYS, captured, made_up
from tests.unit.pipelines.reports.usage.test_traffic import slot

EVIL = "</script><script>alert(1)</script><!--\u2028&'\"推流"


def made(tables, states, language="en"):
    with made_up(tables, states) as source:
        store, views = whole.filled(source, language)
        return data.data(
            store, views, billing(source, store.names, language), coverage(source, language)
        )


def test_no_name_can_end_the_element_and_each_is_read_as_it_was():
    found = made({"bandwidth_5min": [slot(1, EVIL, 5.0)]}, captured("edge_stat"))
    text = str(data.safe(found))
    assert {"<", ">", "&"}.isdisjoint(text)
    assert "推流" in text  # as it is, for livestats erase
    assert json.loads(text)["groups"]["domain"][0]["domain"] == EVIL


def test_days_are_their_index_and_begin_in_the_zone_of_the_archive():
    states = captured("edge_stat", but={DAYS.last: "lost"})
    found = made({"bandwidth_5min": [slot(1, "a", 5.0)]}, states)
    assert found["first"] == "2026-11-20"
    assert found["starts"] == [1795104000 + 86400 * n for n in (0, 1, 2)]  # midnight of UTC+8
    assert found["missing"]["edge_stat"] == [(1, 1, "lost: not captured before they expired")]
    assert found["main"]["series"]["down"] == [5_000_000, None]
    assert found["before"]["traffic"] == {"value": 0, "lacks": False}


def test_sections_without_data_are_not_there_and_words_are_of_the_language():
    found = made({"bandwidth_5min": [slot(1, "a", 5.0)]}, captured("edge_stat"), "zh")
    assert [section["id"] for section in found["sections"]] == ["traffic"]
    assert found["sections"][0]["title"] == "流量与带宽"
    assert found["words"]["unchanged"] == "持平"


def test_what_is_pushed_elsewhere_says_where():
    tables = {
        "bandwidth_5min": [slot(1, "a", 5.0), slot(1, "p", 1.0)],
        "domain": [{"domain": "a", "push_domain": "p"}],
    }
    domains = made(tables, captured("edge_stat"))["groups"]["domain"]
    assert domains[domains[0]["via"]]["label"] == "p"
