"""Ends a run whose network or service is dead, with one error instead of one for each question.

Waits between the attempts of a single call are in `retry`. Next: `client`, which tells the breaker
of every attempt.
"""

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from resources.api.errors import AGAIN_LATER, ApiError, FixSetup, NetworkDown, ServiceDown, TryLater

LEAST_FAILURES = 5
LEAST_S = 20.0
"""So many attempts in a row, over so many seconds, have no answer before the breaker decides: an
outage of some seconds is survived by ordinary retries."""

FAULTS_S = 60.0
"""For so long all answers are faults of the server before the breaker decides."""

THROTTLED_S = 300.0
"""For so long not one call is let through: who else uses the account may need its limit for minutes."""

REMEMBERED_S = 30.0
"""For so long a dead network or service is not asked again."""

TOLD_S = 5.0
"""A shorter time without an answer is one call that was put again; that it ended is no news."""

CHECK_NETWORK = (
    "Check the network, the name server, the proxy (HTTPS_PROXY) and the API URL "
    "(LIVESTATS_API_URL), then run the same again: what is captured stays captured."
)

log = logging.getLogger("livestats.api")


@dataclass
class _Row:
    """Attempts in a row that failed in one way."""

    failures: int = 0
    since_s: float | None = None  # when the first of them began
    ended_s: float = -math.inf  # when the row before this one ended

    def add(self, began_s: float) -> None:
        if self.since_s is None:
            self.since_s = max(began_s, self.ended_s)
        self.failures += 1

    def end(self, now_s: float) -> None:
        self.failures, self.since_s, self.ended_s = 0, None, now_s

    def passed_s(self, now_s: float) -> float:
        return 0.0 if self.since_s is None else now_s - self.since_s


class Breaker:
    """Counts attempts without an answer, or with faults alone; one more question then decides.

    `probe` asks that question, for all threads: it returns if it was answered, however badly, and
    raises TryLater or FixSetup if not. `host` is named in the error.
    """

    def __init__(
        self, host: str, probe: Callable[[], None], monotonic: Callable[[], float]
    ) -> None:
        self._host = host
        self._probe = probe
        self._monotonic = monotonic
        self._changed = threading.Condition()  # guards what follows
        self._silent = _Row()  # without any answer
        self._failing = _Row()  # without an answer that is more than "later"
        self._is_probing = False
        self._error: FixSetup | None = None  # network or service is dead
        self._decided_s = 0.0

    def admit(self) -> None:
        """Wait for a probe that is under way. Raises FixSetup if network or service is dead."""
        with self._changed:
            self._wait_for_probe()
            if self._error is None:
                return
            if self._monotonic() < self._decided_s + REMEMBERED_S:
                raise _copy(self._error)
            self._is_probing, dead = True, self._error
        self._decide(dead)

    def answered(self) -> None:
        """Note that an attempt was answered, if only with a refusal that waiting does not change."""
        with self._changed:
            now_s = self._monotonic()
            passed_s = self._failing.passed_s(now_s)
            if self._error is None and self._failing.failures > 1 and passed_s >= TOLD_S:
                log.warning("%s answers again after %.0f s", self._host, passed_s)
            self._silent.end(now_s)
            self._failing.end(now_s)
            self._error = None

    def failed(self, error: TryLater, began_s: float) -> bool:
        """Note that an attempt that began at `began_s` failed; True for the first in a row.

        Raises FixSetup if network or service is dead. Blocks while that is decided.
        """
        with self._changed:
            self._wait_for_probe()
            if self._error is not None:
                raise _copy(self._error)
            self._failing.add(began_s)
            if error.no_answer:
                self._silent.add(began_s)
            else:
                self._silent.end(self._monotonic())
            dead = self._verdict(error)
            if dead is None:
                return self._failing.failures == 1
            self._is_probing = True
        self._decide(dead)
        return False

    def shortened(self, wait_s: float) -> float:
        """A wait for another attempt at a silent server, ending when the breaker may decide."""
        with self._changed:
            since_s = self._silent.since_s
            left_s = 0.0 if since_s is None else since_s + LEAST_S - self._monotonic()
            return min(wait_s, left_s) if left_s > 0 else wait_s

    def _verdict(self, error: TryLater) -> FixSetup | None:
        """The error of the run if the question that follows is not answered; None: not yet."""
        now_s = self._monotonic()
        passed_s = self._silent.passed_s(now_s)
        if self._silent.failures >= LEAST_FAILURES and passed_s >= LEAST_S:
            return NetworkDown(
                f"nothing was answered by {self._host} for {passed_s:.0f} s: "
                f"{self._silent.failures} attempts and one more question had no answer; the last "
                f"attempt: {error.what}",
                CHECK_NETWORK,
                http_status=error.http_status,
            )
        passed_s, attempts = self._failing.passed_s(now_s), self._failing.failures
        patience_s = THROTTLED_S if error.throttled else FAULTS_S
        # A server that wants a rest will not answer before.
        if attempts < LEAST_FAILURES or passed_s + (error.retry_after_s or 0.0) < patience_s:
            return None
        rest = f", asked to wait {error.retry_after_s:.0f} s" if error.retry_after_s else ""
        return ServiceDown(
            f"{self._host} answered no question for {passed_s:.0f} s: {attempts} attempts and one "
            f"more question failed; the last attempt: {error.what}{rest}",
            error.advice if error.throttled else AGAIN_LATER,
            http_status=error.http_status,
        )

    def _wait_for_probe(self) -> None:
        while self._is_probing:
            self._changed.wait()

    def _decide(self, dead: FixSetup) -> None:
        """Ask once more, as the only thread; raises `dead`, or what is known better by then."""
        began_s = self._monotonic()
        row = self._silent if isinstance(dead, NetworkDown) else self._failing
        found: FixSetup | None = dead  # also if the probe ends by another error
        is_alive = True  # of the API, as far as the probe tells
        try:
            self._probe()
            found = None
        except TryLater as error:
            is_alive = False
            found = dead if self._confirms(dead, error) else None
        except FixSetup as error:
            found = None if error.is_of_vendor else error
        except ApiError:
            found = None  # a refusal is an answer
        finally:
            with self._changed:
                if row.ended_s > began_s:
                    found = None  # another attempt was answered meanwhile
                now_s = self._monotonic()
                self._silent.end(now_s)
                self._failing.failures = 0
                if found is not None or is_alive:
                    self._failing.end(now_s)
                self._is_probing, self._error, self._decided_s = False, found, now_s
                self._changed.notify_all()
        if found is not None:
            raise _copy(found)

    def _confirms(self, dead: FixSetup, error: TryLater) -> bool:
        """True if the question met what the attempts before it did."""
        if isinstance(dead, NetworkDown):
            return error.no_answer
        if not error.throttled:
            return True
        rest_s = self._failing.passed_s(self._monotonic()) + (error.retry_after_s or 0.0)
        return rest_s >= THROTTLED_S or self._error is not None


def _copy(error: FixSetup) -> FixSetup:
    """The same error for another thread: tracebacks and `action` are each thread's own."""
    return type(error)(
        error.what,
        error.advice,
        http_status=error.http_status,
        code=error.code,
        code_n=error.code_n,
        request_id=error.request_id,
    )
