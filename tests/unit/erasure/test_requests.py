"""What manifests say without an item."""

import pytest

from resources.api.catalog import DATASETS
from resources.erasure.requests import entry_without, facts_without, payload_without, words_without
from resources.raw.erasures import ItemKind, PlainItem

DOMAIN = PlainItem.parse(ItemKind.DOMAIN, "a.example")
STREAM = PlainItem.parse(ItemKind.STREAM, "a.example/live/one")
ADDRESS = PlainItem.parse(ItemKind.ADDRESS, "198.51.100.7")
EDGE, PUSHES = DATASETS["edge_stat"], DATASETS["push_stream_metrics"]


@pytest.mark.parametrize(
    ("name", "item", "payload", "left"),
    [
        ("edge_stat", DOMAIN, {"DomainList": ["A.example", "b"]}, {"DomainList": ["b"]}),
        ("edge_stat", DOMAIN, {"DomainList": ["a.example"]}, None),
        ("edge_stat", STREAM, {"DomainList": ["a.example"]}, {"DomainList": ["a.example"]}),
        ("edge_stat_account", DOMAIN, {"DomainList": ["a.example"]}, {"DomainList": []}),
        ("push_stream_metrics", DOMAIN, {"Domain": "a.example", "App": "x", "Stream": "y"}, None),
        ("push_stream_metrics", STREAM, {"Domain": "a.example", "App": "live", "Stream": "one"}, None),
        ("ip_info", ADDRESS, {"Ips": ["198.51.100.7"]}, None),
        ("ip_info", ADDRESS, {"Ips": ["198.51.100.7", "::1"]}, {"Ips": ["::1"]}),
    ],
)  # fmt: skip
def test_a_request_about_nothing_else_goes(name, item, payload, left):
    assert payload_without(DATASETS[name], payload, item) == left


def test_items_of_a_carried_answer_and_of_what_lacks_go():
    entry = {"payload": {"DomainList": ["a.example", "b"]}, "only": ["a.example"], "walk": 3}
    assert entry_without(EDGE, entry, DOMAIN) == {
        "payload": {"DomainList": ["b"]}, "only": [], "walk": 3,
    }  # fmt: skip
    lacking = {
        "payload": {"DomainList": ["a.example", "b"]},
        "items": ["a.example", "b"],
        "error": "no a.example here",
    }
    left = facts_without(EDGE, {"lacking": [lacking]}, DOMAIN)
    assert left == {
        "lacking": [{"payload": {"DomainList": ["b"]}, "items": ["b"], "error": "(erased)"}]
    }
    alone = {**lacking, "payload": {"DomainList": ["a.example"]}}
    assert facts_without(EDGE, {"lacking": [alone]}, DOMAIN) == {}


def test_counts_hours_events_and_words_go_and_those_of_others_stay():
    facts = {
        "domains": ["a.example", "x.a.example"],
        "rows_by_domain": {"a.example": 2, "b": 1},
        "long_events": [["9f", "a.example", 1, 2], ["9e", "b", 1, 2]],
        "contradictions": ["nothing of a.example", "nothing of x.a.example"],
        "rows": 3,
    }
    assert facts_without(EDGE, facts, DOMAIN) == {
        "domains": ["x.a.example"],
        "rows_by_domain": {"b": 1},
        "long_events": [["9e", "b", 1, 2]],
        "contradictions": ["nothing of x.a.example"],
        "rows": 3,
    }


def test_rejected_answers_keep_the_entries_of_the_answers_that_stay():
    one, other = ({"payload": {"Domain": d, "App": "x", "Stream": "y"}} for d in ("a.example", "b"))
    assert facts_without(PUSHES, {"rejected": [one, other]}, DOMAIN, [1]) == {"rejected": [other]}


def test_notes_lose_texts_that_quote_it():
    note = {"failed": [{"asked": "Domain=a.example, App=live, Stream=one"}], "answered": 2}
    assert words_without(note, STREAM)["failed"] == [{"asked": "(erased)"}]
    other = PlainItem.parse(ItemKind.STREAM, "a.example/live/two")
    assert words_without(note, other) == note
