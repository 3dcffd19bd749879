"""What the simulator checks before it looks at the parameters: signature, clock, action, rate."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import requests

from resources.api.catalog import ENDPOINTS
from resources.api.credentials import Credentials
from resources.simulator import Simulator, serve
from resources.simulator.limits import Limiter
from resources.simulator.refusals import Refused
from tests.support.documented_limits import DOCUMENTED
from tests.support.simulator_calls import ACTION, error_of, signed

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def sim():
    with Simulator(clock=lambda: NOW, rate=None) as made:
        yield made


def test_a_good_signature_is_accepted(sim):
    assert error_of(signed(sim)) == (200, None, None)


def test_an_empty_body_is_an_empty_object(sim):
    assert error_of(signed(sim, body=b"")) == (200, None, None)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (0, (200, None, None)),
        (890, (200, None, None)),
        (-890, (200, None, None)),
        (910, (403, "InvalidTimestamp", 100006)),
        (-910, (403, "InvalidTimestamp", 100006)),
    ],
)
def test_a_signature_lives_for_900_seconds(sim, age_s, expected):
    assert error_of(signed(sim, now=datetime.now(UTC) - timedelta(seconds=age_s))) == expected


def test_another_secret(sim):
    key = Credentials(sim.credentials.access_key, "another-secret-key")
    assert error_of(signed(sim, credentials=key)) == (401, "SignatureDoesNotMatch", 100010)


def test_another_key(sim):
    key = Credentials("AKUNKNOWN", sim.credentials.secret_key)
    assert error_of(signed(sim, credentials=key)) == (401, "InvalidAccessKey", 100009)


def test_a_body_that_was_changed_on_the_way(sim):
    assert error_of(signed(sim) | {"data": b"{ }"}) == (401, "SignatureDoesNotMatch", 100010)


def test_a_body_that_is_not_what_its_hash_says_is_not_signed_either(sim):
    request = signed(sim, body=b"{}") | {"data": b"{ }"}
    request["headers"]["X-Content-Sha256"] = hashlib.sha256(b"{ }").hexdigest()
    assert error_of(request) == (401, "SignatureDoesNotMatch", 100010)


def test_another_action_than_the_signed_one(sim):
    request = signed(sim) | {"params": {"Action": "DescribeIpInfo", "Version": "2023-01-01"}}
    assert error_of(request) == (401, "SignatureDoesNotMatch", 100010)


@pytest.mark.parametrize("scope", [{"region": "ap-singapore-1"}, {"service": "vod"}])
def test_another_scope(sim, scope):
    assert error_of(signed(sim, **scope)) == (400, "InvalidCredential", 100025)


@pytest.mark.parametrize(
    ("header", "code", "code_n"),
    [
        ("Authorization", "MissingAuthenticationToken", 100003),
        ("X-Date", "MissingRequestInfo", 100004),
        ("X-Content-Sha256", "SignatureDoesNotMatch", 100010),
    ],
)
def test_a_header_is_missing(sim, header, code, code_n):
    request = signed(sim)
    del request["headers"][header]
    assert error_of(request)[1:] == (code, code_n)


def test_an_authorization_of_another_scheme(sim):
    request = signed(sim)
    request["headers"]["Authorization"] = "AWS4-HMAC-SHA256 Signature=x"
    assert error_of(request) == (400, "InvalidAuthorization", 100024)
    request["headers"]["Authorization"] = "Bearer x"
    assert error_of(request) == (401, "MissingSignature", 100005)


def test_a_session_token_must_be_the_right_one():
    temporary = Credentials("AKTEMP", "temporary-secret", "the-token")
    with Simulator(credentials=temporary) as sim:
        assert error_of(signed(sim)) == (200, None, None)
        for token in (None, "an-old-token"):
            key = Credentials("AKTEMP", "temporary-secret", token)
            assert error_of(signed(sim, credentials=key)) == (401, "InvalidSecretToken", 100026)


def test_an_unknown_action_or_version(sim):
    expected = (404, "InvalidActionOrVersion", 100008)
    assert error_of(signed(sim, action="DescribeLiveNothing")) == expected
    assert error_of(signed(sim, query={"Action": ACTION, "Version": "2020-08-01"})) == expected


def test_get_is_not_post(sim):
    assert error_of(signed(sim, method="GET", body=b"")) == (405, "MethodNotAllowed", 100020)


def test_an_action_that_takes_get_takes_no_post(sim):
    action = "DescribeClosedStreamInfoByPage"
    assert error_of(signed(sim, action=action)) == (405, "MethodNotAllowed", 100020)


def test_a_body_that_is_no_json(sim):
    assert error_of(signed(sim, body=b"{")) == (400, "InvalidParam.BindError", None)


def test_too_many_calls_over_http():
    with Simulator(rate=2) as sim:
        sim._service._limiter = Limiter(lambda: 0.0)  # all within one moment
        codes = [error_of(signed(sim)) for _ in range(3)]
        assert codes == [(200, None, None)] * 2 + [(429, "FlowLimitExceeded", 100018)]
        assert sim.calls[ACTION] == 3
        assert sim.refused["FlowLimitExceeded"] == 1


def test_calls_and_refusals_are_counted():
    with Simulator(rate=None) as sim:
        error_of(signed(sim))
        error_of(signed(sim, action="DescribeLiveNothing"))
        error_of(signed(sim, body=b"["))
        assert sim.calls == {ACTION: 2, "DescribeLiveNothing": 1}
        assert sim.refused == {"InvalidActionOrVersion": 1, "InvalidParam.BindError": 1}


def test_connections_stay_open(sim):
    with requests.Session() as session:
        request = signed(sim)
        sockets = set()
        for _ in range(3):
            answer = session.request(**request, timeout=10, stream=True)
            sockets.add(answer.raw._connection.sock.getsockname())
            answer.content  # noqa: B018 - reads to the end, so that the connection is free again
        assert len(sockets) == 1


def test_serve_returns_at_an_interrupt_and_gives_the_port_back():
    told = []

    def announce(sim):
        told.append(sim.url)
        raise KeyboardInterrupt

    serve(announce=announce)
    port = int(told[0].rpartition(":")[2])
    with Simulator(port=port) as sim:
        assert error_of(signed(sim)) == (200, None, None)


class Moving:
    """A clock that stands still unless told otherwise."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.mark.parametrize("action", [a for a, said in DOCUMENTED.items() if said.rate])
def test_rate(action):
    rate, timer = DOCUMENTED[action].rate, Moving()
    limiter = Limiter(timer)
    for _ in range(rate):
        limiter.admit(action, ENDPOINTS[action].rate_per_s)
        timer.now_s += 0.5 / rate
    with pytest.raises(Refused, match="FlowLimitExceeded"):
        limiter.admit(action, rate)
    limiter.admit("another action", rate)
    timer.now_s = 1000.99
    with pytest.raises(Refused):
        limiter.admit(action, rate)
    timer.now_s = 1001.0  # the first call is a second old
    limiter.admit(action, rate)
    with pytest.raises(Refused):
        limiter.admit(action, rate)
