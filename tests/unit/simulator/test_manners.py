"""Each manner shown by one call through the wire, and what limits it."""

from __future__ import annotations

import http.client
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from resources.api.credentials import Credentials
from resources.simulator import Account, Simulator
from resources.simulator.manners import REGISTRY, Answer, Manner, read, usage_lines
from tests.support.simulator_calls import ACTION, signed

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
DAY = {"StartTime": "2025-06-08T00:00:00+08:00", "EndTime": "2025-06-08T23:59:59+08:00"}
EDGE, PUSHES, LIST = (
    "DescribeLiveEdgeStatData",
    "DescribeLivePushStreamInfoData",
    "ListDomainDetail",
)
PULLS = ["pull-1.sim.example", "pull-2.sim.example"]
PAGE = {"PageNum": 1, "PageSize": 1000}
DOC = Path(__file__).resolve().parents[3] / "docs" / "simulator.md"


@pytest.fixture(scope="module")
def served():
    account = Account(domains=2, streams_per_domain=2, deleted=0, audience=0.1)
    with Simulator(account, rate=None, clock=lambda: NOW) as sim:
        yield sim


@pytest.fixture
def sim(served):
    yield served
    served.manners = []


def asked(sim, action=ACTION, **parameters):
    request = signed(sim, action=action, body=json.dumps(parameters).encode())
    return requests.request(**request, timeout=10, allow_redirects=False)


