"""Signatures are verified by code of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from resources.api.credentials import Credentials
from resources.api.signing import sign
from resources.simulator.auth import LIFETIME, verify
from resources.simulator.refusals import Refused

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
KEY = Credentials("AKONE", "the-secret")
REQUEST = {"method": "POST", "path": "/", "body": b'{"a": 1}'}


def signed(**changed):
    facts = {
        "host": "live.example", "query": {"Action": "A b"}, "credentials": KEY, "now": NOW,
        "region": "cn-north-1", "service": "live", **REQUEST, **changed,
    }  # fmt: skip
    return {name.lower(): value for name, value in sign(**facts).items()}


def check(headers, **changed):
    facts = {"query": "Action=A%20b", "credentials": KEY, "now": NOW, **REQUEST, **changed}
    verify(headers=headers, **facts)


def test_what_the_client_signs_is_accepted_within_its_lifetime():
    check(signed())
    check(signed(), now=NOW + LIFETIME)
    check(signed(host="live.example:443"))


@pytest.mark.parametrize(
    ("headers", "changed"),
    [
        (signed(), {"body": b'{"a": 2}'}),
        (signed(), {"query": "Action=B"}),
        (signed(), {"method": "GET"}),
        (signed(), {"now": NOW + LIFETIME + timedelta(seconds=1)}),
        (signed(credentials=Credentials("AKONE", "other")), {}),
        (signed(credentials=Credentials("AKTWO", "the-secret")), {}),
        (signed(region="cn-south-1"), {}),
        ({}, {}),
    ],
    ids=["body", "query", "method", "late", "secret", "key", "region", "unsigned"],
)
def test_anything_else_is_refused(headers, changed):
    with pytest.raises(Refused):
        check(headers, **changed)
