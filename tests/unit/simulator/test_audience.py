"""Viewers and traffic of whole days, in whole numbers."""

import numpy as np

from resources.simulator import Account
from resources.simulator.audience import DAILY_CURVE, MINUTES, Audience
from resources.simulator.pushes import Pushes
from resources.simulator.roster import spaces_of

(SPACE,) = spaces_of(Account(domains=1, streams_per_domain=6, deleted=0))
DAY = Audience(Pushes()).day(SPACE, 20_000)


def test_all_quantities_are_whole_numbers_of_each_stream_and_minute():
    for name, values in DAY.items():
        assert values.shape == (6, MINUTES), name
        assert values.dtype == np.int64
        assert values.min() >= 0


def test_nobody_watches_what_is_not_live():
    off = DAY["live"] == 0
    assert off.any()
    for name in ("online", "down_kbps", "requests", "push_kbps", "origin_kbps"):
        assert not DAY[name][off].any(), name


def test_pushes_begin_while_their_stream_is_live():
    assert DAY["pushes_begun"].sum() > 0
    assert (DAY["live"][DAY["pushes_begun"] > 0] == 1).all()


def test_the_evening_is_busiest():
    assert 20 <= DAILY_CURVE.argmax() / 60 <= 22
    assert DAILY_CURVE.max() == 1.0


def test_a_day_is_the_same_whenever_and_in_whatever_order_it_is_asked_for():
    other = Audience(Pushes())
    for day in (20_003, 19_990):
        other.day(SPACE, day)
    again = other.day(SPACE, 20_000)
    assert all((again[name] == values).all() for name, values in DAY.items())
    assert other.day(SPACE, 20_000) is again


def test_a_larger_audience_has_more_viewers_of_the_same_pushes():
    (busy,) = spaces_of(Account(domains=1, streams_per_domain=6, deleted=0, audience=3.0))
    more = Audience(Pushes()).day(busy, 20_000)
    assert (more["live"] == DAY["live"]).all()
    assert more["online"].sum() > 2 * DAY["online"].sum()
