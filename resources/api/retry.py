"""Whether a failed call is retried, and after how long.

The waits of calls that were not refused are in `rate_limiter`. Next: `client`, which retries.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from resources.api.errors import TryLater


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long to retry; throttling passes by itself, so it gets more attempts.

    The wait before another attempt is drawn from 0 up to a ceiling that doubles each time
    ("full jitter": callers that failed together do not come back together), but is never shorter
    than the Retry-After of the answer.
    """

    fault_attempts: int = 6
    silent_attempts: int = 3  # that end without an answer in time: each has taken a minute or so
    throttled_attempts: int = 20
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    total_s: float = 900.0  # from the first attempt to the start of the last
    unreached_s: float = 0.0  # attempts that reach no server go on for so long, however many

    def wait_s(self, error: TryLater, *, nth: int, elapsed_s: float, chance: float) -> float | None:
        """Seconds to wait after the `nth` failure of this kind (from 1), None to give up.

        `elapsed_s` counts from the first attempt; `chance` is a random number in [0, 1).
        """
        most = self.throttled_attempts if error.throttled else self.fault_attempts
        if error.timed_out and error.no_answer:
            most = min(most, self.silent_attempts)
        ceiling = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(nth - 1, 64))
        wait = max(chance * ceiling, error.retry_after_s or 0.0)
        if error.no_answer and error.http_status is None and elapsed_s < self.unreached_s:
            return min(wait, self.unreached_s - elapsed_s)
        return wait if nth < most and elapsed_s + wait <= self.total_s else None


# Longer than the breaker needs: an outage that it does not end costs no day.
DEFAULT_RETRIES = RetryPolicy(unreached_s=30.0)


def read_retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from `now` that a Retry-After header asks to wait; None if it says nothing usable.

    The header is a number of seconds or an HTTP date; one in the past is no wait.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
