"""The connection to the API that the settings and the environment describe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from resources.api.catalog import ENDPOINTS
from resources.api.client import Client
from resources.api.credentials import find_credentials
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
from resources.home.layout import Home

__all__ = ["RunCancelled", "capturer", "rates"]


@dataclass
class _Wait:
    """Sleeps until the run is halted, and the clock (s) of those who sleep."""

    halt: threading.Event = field(default_factory=threading.Event)
    sleep: Callable[[float], None] | None = None  # None: waits on `halt`, so it ends at once
    skipped_s: float = 0.0  # that `sleep` was asked for: such a sleep takes no time

    def clock_s(self) -> float:
        return time.monotonic() + self.skipped_s

    def __call__(self, seconds: float) -> None:
        if self.sleep is not None:
            self.sleep(seconds)
            self.skipped_s += seconds
            seconds = 0.0
        if self.halt.wait(seconds):
            raise RunCancelled("the run was broken off")


def rates(settings: Settings) -> Callable[[str], float | None]:
    """Calls per second by action: the documented ones times the account's quota.

    None for an action that the catalog does not know.
    """

    def rate_per_s(action: str) -> float | None:
        known = ENDPOINTS.get(action)
        return known.rate_per_s * settings.quota_factor if known else None

    return rate_per_s


@contextmanager
def capturer(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    sleep: Callable[[float], None] | None = None,
    retries: RetryPolicy = DEFAULT_RETRIES,
    timeouts: Timeouts | None = None,
) -> Iterator[Capturer]:
    """A capturer for the home, API and key that are set; its connections close with the block.

    `sleep`, `retries` and `timeouts` are there for tests: waits that take no time, and patience
    that ends.

    Raises FixSetup if there is no key, it is of another account, or the URL is unsound;
    SettingsError if the home cannot be used. Nothing is asked of the API yet, but for the domains
    of a key that is used on the home for the first time.
    """
    credentials, _ = find_credentials(environ, Path.home())
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
    with Client(
        credentials,
        budget,
        host,
        retries=retries,
        timeouts=timeouts or Timeouts(),
        sleep=wait,
        spill=home.root,
    ) as client:
        AccountGuard(home, settings).check(client, credentials.account_id())
        yield Capturer(home, settings, client, now, wait.halt)
