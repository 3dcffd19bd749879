"""The vendor's clock, by the header Date of its answers.

A clock that is wrong by more than a quarter of an hour is refused by the vendor; one that is ahead by less
makes days look complete at the vendor before they are.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

log = logging.getLogger("livestats.api")

MOST = timedelta(minutes=15)
"""The vendor refuses signatures that are further off: then Date is not by the clock that checks them."""

_RESOLUTION = timedelta(seconds=1)
_TOLD = timedelta(seconds=60)


def http_time(header: str | None) -> datetime | None:
    """The time of a header such as Date, cut to seconds; None if there is none."""
    try:
        found = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError):  # an offset of more digits than C counts
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def lead(sent_at: datetime, header: str | None) -> timedelta:
    """How far a clock that showed `sent_at` before a request is ahead, at least; zero if it is not."""
    answered_at = http_time(header)
    if answered_at is None:
        return timedelta()
    found = sent_at - answered_at - _RESOLUTION
    return found if timedelta() < found <= MOST else timedelta()


class ServerClock:
    """How far this machine's clock is ahead of that of the server, by its newest answer."""

    def __init__(self) -> None:
        self.lead = timedelta()

    def note(self, sent_at: datetime, header: str | None) -> None:
        """Take note of an answer to a request that was sent at `sent_at`.

        One without a Date says nothing about the clock: what an earlier one said stands.
        """
        if http_time(header) is None:
            return
        before, self.lead = self.lead, lead(sent_at, header)
        if before < _TOLD <= self.lead:
            log.warning(
                "The clock of this machine is %.0f s ahead of the vendor's. Days are captured when they "
                "are complete there. Correct it: `timedatectl` shows whether it is synchronised.",
                self.lead.total_seconds(),
            )
