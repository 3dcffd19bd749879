"""What goes wrong on request, and that it can be repeated."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import requests

from resources.simulator import Account, AnswerOptions, Faults, Simulator
from resources.simulator.api import Api
from resources.simulator.faults import FaultPicker
from resources.simulator.world import World
from tests.support.simulator_calls import ACTION, error_of, signed


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 429, "FlowLimitExceeded"),
        ("internal", 500, "InternalError"),
        ("unavailable", 503, "ServiceUnavailableTemp"),
        ("timeout", 504, "InternalServiceTimeout"),
        ("token", 401, "InvalidSecretToken"),
        ("error200", 200, "InternalError"),
        ("drip", 200, None),
    ],
)
def test_a_fault_with_an_envelope(kind, status, code):
    faults = Faults(first={ACTION: (1, kind)}, drip_s=0.0)
    with Simulator(faults=faults, rate=None) as sim:
        assert error_of(signed(sim))[:2] == (status, code)
        assert error_of(signed(sim))[:2] == (200, None)  # the first call only


@pytest.mark.parametrize("kind", ["gateway", "html", "garbled", "no_result"])
def test_a_fault_in_the_body(kind):
    with Simulator(faults=Faults(first={"*": (1, kind)})) as sim:
        answer = requests.request(**signed(sim), timeout=10)
        assert answer.status_code == (502 if kind == "gateway" else 200)
        if kind == "no_result":
            assert set(answer.json()) == {"ResponseMetadata"}
        else:
            with pytest.raises(ValueError, match=r"(?s)."):
                json.loads(answer.content)


@pytest.mark.parametrize("kind", ["reset", "stall", "cut"])
def test_a_fault_of_the_connection(kind):
    with Simulator(faults=Faults(first={"*": (1, kind)}, stall_s=0.0)) as sim:
        request = signed(sim)
        connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=10)
        target = "/?" + "&".join(f"{k}={v}" for k, v in request["params"].items())
        connection.request("POST", target, request["data"], request["headers"])
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            connection.getresponse().read()
        connection.close()


def test_throttling_may_say_for_how_long():
    faults = Faults(first={"*": (1, "throttle")}, retry_after_s=3)
    with Simulator(faults=faults) as sim:
        assert requests.request(**signed(sim), timeout=10).headers["Retry-After"] == "3"


def test_faults_depend_on_the_number_of_the_call_alone():
    faults = Faults(seed=5, odds={"internal": 0.3, "reset": 0.2})
    one, two = FaultPicker(faults), FaultPicker(faults)
    drawn = [one.choose(ACTION) for _ in range(200)]
    assert drawn == [two.choose(ACTION) for _ in range(200)]
    assert 0.2 < drawn.count("internal") / 200 < 0.4
    assert 0.1 < drawn.count("reset") / 200 < 0.3
    other = FaultPicker(Faults(seed=6, odds=faults.odds))
    assert drawn != [other.choose(ACTION) for _ in range(200)]


def test_pages_may_change_during_the_walk():
    api = Api(World(Account(domains=2, streams_per_domain=2)), AnswerOptions())
    now = datetime(2025, 6, 10, 4, tzinfo=UTC)

    def page(number, fault=""):
        body = {"StartTime": "2025-06-08T00:00:00+08:00", "EndTime": "2025-06-09T00:00:00+08:00"}
        body |= {"PageNum": number, "PageSize": 1}
        return api.answer("DescribeLivePushStreamInfoData", body, now, fault)

    rows = [page(n)["PushStreamInfoDataList"] for n in (1, 2, 3)]
    assert all(one and one != two for one, two in pairwise(rows))
    assert page(2, "shift")["PushStreamInfoDataList"] == rows[2]
    assert page(2, "repeat")["PushStreamInfoDataList"] == rows[0]
    total = page(1)["Pagination"]["TotalCount"]
    assert page(2, "shrink")["Pagination"]["TotalCount"] == total - 1
