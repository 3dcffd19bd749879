"""Requests without a socket: who is let in, in which order things are decided, what is counted."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from resources.api.signing import sign
from resources.simulator import AnswerOptions, Faults
from resources.simulator.api import Api
from resources.simulator.faults import FaultPicker
from resources.simulator.manners import all_of
from resources.simulator.service import Service
from resources.simulator.settings import DEFAULT_CREDENTIALS
from tests.support.small_world import NOW, world

ISPS, LIST = "DescribeLiveISPData", "ListDomainDetail"


def served(**options):
    values = {"rate": None, "clock": lambda: NOW, "chooser": FaultPicker(None)}
    manners = all_of(options.pop("manners", ()))
    return Service(
        api=Api(world, AnswerOptions()), credentials=DEFAULT_CREDENTIALS,
        **{**values, **options, "manners": manners},
    )  # fmt: skip


def ask(service, action=ISPS, body=b"{}", method="POST", version="2023-01-01", signed=None):
    """The answer to a signed request."""
    query = {"Action": action, "Version": version}
    headers = sign(
        method=method, host="h", path="/", body=body, query=query, region="cn-north-1",
        service="live", credentials=DEFAULT_CREDENTIALS, now=datetime.now(UTC),
    )  # fmt: skip
    lower = {name.lower(): value for name, value in {**headers, "Host": "h"}.items()}
    return service.answer(method, f"/?{urlencode(query)}", lower | (signed or {}), body)


def code(answer):
    error = json.loads(answer.body())["ResponseMetadata"].get("Error", {})
    return answer.status, error.get("Code")


def test_a_good_request_is_answered_and_counted():
    service = served()
    assert ask(service).result["ISPList"]
    ask(service)
    ask(service, LIST, b'{"PageNum": 1, "PageSize": 10}')
    assert service.calls == {ISPS: 2, LIST: 1}
    assert service.refused == {}


@pytest.mark.parametrize(
    ("options", "request_", "refusal"),
    [
        ({}, {"version": "2020-01-01"}, "InvalidActionOrVersion"),
        ({}, {"action": "DescribeNothing"}, "InvalidActionOrVersion"),
        ({}, {"method": "GET"}, "MethodNotAllowed"),
        ({}, {"body": b"no json"}, "InvalidParam.BindError"),
        ({}, {"signed": {"authorization": "x"}}, None),
        ({"withdrawn": frozenset({ISPS})}, {}, "InvalidActionOrVersion"),
        ({"denied": frozenset({ISPS})}, {}, "AccessDenied"),
    ],
)
def test_a_refusal_has_its_code_and_is_counted_once(options, request_, refusal):
    service = served(**options)
    status, found = code(ask(service, **request_))
    assert status >= 400
    assert refusal in (None, found)
    assert service.refused == {found: 1}
    assert service.calls.total() == 1


def test_the_rate_is_kept_for_each_action():
    service = served(rate=2)
    statuses = [ask(service).status for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert ask(service, LIST, b'{"PageNum": 1, "PageSize": 10}').status == 200


def test_a_fault_comes_before_the_signature_is_looked_at():
    service = served(chooser=FaultPicker(Faults(first={ISPS: (1, "gateway")})))
    assert ask(service, signed={"authorization": "x"}).status == 502
    assert code(ask(service)) == (200, None)


def test_what_stands_in_front_answers_without_the_api():
    service = served(manners=["proxy-login"], denied=frozenset({ISPS}))
    assert ask(service, signed={"authorization": "x"}).status == 407
    assert service.refused == {"proxy-login": 1}


def test_manners_behind_the_gate_see_admitted_requests_only():
    service = served(manners=[f"refuse-action={ISPS}@code=Mine"])
    assert code(ask(service, signed={"authorization": "x"}))[1] != "Mine"
    assert code(ask(service))[1] == "Mine"


def test_manners_work_one_after_the_other():
    service = served(manners=["slow=1", "new-field=X", "slow=2"])
    answer = ask(service)
    assert answer.delay_s == 3
    assert {row["X"] for row in answer.result["ISPList"]} == {1}


def test_a_question_is_answered_from_memory_until_the_clock_moves():
    clock, asked = [NOW], []
    service = served(clock=lambda: clock[0])
    usual = service.api.answer

    class Counted:
        endpoints, endpoint = service.api.endpoints, service.api.endpoint

        def answer(self, *question):
            asked.append(question)
            return usual(*question)

    service.api = Counted()
    first = ask(service).result
    assert ask(service).result == first
    assert len(asked) == 1
    clock[0] += timedelta(days=1)
    ask(service)
    assert len(asked) == 2
