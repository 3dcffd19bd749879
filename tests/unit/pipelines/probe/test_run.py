"""A whole probe: calls, what each switch of the simulator is called, and a simulator like it."""

import pytest

from pipelines.probe.calls import MOST_CALLS
from resources.api.errors import ApiError
from resources.simulator import AnswerOptions
from tests.support.probes import answers, probed, probed_like
from tests.support.suites import slow

EDGE, TOP = "DescribeLiveEdgeStatData", "DescribeLiveTopPlayData"

ALL_OTHER = AnswerOptions(
    end="inclusive", offset="Z", zeros="omit", empty="null", push_match="start"
)
OPTIONS = [
    (AnswerOptions(end="inclusive"), "end", "inclusive"),
    (AnswerOptions(offset="Z"), "offset", "Z"),
    (AnswerOptions(zeros="omit"), "zeros", "left out"),
    (AnswerOptions(empty="null"), "empty list", "null"),
    (AnswerOptions(empty="absent"), "empty list", "missing"),
    (AnswerOptions(push_match="start"), "pushes", "start"),
    (AnswerOptions(push_match="end"), "pushes", "end"),
]

MANNERS = [
    ("refuse-domain=pull-1.sim.example", "domain refused", "some"),
    ("refuse-domain=pull-3.sim.example", "all domains", "refused"),
    ("refuse-stream=room", "stream refused", "some"),
    (f"refuse-action={TOP}@code=OperationDenied.ServiceNotOpen", "action", "denied"),
    (f"refuse-action={TOP}@body=html", "action", "refused"),
    (f"deny-key={TOP}@code=InvalidAccessKey", "action", "denied"),
    ("list-limit=20", "list limit", "few"),
    ("list-limit=1@parameter=DomainList", "list limit", "few"),
    (f"false-empty={EDGE}", "false empty", "nothing"),
    (f"false-empty={EDGE}@how=zeros", "false empty", "zeros"),
    ("other-width=3600@echo=answered", "width", "other"),
    ("other-width=3600@echo=asked", "width", "other"),
    (f"other-window=1@action={EDGE}", "window", "elsewhere"),
    ("other-window=1@echo=answered", "window", "elsewhere"),
    ("other-echo=DomainList", "echo", "shorter"),
    ("other-echo=DomainList@how=add", "echo", "longer"),
    ("other-echo=DomainList@how=turn", "echo", "turned"),
    ("skip-domain=pull-2.sim.example@echo=asked", "items", "missing"),
    ("skip-domain=pull-2.sim.example@echo=answered", "items", "missing"),
    ("missing-slots", "last slots", "missing"),
    (f"missing-slots=12@action={EDGE}", "last slots", "there"),  # of the last series that is told
    ("other-totals=2", "sums", "times"),
    ("quoted-numbers", "type", "quoted"),
    ("new-field=Quality", "new field", "some"),
    ("missing-field", "missing field", "some"),
    ("short-pages=2", "page size", "short"),
    ("short-pages=2@counts=given", "page size", "short"),
    ("moving-total", "total", "other"),
    ("doubled-key=2", "doubled", "other"),
    ("doubled-key@kind=equal", "doubled", "equal"),
    ("late-domains=pull-2.sim.example", "unlisted", "more"),
    ("late-domains=push-2.sim.example", "unlisted", "bound"),
    (
        "new-domains=pull-2.sim.example,push-2.sim.example@created=2026-11-20T10:00:00Z",
        "young domain",
        "data",
    ),
    ("name-case", "domains", "mixed case"),
    ("null-result", "null result", "null"),
    ("null-result=always", "null result", "always"),
    ("null-result=missing", "null result", "missing"),
    (f"huge-answer=6@action={TOP}", "large", "some"),
    ("echo", "quoted", "yes"),
    (f"html-200@action={TOP}", "action", "no JSON"),
]


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch):
    monkeypatch.setattr("resources.api.client.random.random", lambda: 0.0)


@pytest.mark.parametrize(
    ("options", "readings"),
    [
        (ALL_OTHER, {"end": "inclusive", "offset": "Z", "zeros": "left out", "empty list": "null",
                     "pushes": "start"}),
        slow(AnswerOptions(empty="absent", push_match="end"), {"empty list": "missing",
                                                               "pushes": "end"}),
    ],
)  # fmt: skip
def test_readings_that_the_documents_leave_open_are_named_side_by_side(tmp_path, options, readings):
    first = probed(tmp_path, options=options)
    found = answers(first)
    assert {topic: found[topic] for topic in readings} == readings
    assert probed_like(tmp_path, first).findings == first.findings


@pytest.mark.slow
@pytest.mark.parametrize(("options", "topic", "answer"), OPTIONS)
def test_every_reading_that_the_documents_leave_open_is_named(tmp_path, options, topic, answer):
    first = probed(tmp_path, options=options)
    assert answers(first)[topic] == answer
    assert probed_like(tmp_path, first).findings == first.findings


@pytest.mark.slow
@pytest.mark.parametrize(("manner", "topic", "answer"), MANNERS)
def test_every_manner_is_named_and_a_simulator_like_the_file_gives_the_same_table(
    tmp_path, manner, topic, answer
):
    first = probed(tmp_path, manners=[manner])
    assert answers(first)[topic] == answer
    assert probed_like(tmp_path, first).findings == first.findings


def test_a_well_mannered_api_takes_fewer_calls_than_there_are(tmp_path):
    found = probed(tmp_path)
    assert found.calls <= MOST_CALLS
    assert found.ended == ""
    assert answers(found)["allowed"] == "all"


@pytest.mark.slow
def test_actions_that_are_denied_or_not_offered_are_named(tmp_path):
    first = probed(tmp_path, denied=[TOP], withdrawn=["DescribeIpInfo"])
    found = {one.details["action"]: one.answer for one in first.findings if one.topic == "action"}
    assert found == {TOP: "denied", "DescribeIpInfo": "not offered"}
    assert probed_like(tmp_path, first).findings == first.findings


@pytest.mark.slow
def test_an_action_that_always_breaks_costs_itself_only(tmp_path):
    found = probed(tmp_path, manners=[f"cut@action={EDGE}"])
    assert found.calls <= MOST_CALLS
    assert answers(found)["action"] == "connection broken"
    assert answers(found)["stream refused"] == "none"


@pytest.mark.slow
@pytest.mark.parametrize("manner", ["token-expiry=new", "proxy-login", "redirect", "html-200"])
def test_a_probe_that_is_never_answered_says_why(tmp_path, manner):
    with pytest.raises(ApiError):
        probed(tmp_path, manners=[manner])


def test_a_key_that_is_refused_midway_ends_the_probe_and_keeps_what_is_known(tmp_path):
    found = probed(tmp_path, manners=["token-expiry=new@from-call=10"])
    assert "InvalidSecretToken" in found.ended or "refused" in found.ended
    assert answers(found)["end"] == "exclusive"
