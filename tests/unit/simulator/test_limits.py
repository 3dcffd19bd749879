"""The documented calls per second, counted exactly."""

import pytest

from resources.simulator.limits import Limiter
from resources.simulator.refusals import Refused


def test_calls_of_one_action_are_counted_within_any_second():
    now = [0.0]
    limiter = Limiter(timer=lambda: now[0])
    for at in (0.0, 0.5):
        now[0] = at
        limiter.admit("A", 2)
    with pytest.raises(Refused, match="the limit is 2 per second"):
        limiter.admit("A", 2)
    limiter.admit("B", 2)
    now[0] = 1.0
    limiter.admit("A", 2)
    with pytest.raises(Refused):
        limiter.admit("A", 2)
