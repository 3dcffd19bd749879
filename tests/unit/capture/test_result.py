"""Outcomes of a day in one run, and their messages."""

import pytest

from resources.api.errors import ApiError
from resources.capture.result import Outcome, reason_incomplete


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_proven_capture_is_complete(outcome):
    assert outcome.is_complete is (outcome.value in ("captured", "unchanged", "kept"))


def test_of_many_items_the_first_are_named_with_the_reason():
    assert reason_incomplete(["a"], None) == "incomplete, without an answer for a"
    found = reason_incomplete(["a", "b", "c", "d", "e"], ApiError("refused"))
    assert found == "incomplete, without an answer for a, b, c and 2 more: refused"
    assert "\x1b" not in reason_incomplete(["\x1b[2J"], None)
