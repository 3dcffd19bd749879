"""When a derived day is behind what it was made of: by times, which erasures leave as they are."""

from datetime import UTC, datetime, timedelta

import pytest

from resources.ledger.derived_days import is_outdated
from resources.ledger.raw_day import RawDayFacts
from resources.raw.captures import CaptureName

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def day(*hours, seen=None, derived_from="edge_stat"):
    """Facts of a day with a capture at each of these hours."""
    names = tuple(
        CaptureName(f"20261120T{12 + hour:02}0000000000Z-1-0123456789abcdef") for hour in hours
    )
    last = max(filter(None, (*hours, seen)), default=None) if seen else (hours or (None,))[-1]
    last_seen = None if last is None else AT + timedelta(hours=last)
    return RawDayFacts(captures=names, last_seen=last_seen, derived_from=derived_from)


@pytest.mark.parametrize(
    ("own", "source", "is_behind"),
    [
        (day(1), day(1), False),
        (day(1), day(1, 2), True),
        (day(1), day(2), True),  # the earlier one was taken away
        (day(1), day(), False),  # nothing to follow
        (day(1, seen=3), day(1, 2), False),  # the API said so after that
        (day(1, derived_from=""), day(1, 2), False),  # it was asked
    ],
)
def test_a_day_is_behind_a_later_capture_of_its_source(own, source, is_behind):
    assert is_outdated(own, source) is is_behind
