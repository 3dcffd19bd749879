"""The envelope of an answer."""

import json

import pytest

from resources.api.envelope import read_json, refused
from resources.api.errors import ApiError, TryLater


def body(**facts):
    return json.dumps(facts).encode()


def test_a_result_may_be_null():
    assert read_json(body(Result=None))["Result"] is None


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"Result": {', b"[]", b'{"Other": 1}'])
def test_what_is_no_whole_answer_is_tried_again(text):
    with pytest.raises(TryLater):
        read_json(text)


@pytest.mark.parametrize("status", [200, 403, 502])
def test_a_body_that_would_exhaust_the_stack_is_not_parsed(status, monkeypatch):
    """The garbage collector may run at the end of the stack, and finalizers fail there."""
    monkeypatch.setattr(json, "loads", None)
    for deep in (
        b"[" * 100_000,
        b'{"Result":' * 100_000,
        b'{"Result":' + b"[" * 70 + b"]" * 70 + b"}",
    ):
        with pytest.raises(ApiError):
            raise (read_json(deep) if status == 200 else refused("A", status, None, deep, None))


def test_an_error_with_status_200_is_an_error():
    metadata = {"RequestId": "1", "Error": {"Code": "InternalError", "Message": "x"}}
    with pytest.raises(ApiError) as caught:
        read_json(body(ResponseMetadata=metadata))
    assert caught.value.code == "InternalError"


def test_a_page_of_a_gateway_is_shown_without_its_control_characters():
    error = refused("A", 502, None, b"<html>\x1b[2J bad gateway", None)
    assert "bad gateway" in str(error)
    assert "\x1b" not in str(error)


def test_a_redirect_says_where_to():
    assert "https://elsewhere" in str(refused("A", 302, "https://elsewhere", b"", None))
