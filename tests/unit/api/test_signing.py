"""The signature is the vendor's: its test vectors, and its own signer on arbitrary requests."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from volcengine.auth.SignerV4 import SignerV4
from volcengine.auth.SignParam import SignParam
from volcengine.Credentials import Credentials as VendorCredentials

from resources.api.credentials import Credentials
from resources.api.signing import canonical_query, sign

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
HOST = "live.volcengineapi.com"
KEY = Credentials("AKTEST", "SKTEST")
TEMPORARY = Credentials("AKTEST", "SKTEST", "STSTOKEN")
SESSION_BODY = (
    b'{"DomainList": ["pull.example.com"], "StartTime": "2025-01-01T00:00:00+08:00", '
    b'"EndTime": "2025-01-02T00:00:00+08:00", "Aggregation": 300, "DetailField": ["Domain"]}'
)


def signed(action, body=b"{}", *, method="POST", host=HOST, credentials=KEY, now=NOW, **query):
    return sign(
        method=method,
        host=host,
        path="/",
        query={"Action": action, "Version": "2023-01-01", **query},
        body=body,
        credentials=credentials,
        region="cn-north-1",
        service="live",
        now=now,
    )


def authorization(names, signature):
    scope = "AKTEST/20250102/cn-north-1/live/request"
    return f"HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"


@pytest.mark.parametrize(
    ("headers", "names", "signature"),
    [
        (
            signed("DescribeLiveStreamSessionData", SESSION_BODY),
            "content-type;host;x-content-sha256;x-date",
            "ca126b5e1055d82ee46b5b0770e2bf92ac5a4212001a77e574ffe02f89230ee9",
        ),
        (
            signed("DescribeLiveISPData"),
            "content-type;host;x-content-sha256;x-date",
            "d304e1fca7a8b98b4ca58f80d8e66cfe639113095e71dfc487a4534a5791279f",
        ),
        (
            signed("DescribeLiveISPData", credentials=TEMPORARY),
            "content-type;host;x-content-sha256;x-date;x-security-token",
            "429cd6442e08c35fab1873cc7d53363deca326be1c7ea2d4f5c58814d5b418a7",
        ),
        (
            signed(
                "DescribeLiveStreamInfoByPage",
                b"",
                method="GET",
                PageNum="1",
                PageSize="1000",
                Stream="a b+c/d~é",
            ),
            "host;x-content-sha256;x-date",
            "3b204aba3750727d2010698d711d2122d6b13972c78f3acfef235037f803f949",
        ),
    ],
    ids=["POST with a body", "POST of {}", "temporary credentials", "GET with odd characters"],
)
def test_known_signatures(headers, names, signature):
    assert headers["Authorization"] == authorization(names, signature)


def test_the_headers_to_send():
    headers = signed("DescribeLiveStreamSessionData", SESSION_BODY, credentials=TEMPORARY)
    del headers["Authorization"]
    assert headers == {
        "Host": "live.volcengineapi.com",
        "Content-Type": "application/json",
        "X-Date": "20250102T030405Z",
        "X-Content-Sha256": "ad4e31a90d56c34bb4281d0fb399697fb2c69ef234123c64e012ab75fc431189",
        "X-Security-Token": "STSTOKEN",
    }


def test_the_query_is_signed_percent_encoded():
    query = {"Stream": "a b+c/d~é", "PageNum": "1", "Action": "X"}
    assert canonical_query(query) == "Action=X&PageNum=1&Stream=a%20b%2Bc%2Fd~%C3%A9"


def test_any_zone_gives_the_same_signature():
    in_shanghai = NOW.astimezone(timezone(timedelta(hours=8)))
    assert signed("DescribeLiveISPData", now=in_shanghai) == signed("DescribeLiveISPData")


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time without a zone"):
        signed("DescribeLiveISPData", now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("host", "signed_as"),
    [
        ("example.com:443", "example.com"),
        ("example.com:80", "example.com"),
        ("[::1]:443", "[::1]"),
        ("[::80]", "[::80]"),
        ("example.com:8443", "example.com:8443"),
    ],
)
def test_a_usual_port_is_sent_but_not_signed(host, signed_as):
    first, second = (signed("DescribeLiveISPData", host=name) for name in (host, signed_as))
    assert first["Host"] == host
    assert first["Authorization"] == second["Authorization"]


def test_any_other_port_is_signed():
    with_port = signed("DescribeLiveISPData", host="example.com:8443")
    assert (
        with_port["Authorization"]
        != signed("DescribeLiveISPData", host="example.com")["Authorization"]
    )


keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
hosts = st.tuples(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True),
    st.sampled_from(["", ":80", ":443"]) | st.integers(1, 65535).map(":{}".format),
).map("".join)


@settings(deadline=None)
@given(
    method=st.sampled_from(["GET", "POST"]),
    host=hosts,
    path=texts.map("/{}".format),
    query=st.dictionaries(texts, texts, max_size=5),
    body=st.binary(max_size=200),
    credentials=st.builds(Credentials, keys, keys, st.none() | keys),
    region=keys,
    service=keys,
    now=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_the_vendors_own_signer_agrees(
    method, host, path, query, body, credentials, region, service, now
):
    """Whatever is asked, both compute the same signature over the same headers."""
    ours = sign(
        method=method,
        host=host,
        path=path,
        query=query,
        body=body,
        credentials=credentials,
        region=region,
        service=service,
        now=now,
    )

    request = SignParam()
    request.set_method(method)
    request.set_host(host)
    request.set_path(path)
    request.set_query(OrderedDict(query))
    request.set_body(body)
    request.set_date(now)
    headers = {"Host": host} | ({"Content-Type": "application/json"} if method == "POST" else {})
    request.set_header_list(headers)
    theirs = SignerV4.sign_only(
        request,
        VendorCredentials(
            credentials.access_key,
            credentials.secret_key,
            service,
            region,
            credentials.session_token or "",
        ),
    )

    assert ours["Authorization"] == theirs.authorization
    assert ours["X-Date"] == theirs.xdate
    assert ours["X-Content-Sha256"] == theirs.xContextSha256
    assert ours.get("X-Security-Token", "") == theirs.xSecurityToken
