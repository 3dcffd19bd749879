"""What ends a run: a key that a second action refuses too, and a network that answers nothing."""

import io
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests
import urllib3

from resources.api.client import Client
from resources.api.credentials import Credentials
from resources.api.errors import (
    FixAction,
    FixRequest,
    FixSetup,
    NetworkDown,
    ServiceDown,
    TryLater,
)
from resources.api.hosts import Host
from resources.api.rate_limiter import RateLimiter
from resources.api.retry import RetryPolicy
from resources.api.transport import Transport

ISP, LIST, ACTION = "DescribeLiveISPData", "ListDomainDetail", "DescribeLiveEdgeStatData"
NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
OLD = Credentials("AKOLD", "the-secret-of-the-old-key", "the/session+token-of-the-old-key=")
NEW = Credentials("AKNEW", "the-secret-of-the-new-key", "the/session+token-of-the-new-key=")
REFUSED = TryLater("no answer (ConnectionRefusedError)", "Check it.", no_answer=True)
GOOD = (200, b'{"Result": {}}')
PAGE = (403, b"<html>no</html>")


def refusal(code, status=401, message=""):
    error = {"Code": code, "Message": message}
    return status, json.dumps({"ResponseMetadata": {"RequestId": "r", "Error": error}}).encode()


class World:
    """A client without a network; time passes while it sleeps and while it waits for an answer."""

    def __init__(self, directory):
        self.passed_s = 0.0
        self.takes_s = 0.0  # each attempt
        self.asked = []  # action and access key of each request
        self.answers = {}  # action -> what comes: an answer, an error, or a function of the key
        self.limiter = RateLimiter(
            directory, "acc", lambda _: None, clock=lambda: self.passed_s, sleep=self.sleep
        )

    def sleep(self, seconds):
        self.passed_s += seconds

    def post(self, query, headers):
        action = query["Action"]
        key = OLD if "AKOLD" in headers["Authorization"] else NEW
        self.asked.append((action, key.access_key))
        self.passed_s += self.takes_s
        found = self.answers.get(action, self.answers.get("*", GOOD))
        found = found(key) if callable(found) else found
        if isinstance(found, Exception):
            raise type(found)(**vars(found))
        status, body = found
        response = requests.Response()
        response.status_code = status
        response.raw = urllib3.HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
        return response

    def client(self, **changes):
        settings = {
            "clock": lambda: NOW,
            "monotonic": lambda: self.passed_s,
            "sleep": self.sleep,
            "chance": lambda: 1.0,
        }
        return Client(OLD, self.limiter, Host("https://api.example.com"), **settings | changes)

    @property
    def actions(self):
        return [action for action, _ in self.asked]


@pytest.fixture
def world(tmp_path, monkeypatch):
    found = World(tmp_path)
    monkeypatch.setattr(Transport, "post", lambda _, query, __, headers: found.post(query, headers))
    return found


# A second action ---------------------------------------------------------------------------------

OF_THE_KEY = [
    "SignatureDoesNotMatch",
    "InvalidAccessKey",
    "InvalidSecretToken",
    "InvalidCredential",
    "InvalidTimestamp",
    "MissingSignature",
    "AccountOverdueError",
]


@pytest.mark.parametrize("code", OF_THE_KEY)
def test_a_key_that_one_action_alone_refuses_fails_that_action(world, code):
    world.answers[ACTION] = refusal(code)
    client = world.client()
    with pytest.raises(
        FixAction, match=rf"{ACTION}: refused with {code} .*{ISP} is answered"
    ) as caught:
        client.call(ACTION, {})
    assert (caught.value.code, caught.value.http_status) == (code, 401)
    assert client.call(LIST, {}).http_status == 200


@pytest.mark.parametrize("code", OF_THE_KEY)
def test_a_key_that_a_second_action_refuses_as_well_ends_the_run(world, code):
    world.answers["*"] = refusal(code)
    with pytest.raises(FixSetup, match=rf"^{ACTION}: refused with {code}"):
        world.client().call(ACTION, {})
    assert world.actions[-1] == ISP


