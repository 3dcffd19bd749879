"""Whether a failed call is retried, and after how long.

The waits of calls that were not refused are in `rate_limiter`. Next: `client`, which retries.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from resources.api.errors import TryLater
from resources.api.server_clock import http_time


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


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What time it is, how to wait, and chance. Tests replace them."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # for signatures
    monotonic: Callable[[], float] = time.monotonic  # seconds, for deadlines
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random  # in [0, 1)


class Failures:
    """The failed attempts of one call, which begins when this is made."""

    def __init__(self, policy: RetryPolicy, timing: Timing) -> None:
        self.slept_s = 0.0  # the caller adds its waits
        self._policy = policy
        self._timing = timing
        self._started_s = timing.monotonic()
        self._counts: Counter[bool] = Counter()  # by whether it was throttling

    @property
    def number(self) -> int:
        """How many there were."""
        return self._counts.total()

    def wait_s(self, error: TryLater, attempt: int) -> float:
        """Seconds to wait after `error`, which ended the `attempt`-th attempt (from 1).

        Raises `error` if there is to be no other attempt; it then says so.
        """
        self._counts[error.throttled] += 1
        # The longer of the two: a `sleep` of tests takes no time.
        elapsed_s = max(self._timing.monotonic() - self._started_s, self.slept_s)
        wait_s = self._policy.wait_s(
            error,
            nth=self._counts[error.throttled],
            elapsed_s=elapsed_s,
            chance=self._timing.chance(),
        )
        if wait_s is None:
            error.what += f"; gave up at attempt {attempt} after {elapsed_s:.0f} s"
            if error.retry_after_s is not None:
                error.what += f", asked to wait {error.retry_after_s:.0f} s more"
            raise error
        return wait_s


def read_retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from `now` that a Retry-After header asks to wait; None if it says nothing usable.

    The header is a number of seconds or an HTTP date; one in the past is no wait.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(text)
    until = http_time(text)
    return None if until is None else max(0.0, (until - now).total_seconds())
