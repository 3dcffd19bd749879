"""Codes of refusals that a finding may show."""

import pytest

from pipelines.probe.calls import Failure, Reply
from pipelines.probe.codes import WORDS, code_of, refusal


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("InvalidParam", "InvalidParam"),
        ("InvalidParam.BindError", "InvalidParam.BindError"),
        ("InvalidParam.pull-1.sim.example", "InvalidParam.*"),
        ("Pull.Sim.Example", "an unknown code"),
        (None, "no code"),
    ],
)
def test_only_known_codes_are_shown(code, shown):
    assert code_of(Failure("refused", code)) == shown
    assert shown in WORDS


def test_an_unknown_code_of_the_right_form_is_on_the_screen_only():
    reply = Reply("A", {}, failure=Failure("refused", "SpanTooLong", 400))
    found = refusal("too long", reply)
    assert (found.details["code"], found.note) == ("an unknown code", "SpanTooLong")
    reply = Reply("A", {}, failure=Failure("refused", "pull-1.sim.example", 400))
    assert refusal("too long", reply).note == ""


def test_a_failure_that_is_no_refusal_tells_nothing():
    assert refusal("end", Reply("A", {}, failure=Failure("timed out"))).answer == "open"
