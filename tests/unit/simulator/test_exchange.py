"""Requests and answers as values: what a request names, and the bytes of an answer."""

import json
from datetime import UTC, date, datetime

import pytest

from resources.api.credentials import Credentials
from resources.simulator.exchange import Answer, Request, moment, page_of_a_proxy, refusal
from resources.simulator.refusals import Refused


def asked(body=b"{}", **more):
    """A request with that body."""
    values = {
        "action": "A", "target": "/?Action=A", "method": "POST", "headers": {}, "number": 1,
        "at": datetime(2026, 11, 22, tzinfo=UTC), "credentials": Credentials("a", "b"),
        "endpoint": None, "ask": lambda *_: {},
    }  # fmt: skip
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(**{**values, "body": text, **more})


def test_domains_and_streams_are_named_alone_or_in_a_list():
    request = asked({"Domain": "a", "DomainList": ["b", 3, "c"], "Stream": "s", "StreamList": "t"})
    assert request.domains == ["a", "b", "c"]
    assert request.streams == ["s", "t"]


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b"null"])
def test_a_body_that_is_no_object_names_nothing(body):
    request = asked(body)
    assert (request.parameters, request.domains, request.days) == ({}, [], None)


def test_a_change_is_as_if_the_client_had_sent_it():
    request = asked({"Domain": "a", "App": "live"})
    request.change(Domain="直播", Extra=1)
    assert request.parameters == {"Domain": "直播", "App": "live", "Extra": 1}


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-20T16:00:00Z", "2026-11-21T16:00:00Z", (21, 21)),
        ("2026-11-21T00:00:00+08:00", "2026-11-21T23:59:59+08:00", (21, 21)),
        ("2026-11-21T00:00:00+08:00", "2026-11-23T00:00:01+08:00", (21, 23)),
        ("2026-11-21T00:00:00+08:00", "2026-11-21T00:00:00+08:00", (21, 21)),
    ],
)
def test_the_days_of_a_window_are_those_of_shanghai(start, end, days):
    first, last = (date(2026, 11, day) for day in days)
    assert asked({"StartTime": start, "EndTime": end}).days == (first, last)


def test_a_good_answer_is_an_envelope_with_its_result():
    answer = Answer("A").with_result({"直": [1.5]})
    document = json.loads(answer.body())
    assert answer.is_good
    assert document["Result"] == answer.result == {"直": [1.5]}
    assert document["ResponseMetadata"]["Action"] == "A"
    assert "Error" not in document["ResponseMetadata"]
    assert json.loads(answer.with_result(None).body())["Result"] is None


def test_a_refusal_has_the_code_and_no_result():
    answer = refusal("A", Refused("AccessDenied", "no"))
    document = json.loads(answer.body())
    assert document["ResponseMetadata"]["Error"]["Code"] == answer.counted_as == "AccessDenied"
    assert "Result" not in document
    assert (answer.is_good, answer.result) == (False, {})


def test_a_page_in_front_of_the_api_is_no_json():
    answer = page_of_a_proxy("A", 407, "proxy")
    assert answer.body().startswith(b"<html>")
    assert (answer.status, answer.content_type, answer.is_good) == (407, "text/html", False)


def test_a_time_without_an_offset_is_that_of_shanghai():
    assert moment("2026-11-22T08:00:00") == moment("2026-11-22T00:00:00Z")
    with pytest.raises(ValueError, match="Invalid"):
        moment("tomorrow")
