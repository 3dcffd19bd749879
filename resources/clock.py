"""What time livestats takes it to be.

Retention, settling and re-reading are decided by this clock, which drills and demonstrations can
move with LIVESTATS_NOW; requests are signed with the machine's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

VARIABLE = "LIVESTATS_NOW"

Clock = Callable[[], datetime]


def clock(environ: Mapping[str, str]) -> Clock:
    """The clock that `environ` asks for: the machine's, or one set to start at LIVESTATS_NOW.

    A clock that is set goes on from there at normal speed.

    Raises ValueError if LIVESTATS_NOW is no time with an offset.
    """
    asked = environ.get(VARIABLE)
    if not asked:
        return lambda: datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{VARIABLE}={asked!r} is no time with an offset. Write it like "
            "2026-11-22T08:00:00+08:00, or unset it."
        )
    if not 2000 <= moment.year < 3000:
        raise ValueError(f"{VARIABLE}={asked!r} is too far away: the years 2000 to 2999 are known.")
    ahead: timedelta = moment - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead
