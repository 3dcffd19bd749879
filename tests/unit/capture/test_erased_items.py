"""Later answers lose what was erased before they are stored."""

import json
from dataclasses import replace

import pytest

from resources.api.errors import ApiError
from resources.api.parsing.parse import join, read_page
from resources.api.request_plan import request_of
from resources.capture.answers import FetchedPage, FetchResult, Unanswered
from resources.capture.erased_items import ErasedItems
from resources.raw import captures
from resources.raw.erasures import Erasure, ItemKind, PlainItem
from tests.support.restated_captures import DAY, TRAFFIC, answer

ROWS = {("a.example", "one"): (1.0, 2.0), ("b.example", "one"): (3.0, 4.0)}
PAYLOAD = {
    "DomainList": ["a.example", "b.example"],
    "StartTime": f"{DAY}T00:00:00+08:00",
    "EndTime": f"{DAY}T23:59:59+08:00",
}


def page(body, payload):
    return FetchedPage(
        1, {**payload, "PageNum": 1, "PageSize": 1000}, "", len(body), captures.pack(body)
    )


def result(rows=ROWS, payload=PAYLOAD):
    request, body = request_of(TRAFFIC, payload), answer(rows)
    rows = join(TRAFFIC, request, [read_page(TRAFFIC, request, body)])
    return FetchResult(request, [page(body, payload)], rows)


@pytest.fixture
def erased():
    item = PlainItem.parse(ItemKind.DOMAIN, "a.example")
    return ErasedItems(TRAFFIC, (Erasure.begin(item, "", DAY),))


def test_an_answer_loses_it_and_is_read_again(erased):
    left = erased.answer(result())
    assert left.rows.table.column("domain").to_pylist() == ["b.example"]
    assert left.rows.disagreeing == ()
    assert left.request.payload["DomainList"] == ["b.example"]
    (one,) = left.pages
    stored = captures.api_body.unpack(one.stored, one.size)
    assert json.loads(stored)["Result"]["DomainList"] == ["b.example"]
    told = {"erased": [erased.erasures[0].id], "erased_rows": {"": 1}}  # no name of what is gone
    assert erased.facts(None) == told


def test_an_answer_about_nothing_else_is_none(erased):
    alone = {key: rows for key, rows in ROWS.items() if key[0] == "a.example"}
    assert erased.answer(result(alone, {**PAYLOAD, "DomainList": ["a.example"]})) is None


def test_an_answer_without_it_is_the_same(erased):
    other = {key: rows for key, rows in ROWS.items() if key[0] == "b.example"}
    found = result(other, {**PAYLOAD, "DomainList": ["b.example"]})
    assert erased.answer(found) is found
    assert replace(erased, erasures=()).answer(found) is found
    assert erased.facts(None) == {}


def test_what_could_not_be_read_is_kept_only_if_it_can_be_searched(erased):
    request = request_of(TRAFFIC, PAYLOAD)
    error = ApiError("no a.example")
    for body, kept in ((b"<p>", 0), (answer(ROWS), 1)):
        left = erased.answer(Unanswered(request, error, [page(body, PAYLOAD)]))
        assert len(left.pages) == kept
        assert left.request.payload["DomainList"] == ["b.example"]
    assert erased.words("no a.example, but x.a.example") == "no (erased), but x.a.example"
    assert erased.domains(["a.example", "b.example"]) == ["b.example"]