def result(sim, action, **parameters):
    answer = asked(sim, action, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["Result"]


def code(answer):
    return answer.status_code, answer.json()["ResponseMetadata"].get("Error", {}).get("Code")


def edge(sim, **more):
    return result(sim, EDGE, **{**DAY, "DomainList": PULLS, "Aggregation": 300, **more})


def listed(sim):
    return result(sim, LIST, **PAGE)["DomainList"]


METRICS = "DescribeLivePushStreamMetrics"
ONE_STREAM = {**DAY, "Domain": "push-1.sim.example", "App": "live", "Stream": "room-101"}


@pytest.mark.parametrize(
    ("manner", "action", "parameters", "status", "error"),
    [
        ("refuse-domain=PULL-2.sim.example", EDGE, {"DomainList": PULLS}, 403, "RequestForbidden"),
        ("refuse-domain=push-1.sim.example", METRICS, {}, 403, "RequestForbidden"),
        ("refuse-stream=m-101", METRICS, {}, 400, "InvalidParam"),
        (f"refuse-action={EDGE}", EDGE, {}, 403, "OperationDenied.ServiceNotOpen"),
        (f"refuse-action={EDGE}@status=418@code=New.Code", EDGE, {}, 418, "New.Code"),
        (f"deny-key={EDGE}", EDGE, {}, 403, "AccessDenied"),
        (f"deny-key={EDGE}@status=401@code=InvalidAccessKey", EDGE, {}, 401, "InvalidAccessKey"),
        ("list-limit=1", EDGE, {"DomainList": PULLS}, 400, "InvalidParam"),
        ("throttle-storm=7", EDGE, {}, 429, "FlowLimitExceeded"),
        ("token-expiry=new", EDGE, {}, 401, "InvalidSecretToken"),
    ],
)
def test_a_request_is_refused_and_others_are_not(sim, manner, action, parameters, status, error):
    sim.manners = [manner]
    full = {**(ONE_STREAM if action == METRICS else DAY), **parameters}
    answer = asked(sim, action, **full)
    assert code(answer) == (status, error)
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    if "storm" not in manner and "token" not in manner:
        assert code(asked(sim)) == (200, None)
        assert code(asked(sim, PUSHES, **DAY, DomainList=["push-2.sim.example"])) == (200, None)


@pytest.mark.parametrize(
    ("manner", "status", "header"),
    [
        ("proxy-login", 407, "Proxy-Authenticate"),
        ("redirect=307@to=http://127.0.0.1:9/x", 307, "Location"),
        ("html-200", 200, "Content-Type"),
        (f"refuse-action={ACTION}@status=403@body=html", 403, "Content-Type"),
    ],
)
def test_something_in_front_answers_with_a_page(sim, manner, status, header):
    sim.manners = [manner]
    answer = asked(sim)
    assert answer.status_code == status
    assert header in answer.headers
    assert answer.text.startswith("<html>")


def test_a_token_expires_and_the_new_one_is_accepted(sim):
    sim.manners = ["token-expiry=new@from-call=3"]
    assert [asked(sim).status_code for _ in range(3)] == [200, 200, 401]
    new = Credentials(sim.credentials.access_key, sim.credentials.secret_key, "new")
    assert requests.request(**signed(sim, credentials=new), timeout=10).status_code == 200


def test_an_action_answers_with_nothing_or_with_zeros(sim):
    whole = edge(sim)
    rows = next(name for name, value in whole.items() if isinstance(value, list) and value)
    sim.manners = [f"false-empty={EDGE}"]
    assert [v for v in edge(sim).values() if isinstance(v, list) and v not in (PULLS, [])] == []
    sim.manners = [f"false-empty={PUSHES}"]
    found = result(sim, PUSHES, **DAY, DomainList=["push-1.sim.example"])
    assert found["PushStreamInfoDataList"] == []
    assert int(found["Pagination"]["TotalCount"]) == 0
    sim.manners = [f"false-empty={EDGE}@how=zeros"]
    assert len(edge(sim)[rows]) == len(whole[rows])


def test_a_series_comes_in_another_width_with_either_echo(sim):
    assert (slots(edge(sim)), edge(sim)["Aggregation"]) == (288, 300)
    sim.manners = ["other-width=3600@asked=300"]
    assert (slots(edge(sim)), edge(sim)["Aggregation"]) == (24, 3600)
    sim.manners = ["other-width=3600@asked=300@echo=asked"]
    assert (slots(edge(sim)), edge(sim)["Aggregation"]) == (24, 300)


def stamps(found):
    rows = [found]
    while rows and "TimeStamp" not in rows[0]:
        rows = [r for row in rows for v in row.values() if isinstance(v, list) for r in v
                if isinstance(r, dict)]  # fmt: skip
    return [row["TimeStamp"] for row in rows]


def slots(found):
    return len(set(stamps(found)))


def test_an_answer_is_of_another_window(sim):
    sim.manners = ["other-window=1"]
    found = edge(sim)
    assert found["StartTime"] == DAY["StartTime"]
    assert {stamp[:10] for stamp in stamps(found)} == {"2025-06-07"}
    sim.manners = ["other-window=1@echo=answered"]
    assert edge(sim)["StartTime"].startswith("2025-06-07")


def test_an_echo_is_another(sim):
    for how, expected in [("drop", PULLS[:1]), ("add", [*PULLS, "other.example"])]:
        sim.manners = [f"other-echo=DomainList@how={how}"]
        assert edge(sim)["DomainList"] == expected
    sim.manners = ["other-echo=Aggregation"]
    assert edge(sim)["Aggregation"] == 301


def test_a_domain_of_the_list_is_left_out(sim):
    one = edge(sim, DomainList=PULLS[1:], DetailField=["Domain"])
    sim.manners = [f"skip-domain={PULLS[0]}"]
    found = edge(sim, DetailField=["Domain"])
    assert found["DomainList"] == PULLS
    assert stamps(found) == stamps(one)
    assert code(asked(sim, EDGE, **DAY, DomainList=PULLS[:1])) == (200, None)


def test_the_last_slots_are_missing(sim):
    whole = slots(edge(sim))
    sim.manners = ["missing-slots=12"]
    assert slots(edge(sim)) == whole - 12


def test_rows_have_quoted_new_or_missing_fields(sim):
    def rows():
        return result(sim, PUSHES, **DAY, DomainList=["push-1.sim.example"])[
            "PushStreamInfoDataList"
        ]

    whole = rows()
    assert len(whole) > 1
    sim.manners = ["quoted-numbers"]
    assert [row["Duration"] for row in rows()] == [str(row["Duration"]) for row in whole]
    sim.manners = ["new-field=Extra"]
    assert all(row == {**one, "Extra": 1} for row, one in zip(rows(), whole, strict=True))
    sim.manners = ["missing-field=Duration"]
    assert ["Duration" in row for row in rows()] == [False] + [True] * (len(whole) - 1)


def test_a_domain_is_listed_twice_and_a_push_as_well(sim):
    whole = len(listed(sim))
    sim.manners = ["doubled-key=1"]
    found = listed(sim)
    assert len(found) == whole + 1
    assert [d["Status"] for d in found if d["Domain"] == found[0]["Domain"]] == [0, 3]
    pushes = result(sim, PUSHES, **DAY)
    one, other = pushes["PushStreamInfoDataList"][:2]
    assert [one[f] for f in ("App", "Stream", "StartTime", "IP")] == [
        other[f] for f in ("App", "Stream", "StartTime", "IP")
    ]
    assert {one["StreamPriority"], other["StreamPriority"]} == {"", "backup"}
    assert int(pushes["Pagination"]["TotalCount"]) == len(pushes["PushStreamInfoDataList"])
    sim.manners = ["doubled-key=1@kind=equal"]
    assert listed(sim)[0] == listed(sim)[1]


def test_late_domains_are_listed_from_some_call_or_time_on(sim):
    sim.manners = [f"late-domains={PULLS[1]}@until-call=1"]
    first, second = ({d["Domain"] for d in listed(sim)} for _ in range(2))
    assert second - first == {PULLS[1]}
    for until, hidden in [("2025-06-10T12:01:00+08:00", 1), ("2025-06-10T12:00:00+08:00", 0)]:
        sim.manners = [f"late-domains={PULLS[1]}@until={until}"]
        assert len(second) - len(listed(sim)) == hidden
    sim.manners = [f"new-domains={PULLS[1]}@created=2025-06-08T10:00:00Z"]
    created = {d["Domain"]: d["CreateTime"] for d in listed(sim)}
    assert [d for d, at in created.items() if at == "2025-06-08T10:00:00Z"] == [PULLS[1]]


def test_carriers_are_listed_from_some_call_on(sim):
    sim.manners = ["late-carriers=3@until-call=1"]
    first, second = (result(sim, ACTION)["ISPList"] for _ in range(2))
    assert first == second[:3]
    assert len(second) > len(first)


def test_names_are_listed_in_mixed_case_and_answered_in_lower_case(sim):
    sim.manners = ["name-case"]
    assert "Pull-1.Sim.Example" in {d["Domain"] for d in listed(sim)}
    found = edge(sim, DomainList=["Pull-1.Sim.Example"])
    assert found["DomainList"] == [PULLS[0]]


def test_nothing_is_null(sim):
    sim.manners = ["null-result"]
    assert result(sim, EDGE, **DAY, DomainList=["push-1.sim.example"]) is not None
    empty = {**DAY, "DomainList": ["push-1.sim.example"], "StreamList": ["none"], "AppList": ["a"]}
    sim.manners = [f"false-empty={PUSHES}", "null-result"]
    del empty["StreamList"], empty["AppList"]
    assert result(sim, PUSHES, **empty) is None
    sim.manners = [f"false-empty={PUSHES}", "null-result=missing"]
    assert "Result" not in asked(sim, PUSHES, **empty).json()
    sim.manners = ["null-result=always"]
    assert result(sim, ACTION) is None


@pytest.mark.parametrize(
    ("counts", "lengths"), [("asked", [2, 0, 0]), ("given", [2, 2, 1])], ids=str
)
def test_pages_are_shorter_than_asked_for(sim, counts, lengths):
    total = len(listed(sim))
    assert total == 4
    sim.manners = ["doubled-key=1@action=ListDomainDetail", f"short-pages=2@counts={counts}"]
    pages = [result(sim, LIST, **{**PAGE, "PageNum": n}) for n in (1, 2, 3)]
    assert [len(page["DomainList"]) for page in pages] == lengths


def test_a_total_moves(sim):
    sim.manners = ["moving-total"]
    body = {**DAY, "DomainList": ["push-1.sim.example"]}
    totals = {result(sim, PUSHES, **body)["Pagination"]["TotalCount"] for _ in range(3)}
    assert len(totals) == 3


@pytest.mark.parametrize("manner", ["stall=0", "cut", "fault=reset", "fault=cut"])
def test_the_connection_ends_early(sim, manner):
    sim.manners = [manner]
    request = signed(sim)
    connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=10)
    target = "/?" + "&".join(f"{k}={v}" for k, v in request["params"].items())
    connection.request("POST", target, request["data"], request["headers"])
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize("manner", ["bad-gzip", "bad-gzip=cut"])
def test_gzip_that_is_none(sim, manner):
    sim.manners = [manner]
    try:
        content = asked(sim).content
    except requests.exceptions.ContentDecodingError:
        return
    with pytest.raises(ValueError, match=r"(?s)."):
        json.loads(content)


