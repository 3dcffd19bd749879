"""How many calls of one action a second the API takes: faster and faster, until one is throttled.

Apart from the calls of a probe, and for who asks for it by name only. Read next: run.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from pipelines.doctor.api_probe import list_domains, probe_client
from pipelines.doctor.permission_probe import smallest_payload
from pipelines.probe.topics import Confidence, Detail, Finding
from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.client import Client
from resources.api.credentials import Credentials
from resources.api.errors import ApiError, TryLater
from resources.api.rate_limiter import RateLimiter
from resources.api.retry import RetryPolicy
from resources.config import Settings
from resources.errors import LivestatsError

STEPS = (0.5, 0.8, 1.0, 1.2, 1.5, 2.0)
"""Parts of the documented rate that are tried, each for a second."""

_PAUSE_S = 1.0  # between two steps: no second holds calls of both
_THREADS = 16
_ONCE = RetryPolicy(fault_attempts=1, throttled_attempts=1)


class _NoWaiting(RateLimiter):
    """The budget without its delays: of the action that is measured nothing is held back."""

    def acquire(self, action: str) -> None:  # noqa: ARG002
        return None


class NothingToAsk(LivestatsError):
    """An action that no dataset asks, or not without a domain."""


def rate_of(
    action: str,
    settings: Settings,
    credentials: Credentials,
    budget: Path | None,
    now: datetime,
    sleep: Callable[[float], None] = time.sleep,
) -> Finding:
    """Call an action at each of STEPS; stops at the first call that is throttled or fails."""
    payload = _payload(action, settings, credentials, budget, now)
    documented = round(ENDPOINTS[action].rate_per_s)
    details: dict[str, Detail] = {"action": action, "documented": documented}
    with probe_client(settings, credentials, budget, _NoWaiting, _ONCE) as client:
        per_s = 0
        for part in STEPS:
            per_s = max(1, round(ENDPOINTS[action].rate_per_s * part))
            error = _second_of(client, action, payload, per_s, sleep)
            if error is not None:
                answer = (
                    "throttled" if isinstance(error, TryLater) and error.throttled else "failed"
                )
                return Finding("rate", answer, Confidence.SURE, {**details, "per_s": per_s})
            sleep(_PAUSE_S)
    return Finding("rate", "more", Confidence.SURE, {**details, "per_s": per_s})


def _payload(
    action: str,
    settings: Settings,
    credentials: Credentials,
    budget: Path | None,
    now: datetime,
) -> dict[str, object]:
    """The smallest request of the action."""
    asking = [d for d in DATASETS.values() if d.endpoint.action == action]
    domains = list_domains(settings, credentials, budget).domains
    found = smallest_payload(settings, asking[0], domains, (), now) if asking else None
    if found is None:
        raise NothingToAsk(f"{action} cannot be asked: no dataset does, or there is no domain.")
    return found


def _second_of(
    client: Client,
    action: str,
    payload: dict[str, object],
    per_s: int,
    sleep: Callable[[float], None],
) -> ApiError | None:
    """`per_s` calls spread over a second; the error of the first that failed, the rest is not sent."""
    errors: list[ApiError] = []

    def call() -> None:
        if errors:
            return
        try:
            client.call(action, payload)
        except ApiError as error:
            errors.append(error)

    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in range(per_s):
            pool.submit(call)
            sleep(1 / per_s)
            if errors:
                break
    return errors[0] if errors else None