@pytest.mark.parametrize(
    "answer", [PAGE, (404, b""), (302, b""), refusal("SomethingNew", 403), refusal("Odd", 404)]
)
def test_any_other_refusal_ends_nothing_and_asks_nothing_else(world, answer):
    world.answers["*"] = answer
    with pytest.raises(FixRequest):
        world.client().call(ACTION, {})
    assert world.actions == [ACTION]


def test_what_was_found_is_not_asked_again_for_a_while(world):
    world.answers[ACTION] = refusal("SignatureDoesNotMatch")
    client = world.client()
    for passed_s, witnesses in ((0, 1), (30, 1), (31, 2)):
        world.passed_s += passed_s
        with pytest.raises(FixAction):
            client.call(ACTION, {})
        assert world.actions.count(ISP) == witnesses


def test_a_success_while_the_refused_call_was_under_way_proves_nothing(world):
    """The key was revoked after it."""
    client = world.client()

    def revoked_after_another_call(_):
        world.passed_s += 1
        client.call(LIST, {})
        world.passed_s += 1
        world.answers["*"] = refusal("SignatureDoesNotMatch")
        return refusal("SignatureDoesNotMatch")

    world.answers[ACTION] = revoked_after_another_call
    with pytest.raises(FixSetup):
        client.call(ACTION, {})


def test_threads_that_are_refused_together_ask_one_question(world):
    world.answers["*"] = refusal("SignatureDoesNotMatch")
    client = world.client()

    def call(nth):
        with pytest.raises(FixSetup):
            client.call(f"{ACTION}{nth}", {})

    with ThreadPoolExecutor(8) as pool:
        assert len([*pool.map(call, range(8))]) == 8
    assert world.actions.count(ISP) == 1


# A dead network ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "takes_s", "most_s"),
    [
        (REFUSED, 0.0, 21),
        (REFUSED, 5.0, 45),
        ((502, b"<html>Bad Gateway</html>"), 0.0, 21),
        ((200, b"<html>Log in to the network</html>"), 0.0, 21),
        ((200, b"{}"), 0.0, 21),
        ((200, b""), 0.0, 21),
        ((200, b'{"code": 0, "data": null}'), 0.0, 21),
    ],
    ids=[
        "refused",
        "silence",
        "a gateway without an API",
        "a login page",
        "an empty object",
        "an empty answer",
        "another API",
    ],
)
def test_a_server_that_is_gone_ends_the_run_with_one_sentence(
    world, caplog, answer, takes_s, most_s
):
    world.answers["*"], world.takes_s = answer, takes_s
    client = world.client()
    with pytest.raises(
        NetworkDown, match=r"api\.example\.com for [23]\d s: \d attempts.*Check the net"
    ):
        client.call(ACTION, {})
    assert world.passed_s <= most_s
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    asked = len(world.asked)
    for _ in range(100):
        with pytest.raises(NetworkDown):
            client.call(LIST, {})
    assert len(world.asked) == asked, "nothing is asked of a dead network"


def test_all_threads_are_told(world):
    world.answers["*"] = REFUSED
    client = world.client()

    def call(nth):
        with pytest.raises(NetworkDown):
            client.call(f"{ACTION}{nth % 4}", {})

    with ThreadPoolExecutor(16) as pool:
        assert len([*pool.map(call, range(64))]) == 64
    assert world.actions.count(ISP) == 1
    assert len(world.asked) < 64


@pytest.mark.parametrize("outage_s", [1, 5, 15, 19])
def test_an_outage_of_seconds_is_survived(world, caplog, outage_s):
    world.answers["*"] = lambda _: REFUSED if world.passed_s < outage_s else GOOD
    assert world.client().call(ACTION, {}).attempts > 1
    assert len(caplog.records) <= 2


