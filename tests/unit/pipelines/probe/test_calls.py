"""Counted calls; failures as answers."""

import pytest

from pipelines.probe.calls import (
    MOST_CALLS,
    BudgetSpent,
    Caller,
    CountedLimiter,
    Failure,
    failure_of,
)
from resources.api.errors import FixAction, FixRequest, FixSetup, TryLater


def test_the_budget_ends(tmp_path):
    limiter = CountedLimiter(tmp_path, "account", lambda _: None)
    for _ in range(MOST_CALLS):
        limiter.acquire("A")
    with pytest.raises(BudgetSpent):
        limiter.acquire("A")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FixSetup("x"), "key refused"),
        (FixAction("x", code="AccessDenied"), "denied"),
        (FixAction("x", code="InvalidActionOrVersion"), "not offered"),
        (FixRequest("x", code="InvalidParam"), "refused"),
        (TryLater("x", throttled=True, code="FlowLimitExceeded"), "throttled"),
        (TryLater("x", code="InternalError", http_status=500), "server fault"),
        (TryLater("x", http_status=502), "page of a gateway"),
        (TryLater("x", timed_out=True), "timed out"),
        (TryLater("x"), "connection broken"),
    ],
)
def test_errors_become_kinds(error, kind):
    assert failure_of(error).kind == kind


class Refusing:
    """A client all of whose calls fail."""

    def __init__(self, error):
        self.error, self.calls = error, {}

    def call(self, *_):
        raise self.error


def test_a_refused_key_at_the_first_question_is_the_end():
    with pytest.raises(FixSetup):
        Caller(Refusing(FixSetup("x"))).ask("A", {})


def test_the_first_error_is_told_if_no_question_is_answered():
    caller = Caller(Refusing(FixRequest("x")))
    for number in range(3):
        assert caller.ask("A", {"n": number}).failure == Failure("refused")
    with pytest.raises(FixRequest):
        caller.ask("A", {"n": 3})


def test_a_spent_budget_ends_the_asking():
    caller = Caller(Refusing(BudgetSpent("spent")))
    assert caller.ask("A", {}).failure == Failure("not asked")
    assert str(caller.ended) == "spent"
