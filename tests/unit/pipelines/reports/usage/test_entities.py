"""Daily series out of rows."""

from datetime import datetime

from pipelines.reports.usage.entities import Entity, Store, alone, daily
from tests.support.report_source import DAYS, ZONE, captured, made_up

NEEDS = ("edge_stat",)


def test_a_day_without_rows_is_0_and_one_that_is_not_captured_is_none():
    with made_up({}, captured(*NEEDS, but={DAYS.last: "missing"})) as source:
        rows = [(("a",), DAYS.last, 5.0)]
        assert daily(source, rows, ["n"], NEEDS) == {("a",): {"n": [0, None]}}
    with made_up({}, captured(*NEEDS)) as source:
        assert daily(source, rows, ["n"], NEEDS) == {("a",): {"n": [0, 5]}}
        assert alone(source, [], ["n"], NEEDS) == {"n": [0, 0]}


def test_an_instant_is_the_seconds_of_its_day_and_no_value_is_none():
    at = datetime(2026, 11, 21, 20, 5, tzinfo=ZONE)
    with made_up({}, captured(*NEEDS)) as source:
        assert alone(source, [(DAYS.last, at, None)], ["at", "n"], NEEDS) == {
            "at": [0, 20 * 3600 + 300],
            "n": [0, None],
        }


def test_what_an_entity_lacks_is_that_of_where_it_is_pushed():
    push = Entity("push", series={"live": [1], "sent": [2]})
    pull = Entity("pull", series={"sent": [3]}, via=push)
    assert (pull.get("sent"), pull.get("live"), pull.get("none")) == ([3], [1], None)


def test_a_store_names_its_domains_and_streams_as_queries_take_them():
    with made_up({}, captured(*NEEDS)) as source:
        store = Store(source, Entity("all"), "en")
        store.fill("domain", [(("a",), DAYS.first, 1)], ["n"], NEEDS)
        store.entity("stream", ("a", "live", "x"), "live/x")
        assert (store.names, store.stream_keys) == (["a"], ["a\x1flive\x1fx"])
        assert [f"{at:%F %H %Z}" for at in store.starts] == [
            f"2026-11-{day} 00 CST" for day in (20, 21, 22)
        ]
