"""Refusals as values: whom they are about, and what they say."""

import json

import pytest

from resources.simulator.settings import DEFAULT_CREDENTIALS
from tests.support.simulated_requests import asked, through

EDGE, ISPS = "DescribeLiveEdgeStatData", "DescribeLiveISPData"
LISTED = {"DomainList": ["a.example", "b.example"]}


def code(answer):
    return answer.status, json.loads(answer.body())["ResponseMetadata"]["Error"]["Code"]


@pytest.mark.parametrize(
    ("manner", "request_", "refusal"),
    [
        ("refuse-domain=B.example", asked(EDGE, **LISTED), (403, "RequestForbidden")),
        ("refuse-domain=c.example", asked(EDGE, **LISTED), None),
        ("refuse-domain=a.example", asked(ISPS), None),
        ("refuse-stream=oom", asked(EDGE, StreamList=["room"]), (400, "InvalidParam")),
        ("refuse-stream=Oom", asked(EDGE, StreamList=["room"]), None),
        (f"deny-key={EDGE}", asked(EDGE), (403, "AccessDenied")),
        (f"deny-key={EDGE}", asked(ISPS), None),
        (f"refuse-action={EDGE}@status=400@code=X", asked(EDGE), (400, "X")),
        ("list-limit=1", asked(EDGE, **LISTED), (400, "InvalidParam")),
        ("list-limit=2", asked(EDGE, **LISTED), None),
        ("list-limit=1@parameter=Ips", asked(EDGE, **LISTED), None),
    ],
)
def test_a_refusal_is_of_the_requests_that_it_names(manner, request_, refusal):
    found = through(manner, request_)
    assert (found and code(found)) == refusal
    assert found is None or found.counted_as == refusal[1]


def test_throttling_says_when_to_come_back():
    found = through("throttle-storm=7", asked(ISPS))
    assert code(found) == (429, "FlowLimitExceeded")
    assert found.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("manner", "status"),
    [("proxy-login", 407), ("redirect=307", 307), ("html-200", 200),
     (f"refuse-action={ISPS}@body=html", 403)],
)  # fmt: skip
def test_a_page_is_none_of_the_apis(manner, status):
    found = through(manner, asked(ISPS))
    assert (found.status, found.content_type) == (status, "text/html")


def test_an_expired_token_leaves_the_request_to_the_signature():
    request = asked(ISPS)
    assert through("token-expiry=new", request).is_good
    assert request.credentials.session_token == "new"
    assert request.credentials.access_key == DEFAULT_CREDENTIALS.access_key
