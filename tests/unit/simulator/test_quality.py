"""Samples of a push, folded into the slots of an answer."""

from dataclasses import replace

import numpy as np
import pytest

from resources.simulator import Account
from resources.simulator.pushes import DAY_S, Pushes, day_start
from resources.simulator.quality import SAMPLE_S, Samples, concatenate, samples
from resources.simulator.roster import spaces_of

(SPACE,) = spaces_of(Account(domains=1, streams_per_domain=1, deleted=0))
START = day_start(20_000)
PUSH = Pushes().between(SPACE, START, START + DAY_S)[0]
STREAM = SPACE.streams[0]
BEGIN = max(PUSH.start, START)


def taken(start=BEGIN, end=BEGIN + 600, stream=STREAM):
    return samples(stream, PUSH, start, end, at_origin=False)


def test_samples_lie_inside_of_window_and_push():
    found = taken(PUSH.start - 1000, PUSH.start + 601)
    assert found.at[0] >= PUSH.start
    assert found.at[-1] < PUSH.start + 601
    assert (np.diff(found.at) == SAMPLE_S).all()
    assert not len(taken(PUSH.end, PUSH.end + 600).at)


def test_a_window_cut_in_two_has_the_same_samples():
    whole = taken()
    parts = concatenate([taken(end=BEGIN + 123), taken(start=BEGIN + 123)])
    assert (parts.at == whole.at).all()
    assert all((parts.fields[name] == values).all() for name, values in whole.fields.items())


def test_a_slot_has_the_maximum_the_average_or_the_last_of_its_samples():
    at = np.array([0, 5, 10, 30, 35])
    values = np.array([1.0, 4.0, 1.0, 2.0, 3.0])
    found = Samples(at, {"Bitrate": values, "VideoPts": values})
    slots, folded = found.fold(30, "max")
    assert slots.tolist() == [0, 30]
    assert folded["Bitrate"].tolist() == [4.0, 3.0]
    assert folded["VideoPts"].tolist() == [1.0, 3.0]
    assert found.fold(30, "avg")[1]["Bitrate"].tolist() == [2.0, 2.5]
    assert found.fold(3600, "max")[0].tolist() == [0]


def test_no_samples_are_no_slots():
    slots, folded = taken(PUSH.end, PUSH.end + 600).fold(30, "max")
    assert len(slots) == 0
    assert all(len(values) == 0 for values in folded.values())


@pytest.mark.parametrize(
    ("trouble", "field"), [("stalls", "Framerate"), ("dips", "Bitrate"), ("drift", "PtsDelta")]
)
def test_a_troubled_stream_shows_it(trouble, field):
    end = min(PUSH.end, BEGIN + DAY_S)
    usual, odd = (
        taken(end=end, stream=replace(STREAM, trouble=kind)).fields[field] for kind in ("", trouble)
    )
    if trouble == "drift":
        assert odd.max() > 10 * usual.max()
    else:
        assert odd.min() < 0.6 * usual.min()


def test_an_origin_sees_the_stream_a_little_differently():
    edge, origin = (samples(STREAM, PUSH, BEGIN, BEGIN + 600, at_origin=o) for o in (False, True))
    assert (edge.at == origin.at).all()
    assert (edge.fields["Bitrate"] != origin.fields["Bitrate"]).any()