@pytest.mark.parametrize("packed", ["no", "yes"])
def test_a_huge_answer_is_right_all_the_same(sim, packed):
    sim.manners = [f"huge-answer=0.5@packed={packed}"]
    answer = asked(sim)
    assert len(answer.content) > 500_000
    assert (int(answer.headers["Content-Length"]) < 50_000) == (packed == "yes")
    assert answer.json()["Result"]["ISPList"]


def test_waiting_is_of_the_requests_that_are_named_only():
    manner = read("slow=3@domain=pull-1.sim.example")
    answer = manner.behind(None, Answer(EDGE))
    assert answer.delay_s == 3


def test_a_fault_of_one_action_with_odds(sim):
    sim.manners = [f"fault=internal@action={EDGE}@odds=0.5@seed=3"]
    drawn = [asked(sim, EDGE, **DAY, DomainList=PULLS).status_code for _ in range(12)]
    assert {*drawn} == {200, 500}
    assert asked(sim).status_code == 200
    sim.manners = [f"fault=internal@action={EDGE}@odds=0.5@seed=3"]
    assert [asked(sim, EDGE, **DAY, DomainList=PULLS).status_code for _ in range(12)] == drawn


def test_limits_are_calls_days_domains_and_streams(sim):
    sim.manners = [f"refuse-action={EDGE}@from-call=2@until-call=2"]
    assert [asked(sim, EDGE, **DAY).status_code for _ in range(3)] == [200, 403, 200]
    for limit, status in [
        ("days=2025-06-08", 403),
        ("days=2025-06-01..2025-06-07", 200),
        ("domain=pull-1.sim.example", 403),
        ("domain=other.example", 200),
        ("since=2025-06-10T12:00:00+08:00", 403),
        ("until=2025-06-10T12:00:00+08:00", 200),
    ]:
        sim.manners = [f"refuse-action={EDGE}@{limit}"]
        assert asked(sim, EDGE, **DAY, DomainList=PULLS).status_code == status, limit
    sim.manners = [f"refuse-action={METRICS}@stream=101"]
    assert asked(sim, METRICS, **ONE_STREAM).status_code == 403
    assert asked(sim, METRICS, **{**ONE_STREAM, "Stream": "room-102"}).status_code == 200


