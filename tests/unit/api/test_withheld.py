"""What the catalog calls secret is gone before anything is kept: rows, raw, rejected answers, messages."""

import gzip
import json
from dataclasses import replace
from datetime import date

import pytest

from resources.api.body import LARGE_BYTES, Packed, pack, whole
from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.errors import TryLater
from resources.api.withheld import without_secrets
from resources.raw.captures import folder_of, newest
from resources.simulator import Account
from tests.support.archives import lab

CALLBACK = DATASETS["callback"].endpoint
SECRET = b"simulated-secret"


def body(**fields):
    item = {"Domain": "a", "CallbackBody": "x" * 9, "Unknown": "kept", **fields}
    return json.dumps({"Result": {"CallbackInfoList": [item], "StartTime": "t"}}).encode()


def kept(answer):
    return json.loads(whole(without_secrets(CALLBACK, answer)))["Result"]["CallbackInfoList"][0]


def test_other_actions_are_kept_byte_for_byte():
    text = b' {"Result": {"CallbackInfoList": [{"CallbackBody": "x"}]}}\n'
    others = [e for e in ENDPOINTS.values() if not e.secrets]
    assert len(others) == len(ENDPOINTS) - 2  # callbacks, and links of log files
    assert all(without_secrets(one, text) is text for one in (*others, None))


@pytest.mark.parametrize("value", ["text", {"an": "object"}, ["list"], 7, None])
def test_bodies_and_headers_are_emptied_whatever_they_are(value):
    names = ("CallbackBody", "CallbackResponseBody", "CallbackResponseHeader")
    found = kept(body(**dict.fromkeys(names, value)))
    assert {name: found[name] for name in names} == dict.fromkeys(names, "")
    assert (found["Domain"], found["Unknown"]) == ("a", "kept")


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("https://h.example/p?token=1#f", "https://h.example/p"),
        ("https://me:pass@h.example:8443/p", "https://h.example:8443/p"),
        ("http://[bad", ""),
        ("", ""),
    ],
)
def test_an_address_loses_query_and_user(address, left):
    assert kept(body(CallbackAddress=address))["CallbackAddress"] == left


def test_a_body_that_would_exhaust_the_stack_is_not_parsed(monkeypatch):
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(TryLater, match="nested deeper than any answer"):
        without_secrets(CALLBACK, b"[" * 100_000)


def test_what_is_no_json_is_not_kept():
    for text in (b"{", body()[:-9], gzip.compress(body())):
        with pytest.raises(TryLater, match="not JSON") as caught:
            without_secrets(CALLBACK, text)
        assert "xxxxxxxxx" not in str(caught.value)


@pytest.mark.parametrize(
    "odd", [b"[]", b"null", b'{"Result": null}', b'{"Result": {"CallbackInfoList": [null]}}']
)
def test_an_answer_of_another_form_is_left_to_the_parser(odd):
    assert json.loads(without_secrets(CALLBACK, odd)) == json.loads(odd)


def test_a_large_answer_is_cleaned_too():
    text = body(Unknown="u" * (LARGE_BYTES + 1), CallbackBody="simulated-secret")
    packed = pack(text)
    found = without_secrets(CALLBACK, Packed(packed, 0, len(packed), len(text)))
    assert isinstance(found, Packed)
    assert SECRET not in found.whole()
    assert len(json.loads(found.whole())["Result"]["CallbackInfoList"][0]["Unknown"]) > LARGE_BYTES


def test_a_capture_holds_no_secret(tmp_path):
    account = Account(domains=1, streams_per_domain=8, deleted=0, audience=0.01)
    day = date(2026, 11, 21)
    with lab(tmp_path / "home", account) as found:
        found.capture([day], ["domain", "callback"])
        capture = newest(folder_of(found.archive.home.raw, "callback", day))
        answers = [whole(answer) for *_, answer in capture.responses()]
        assert any(b'"CallbackInfoList":[{' in text for text in answers)
        assert all(SECRET not in text for text in answers)
        assert all(b'"sign"' not in text for text in answers)


def test_the_signature_of_a_link_is_secret_and_the_rest_of_it_is_not():
    logs = DATASETS["log_file"].endpoint
    item = {
        "DownloadUrl": f"https://logs.example.com/a_0.gz?Signature={SECRET.decode()}",
        "LogName": "a",
    }
    text = json.dumps({"Result": {"LogInfoList": [item]}}).encode()
    (row,) = json.loads(without_secrets(logs, text))["Result"]["LogInfoList"]
    assert row == {"DownloadUrl": "https://logs.example.com/a_0.gz", "LogName": "a"}


def test_only_declared_fields_are_secret():
    names = {name for _, fields in replace(CALLBACK).secrets for name in fields}
    assert names == {
        "CallbackBody", "CallbackResponseBody", "CallbackResponseHeader", "CallbackAddress",
    }  # fmt: skip