def test_one_action_without_an_answer_ends_nothing(world):
    """A gateway in front of the API fails one action for ever; others are answered."""
    world.answers[ACTION] = world.answers[ISP] = (502, b"")
    client = world.client()
    with pytest.raises(TryLater, match="gave up at attempt"):
        client.call(ACTION, {})
    assert client.call("DescribeLiveTopPlayData", {}).http_status == 200


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b'{"ResponseMetadata": {"RequestId": "r"}}'], ids=str
)
def test_one_action_that_is_answered_by_something_else_ends_nothing(world, body):
    world.answers[ACTION] = (200, body)
    client = world.client()
    for _ in range(9):
        with pytest.raises(TryLater, match="gave up at attempt"):
            client.call(ACTION, {})
    assert world.passed_s > 60
    assert client.call(LIST, {}).http_status == 200


def test_failures_between_successes_never_add_up(world):
    client = world.client(retries=RetryPolicy(fault_attempts=1))
    for nth in range(20):
        world.passed_s += 10
        world.answers["*"] = REFUSED if nth % 2 else GOOD
        try:
            client.call(ACTION, {})
        except TryLater:
            continue
    assert ISP not in world.actions


def test_a_dead_network_is_looked_at_again_later(world):
    world.answers["*"] = REFUSED
    client = world.client()
    with pytest.raises(NetworkDown):
        client.call(ACTION, {})
    world.answers["*"] = GOOD
    world.passed_s += 31
    assert client.call(ACTION, {}).http_status == 200


# A service that fails -----------------------------------------------------------------------------

FAULT = refusal("InternalError", 500)
THROTTLED = refusal("FlowLimitExceeded", 429)


def calls_until_the_end(client, actions, most=400):
    """The error that ends a run in which each action is called again and again, like its days."""
    for nth in range(most):
        try:
            client.call(actions[nth % len(actions)], {})
        except TryLater:
            continue
        except FixSetup as error:
            return error
    raise AssertionError("the run goes on")


@pytest.mark.parametrize(
    ("answer", "most_s", "says"),
    [
        (FAULT, 100, "InternalError.*Nothing needs fixing"),
        (refusal("InternalError", 200), 100, "InternalError.*Nothing needs fixing"),
        (refusal("ServiceUnavailableTemp", 503), 100, "ServiceUnavailableTemp"),
        (refusal("InternalServiceTimeout", 500), 100, "InternalServiceTimeout"),
        ((200, b'{"ResponseMetadata": {"RequestId": "r"}}'), 100, "neither a Result"),
        (THROTTLED, 400, "FlowLimitExceeded.*calls per second"),
        ((429, b"<html>slow down</html>"), 400, "429.*calls per second"),
    ],
)
def test_a_service_that_fails_all_actions_ends_the_run_with_one_sentence(
    world, caplog, answer, most_s, says
):
    world.answers["*"] = answer
    client = world.client()
    error = calls_until_the_end(client, [LIST, ACTION, ISP])
    assert type(error) is ServiceDown
    assert re.match(rf"api\.example\.com answered no question for \d+ s: .*{says}", str(error))
    assert world.passed_s <= most_s
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    asked = len(world.asked)
    with pytest.raises(ServiceDown):
        client.call(LIST, {})
    assert len(world.asked) == asked, "nothing is asked of a dead service"


@pytest.mark.parametrize("answer", [FAULT, THROTTLED], ids=["faults", "throttled"])
def test_one_action_that_fails_ends_nothing_however_long(world, answer):
    world.answers[ACTION] = answer
    client = world.client()
    for _ in range(9):
        with pytest.raises(TryLater, match="gave up at attempt"):
            client.call(ACTION, {})
    assert world.passed_s > 240
    assert client.call(LIST, {}).http_status == 200


@pytest.mark.parametrize(("answer", "outage_s"), [(FAULT, 55), (THROTTLED, 290)])
def test_a_service_that_fails_for_a_while_is_waited_for(world, answer, outage_s):
    world.answers["*"] = lambda _: answer if world.passed_s < outage_s else GOOD
    client = world.client(retries=RetryPolicy(fault_attempts=99, throttled_attempts=99))
    assert client.call(ACTION, {}).attempts > 1


