"""The vendor's own client, unmodified, works against the simulator.

So what the simulator takes for a good request is what the vendor's client sends.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from volcengine.live.v20230101.live_service import LiveService

from resources.simulator import Account, Simulator
from tests.support.documented_limits import DOCUMENTED
from tests.support.each import each

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
DAY = {"StartTime": "2025-06-08T00:00:00+08:00", "EndTime": "2025-06-09T00:00:00+08:00"}
PULL = "pull-1.sim.example"
OF_VOLCENGINE = [
    action for action, said in DOCUMENTED.items() if "volcengine" not in said.absent_on
]


def call_of(action):
    """The client's method, and a request that the page gives as an example."""
    said = DOCUMENTED[action]
    times = dict(zip(said.times, DAY.values(), strict=True)) if said.is_timed else {}
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", action)
    return words.lower(), {**times, **said.example}


def rows_at(action, body):
    said = DOCUMENTED[action]
    return (said.split_rows if is_split(body) else said.rows).partition(".")[0]


def is_split(body):
    return any(
        len(body.get(f"{name}List", ())) > 1 or name.startswith("User")
        for name in body.get("DetailField", ())
    )


@pytest.fixture(scope="module")
def sim():
    account = Account(domains=2, streams_per_domain=3)
    with Simulator(account, clock=lambda: NOW, rate=None) as made:
        yield made


@pytest.fixture(scope="module")
def sdk(sim):
    """The client, with nothing changed but the address.

    It keeps key and address in one object of its module: they are put back afterwards.
    """
    patch = pytest.MonkeyPatch()
    for name in ("VOLC_ACCESSKEY", "VOLC_SECRETKEY"):
        patch.delenv(name, raising=False)  # it would prefer them to the key that it is given
    service = LiveService()
    info = service.service_info
    patch.setattr(info, "host", sim.url.removeprefix("http://"))
    patch.setattr(info, "scheme", "http")
    patch.setattr(info.credentials, "ak", sim.credentials.access_key)
    patch.setattr(info.credentials, "sk", sim.credentials.secret_key)
    yield service
    service.session.close()
    patch.undo()


def refusal(call):
    # The client drops the HTTP status: the body of the answer is all that its exception has.
    with pytest.raises(Exception, match="ResponseMetadata") as caught:
        call()
    (body,) = caught.value.args
    return json.loads(body)["ResponseMetadata"]["Error"]


@each("action", OF_VOLCENGINE)
def test_call(sdk, action):
    method, body = call_of(action)
    answer = getattr(sdk, method)(body)
    metadata = answer["ResponseMetadata"]
    assert (metadata["Action"], metadata["Version"]) == (action, "2023-01-01")
    assert "Error" not in metadata
    place = rows_at(action, body)
    assert answer["Result"][place] if place else answer["Result"]


@each("action", OF_VOLCENGINE)
def test_wrong_call(sdk, action):
    method, body = call_of(action)
    error = refusal(lambda: getattr(sdk, method)({**body, "Nonsense": 1}))
    assert error["Code"] == "InvalidParam"
    assert "Nonsense" in error["Message"]


@pytest.mark.parametrize(
    ("action", "change", "code", "says"),
    [
        ("DescribeIpInfo", {"Ips": None}, "MissingParameter", "Ips"),
        ("DescribeLiveEdgeStatData", {"DomainList": ["a.b"]}, "RequestForbidden", "a.b"),
        ("DescribeLiveEdgeStatData", {"EndTime": "2026-01-01T00:00:00Z"}, "InvalidParam", "future"),
        ("DescribeLiveStreamSessionData", {"Domain": PULL}, "InvalidParam", "at most one"),
        ("DescribeLiveTopPlayData", {"PageSize": 10}, "InvalidParam", "PageSize"),
        ("DescribeLiveBatchStreamSessionData", {"PageSize": 99}, "InvalidParam", "100"),
    ],
)
def test_documented_errors(sdk, action, change, code, says):
    method, body = call_of(action)
    error = refusal(lambda: getattr(sdk, method)({**body, **change}))
    assert error["Code"].partition(".")[0] == code
    assert says in error["Message"]


def test_the_wrong_secret(sdk, monkeypatch):
    monkeypatch.setattr(sdk.service_info.credentials, "sk", "wrong")
    error = refusal(lambda: sdk.describe_live_isp_data({}))
    assert (error["Code"], error["CodeN"]) == ("SignatureDoesNotMatch", 100010)
