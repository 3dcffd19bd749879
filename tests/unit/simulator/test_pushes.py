"""Push sessions of one domain over two weeks."""

from itertools import groupby, pairwise

from resources.simulator import Account
from resources.simulator.pushes import BROKEN, DAY_S, ENDED, Pushes, day_of, day_start
from resources.simulator.roster import spaces_of

(SPACE,) = spaces_of(Account(domains=1, streams_per_domain=8, deleted=0))
START = day_start(20_000)
FOUND = Pushes().between(SPACE, START, START + 14 * DAY_S)


def test_a_day_begins_at_midnight_in_shanghai():
    assert day_start(0) == -8 * 3600
    assert [day_of(START - 1), day_of(START), day_of(START + DAY_S)] == [19_999, 20_000, 20_001]


def test_pushes_of_a_stream_come_one_after_the_other():
    for _, pushes in groupby(FOUND, lambda push: push.stream):
        assert all(one.end < other.start for one, other in pairwise(pushes))
    assert all(push.start < push.end for push in FOUND)
    assert len({push.id for push in FOUND}) == len(FOUND)


def test_whatever_was_asked_before_a_window_holds_the_same_pushes():
    asked = Pushes()
    for first in (9, 3, 0, 3):
        window = (START + first * DAY_S, START + (first + 1) * DAY_S)
        expected = [p for p in FOUND if p.start < window[1] and p.end > window[0]]
        assert asked.between(SPACE, *window) == expected


def test_a_push_ends_on_purpose_or_breaks():
    assert {push.reason for push in FOUND} <= {*ENDED, *BROKEN}
    alive = [push for push in FOUND if SPACE.streams[push.stream].round_the_clock]
    assert alive
    assert {push.reason for push in alive} <= {*BROKEN}
