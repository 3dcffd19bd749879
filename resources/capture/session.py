"""Opens a capturer from settings and environment: credentials, clock, rate limit, client.

Not here: HTTP and retries (api/client.py). Read next: capturer.py.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from resources.api.catalog import ENDPOINTS
from resources.api.client import Client
from resources.api.credentials import Credentials, find_credentials
from resources.api.errors import FixSetup
from resources.api.hosts import Host
from resources.api.rate_limiter import RateLimiter
from resources.api.retry import DEFAULT_RETRIES, RetryPolicy
from resources.api.transport import Timeouts
from resources.capture.account_guard import AccountGuard
from resources.capture.capturer import Capturer
from resources.capture.fetcher import RunCancelled
from resources.clock import VARIABLE, clock
from resources.config import Settings
from resources.fs import user
from resources.home.layout import Home

__all__ = ["RunCancelled", "capturer", "rates"]

log = logging.getLogger("livestats.capture")

_HALF_REPLACED_READS, _HALF_REPLACED_WAIT_S = 3, 2.0


@dataclass
class _Wait:
    """Interruptible sleep, and the clock in seconds that goes with it."""

    halt: threading.Event = field(default_factory=threading.Event)
    sleep: Callable[[float], None] | None = None  # None: waits on `halt`, which can end the sleep
    skipped_s: float = 0.0  # seconds passed to `sleep`, which takes no time in tests

    def clock_s(self) -> float:
        return time.monotonic() + self.skipped_s

    def __call__(self, seconds: float) -> None:
        if self.sleep is not None:
            self.sleep(seconds)
            self.skipped_s += seconds
            seconds = 0.0
        if self.halt.wait(seconds):
            raise RunCancelled("the run was cancelled")


def rates(settings: Settings) -> Callable[[str], float | None]:
    """Calls per second by action: the documented rate times the account's quota factor.

    None for an action that the catalog does not know.
    """

    def rate_per_s(action: str) -> float | None:
        known = ENDPOINTS.get(action)
        return known.rate_per_s * settings.quota_factor if known else None

    return rate_per_s


@dataclass
class _Reread:
    """Reads the credentials of a client again; those of another account end the run.

    Key and secret may be in two files, which are replaced one after the other: a new secret of the
    same permanent key, or a new key that the vendor refuses, is read again after a moment.
    """

    environ: Mapping[str, str] = field(repr=False)
    guard: AccountGuard
    opened: Callable[[Credentials], Client]
    checked: Credentials  # the last that were of this account
    wait: Callable[[float], None]

    def __call__(self) -> Credentials | None:
        found = self._read()
        for _ in range(_HALF_REPLACED_READS):
            if found is None or found == self.checked or self._is_whole(found):
                return found
            self.wait(_HALF_REPLACED_WAIT_S)
            found = self._read()
        if found is not None and found != self.checked:
            self._check(found)
        return found

    def _read(self) -> Credentials | None:
        try:
            found, _ = find_credentials(self.environ, user.home_folder())
        except FixSetup as error:  # the vendor's refusal of the old key is what is told
            log.warning("The credentials cannot be read again: %s", error)
            return None
        return found

    def _is_whole(self, found: Credentials) -> bool:
        if found.access_key == self.checked.access_key and not found.session_token:
            return False
        try:
            self._check(found)
        except FixSetup as error:
            if error.is_of_vendor:
                return False
            raise
        return True

    def _check(self, found: Credentials) -> None:
        with self.opened(found) as client:
            self.guard.check(client, found.account_id())
        self.checked = found


@contextmanager
def capturer(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    sleep: Callable[[float], None] | None = None,
    retries: RetryPolicy = DEFAULT_RETRIES,
    timeouts: Timeouts | None = None,
) -> Iterator[Capturer]:
    """A capturer for the configured home, API and key; its connections close with the block.

    `sleep`, `retries` and `timeouts` are for tests: waits that take no time, few retries.

    Raises FixSetup if there is no key, the key belongs to another account, or the URL is invalid;
    SettingsError if the home cannot be used. Calls the API only for a key that is new to the home:
    it lists the key's domains. So it does when a refused key was replaced in its file meanwhile.
    """
    credentials, _ = find_credentials(environ, user.home_folder())
    host = Host(settings.api_url, settings.api_region)
    if environ.get(VARIABLE) and not host.is_loopback:
        raise FixSetup(
            f"{VARIABLE} is set, and the API is not on this machine",
            f"Days captured under a clock that is set would bear its times for ever, and count as "
            f"complete too early: unset {VARIABLE}. It is for drills against `livestats simulate`.",
        )
    now = clock(environ)
    home = Home(settings.home)
    home.prepare(settings, now())
    wait = _Wait(sleep=sleep)
    budget = RateLimiter(
        home.budget,
        credentials.account_id(),
        rates(settings),
        account_per_s=settings.calls_per_second,
        clock=wait.clock_s,
        sleep=wait,
    )
    opened = partial(
        Client,
        rate_limiter=budget,
        host=host,
        retries=retries,
        timeouts=timeouts or Timeouts(),
        sleep=wait,
    )
    guard = AccountGuard(home, settings)
    with opened(credentials, reread=_Reread(environ, guard, opened, credentials, wait)) as client:
        guard.check(client, credentials.account_id())
        home.raise_format()
        try:
            # By the vendor's clock, where this one is ahead: a day is asked for when it is complete there.
            yield Capturer(home, settings, client, lambda: now() - client.clock_lead, wait.halt)
        finally:
            wait.halt.set()  # ends a run whose generator was not closed, before its connections
