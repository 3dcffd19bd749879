"""Ends a run whose network is dead, with one error instead of one for each question.

Waits between the attempts of a single call are in `retry`. Next: `client`, which tells the breaker
of every attempt.
"""

import logging
import threading
from collections.abc import Callable

from resources.api.errors import ApiError, FixSetup, NetworkDown, TryLater

LEAST_FAILURES = 5
LEAST_S = 20.0
"""So many attempts in a row, over so many seconds, have no answer before the breaker decides: an
outage of some seconds is survived by ordinary retries."""

REMEMBERED_S = 30.0
"""For so long a dead network is not asked again."""

CHECK_NETWORK = (
    "Check the network, the name server, the proxy (HTTPS_PROXY) and the API URL "
    "(LIVESTATS_API_URL), then run the same again: what is captured stays captured."
)

log = logging.getLogger("livestats.api")


class Breaker:
    """Counts attempts without an answer; one more question then decides for all threads.

    `probe` asks that question: it returns if it was answered, however badly, and raises TryLater
    with `no_answer`, or FixSetup, if it was not. `host` is named in the error.
    """

    def __init__(
        self, host: str, probe: Callable[[], None], monotonic: Callable[[], float]
    ) -> None:
        self._host = host
        self._probe = probe
        self._monotonic = monotonic
        self._changed = threading.Condition()  # guards what follows
        self._failures = 0  # in a row
        self._since_s = 0.0  # when the first of them began
        self._last_answer_s = float("-inf")
        self._is_probing = False
        self._error: FixSetup | None = None  # the network is dead
        self._decided_s = 0.0

    def admit(self) -> None:
        """Wait for a probe that is under way. Raises FixSetup if the network is dead."""
        with self._changed:
            self._wait_for_probe()
            if self._error is None:
                return
            if self._monotonic() < self._decided_s + REMEMBERED_S:
                raise _copy(self._error)
            self._is_probing, dead = True, self._error
        self._decide(dead)

    def answered(self) -> None:
        """Note that an attempt was answered."""
        with self._changed:
            if self._error is None and self._failures > 1:
                passed_s = self._monotonic() - self._since_s
                log.warning("%s answers again after %.0f s", self._host, passed_s)
            self._failures, self._error = 0, None
            self._last_answer_s = self._monotonic()

    def failed(self, error: TryLater, began_s: float) -> bool:
        """Note that an attempt that began at `began_s` had no answer; True for the first in a row.

        Raises FixSetup if the network is dead. Blocks while that is decided.
        """
        with self._changed:
            self._wait_for_probe()
            if self._error is not None:
                raise _copy(self._error)
            if self._failures == 0:
                self._since_s = max(began_s, self._last_answer_s)
            self._failures += 1
            passed_s = self._monotonic() - self._since_s
            if self._failures < LEAST_FAILURES or passed_s < LEAST_S:
                return self._failures == 1
            self._is_probing = True
            dead = NetworkDown(
                f"nothing was answered by {self._host} for {passed_s:.0f} s: {self._failures} "
                f"attempts and one more question had no answer; the last attempt: {error.what}",
                CHECK_NETWORK,
                http_status=error.http_status,
            )
        self._decide(dead)
        return False

    def shortened(self, wait_s: float) -> float:
        """A wait before another attempt, ending when the breaker may decide."""
        with self._changed:
            left_s = self._since_s + LEAST_S - self._monotonic()
            return min(wait_s, left_s) if self._failures and left_s > 0 else wait_s

    def _wait_for_probe(self) -> None:
        while self._is_probing:
            self._changed.wait()

    def _decide(self, dead: FixSetup) -> None:
        """Ask once more, as the only thread; raises `dead`, or what is known better by then."""
        began_s = self._monotonic()
        found: FixSetup | None = dead  # also if the probe ends by another error
        try:
            self._probe()
            found = None
        except TryLater as error:
            found = dead if error.no_answer else None
        except FixSetup as error:
            found = None if error.is_of_vendor else error
        except ApiError:
            found = None  # a refusal is an answer
        finally:
            with self._changed:
                if self._last_answer_s > began_s:
                    found = None  # another attempt was answered meanwhile
                self._is_probing, self._failures = False, 0
                self._error, self._decided_s = found, self._monotonic()
                self._changed.notify_all()
        if found is not None:
            raise _copy(found)


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