def test_a_test_can_bring_a_manner_of_its_own(sim):
    class Renamed(Manner):
        def behind(self, request, answer):
            return answer.with_result({**answer.result, "Seen": request.number})

    before = sim.calls[ACTION]
    sim.manners = [Renamed(until_call=1)]
    assert [result(sim, ACTION).get("Seen") for _ in range(2)] == [before + 1, None]


def test_refusals_are_counted_by_code_once(sim):
    sim.manners = [f"deny-key={ACTION}@code=Counted.Once", "slow=0"]
    asked(sim)
    assert sim.refused["Counted.Once"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("refuse-domian=a", "Did you mean refuse-domain"),
        ("refuse-domain", "needs a value"),
        ("proxy-login=3", "takes no value"),
        ("list-limit=many", "not a whole number"),
        ("list-limit=3@form-call=2", "Did you mean from-call"),
        ("list-limit=3@days=yesterday", "a day or two"),
        ("cut@action=DescribeLiveEdgeStat", "Did you mean DescribeLiveEdgeStatData"),
        ("deny-key=Edge", "There is no action Edge"),
        ("short-pages=3@counts=twice", "none of asked, given"),
        ("fault=trottle", "none of throttle"),
    ],
)
def test_what_is_wrong_with_a_text_is_said(text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


def test_every_manner_has_an_example_that_makes_it_and_stands_in_the_docs():
    rows = dict(re.findall(r"^\| `(.+)` \| (.+) \|$", DOC.read_text("utf-8"), re.M))
    for example, what in usage_lines():
        assert type(read(example)) is REGISTRY[re.split("[=@]", example)[0]]
        assert rows.get(example) == what