def test_a_fault_now_and_then_among_throttled_calls_is_no_end_before_its_time(world):
    answers = [THROTTLED, THROTTLED, THROTTLED, FAULT]
    world.answers["*"] = lambda _: answers[len(world.asked) % 4]
    assert type(calls_until_the_end(world.client(), [ACTION, LIST])) is ServiceDown
    assert 60 <= world.passed_s <= 500


def test_a_server_that_wants_a_rest_longer_than_a_run_waits_is_not_asked_for_each_day(world):
    world.answers["*"] = TryLater("rest", throttled=True, retry_after_s=3600.0)
    error = calls_until_the_end(world.client(), [LIST, ACTION])
    assert "asked to wait 3600 s" in str(error)
    assert len(world.asked) < 20


def test_a_service_that_failed_is_looked_at_again_later(world):
    world.answers["*"] = FAULT
    client = world.client()
    calls_until_the_end(client, [ACTION])
    world.answers["*"] = GOOD
    world.passed_s += 31
    assert client.call(ACTION, {}).http_status == 200


# A key that is replaced --------------------------------------------------------------------------


def of_new_key_only(code):
    return lambda key: GOOD if key is NEW else refusal(code)


@pytest.mark.parametrize(
    "code", ["InvalidSecretToken", "InvalidAccessKey", "SignatureDoesNotMatch"]
)
def test_a_key_that_was_replaced_is_read_again_and_the_call_is_signed_again(world, code):
    world.answers["*"] = of_new_key_only(code)
    reads = []
    client = world.client(reread=lambda: reads.append(1) or NEW)
    assert client.call(ACTION, {}).attempts == 2
    assert client.call(LIST, {}).attempts == 1
    assert (world.asked, len(reads)) == (
        [(ACTION, "AKOLD"), (ACTION, "AKNEW"), (LIST, "AKNEW")],
        1,
    )


@pytest.mark.parametrize("found", [OLD, None], ids=["the same", "cannot be read"])
def test_a_refused_key_that_was_not_replaced_ends_the_run(world, found):
    world.answers["*"] = of_new_key_only("InvalidSecretToken")
    with pytest.raises(FixSetup, match="Renew the temporary credentials"):
        world.client(reread=lambda: found).call(ACTION, {})
    assert {key for _, key in world.asked} == {"AKOLD"}


def test_a_key_of_another_account_is_the_callers_error(world):
    world.answers["*"] = of_new_key_only("InvalidSecretToken")

    def of_another_account():
        raise FixSetup("this key is of another account")

    with pytest.raises(FixSetup, match="of another account"):
        world.client(reread=of_another_account).call(ACTION, {})


def test_threads_read_a_replaced_key_once(world):
    world.answers["*"] = of_new_key_only("InvalidSecretToken")
    reads = []
    client = world.client(reread=lambda: reads.append(1) or NEW)
    with ThreadPoolExecutor(8) as pool:
        assert {r.http_status for r in pool.map(lambda _: client.call(ACTION, {}), range(8))} == {
            200
        }
    assert len(reads) == 1


def spelt(text):
    yield text
    yield text.replace("/", r"\/")
    yield "".join(f"\\u{ord(char):04x}" for char in text)
    yield "".join(f"%{ord(char):02X}" for char in text)


@pytest.mark.parametrize("key", [OLD, NEW], ids=["old", "new"])
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("nth", range(4), ids=["plain", "slashes", "all JSON", "URL"])
def test_no_key_ever_used_is_repeated_however_it_is_escaped(world, caplog, key, status, nth):
    world.answers["*"] = of_new_key_only("InvalidSecretToken")
    client = world.client(reread=lambda: NEW, retries=RetryPolicy(fault_attempts=2))
    client.call(ACTION, {})
    shown = [*spelt(key.session_token)][nth]
    body = '{"ResponseMetadata": {"Error": {"Code": "Odd", "Message": "' + shown + '"}}}'
    world.answers["*"] = (status, body.encode())
    with pytest.raises((TryLater, FixRequest)) as caught:
        client.call(ACTION, {})
    told = str(caught.value) + repr(vars(caught.value)) + caplog.text
    assert "***" in told
    assert key.session_token not in told
    assert shown not in told
