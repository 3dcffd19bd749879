"""Asking the API one small thing outside of a capture: which domains there are. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from resources.api.body import Body
from resources.api.catalog import dataset
from resources.api.catalog.model import Role
from resources.api.client import Client
from resources.api.credentials import Credentials
from resources.api.hosts import Host
from resources.api.pagination import page_payload
from resources.api.parsing.parse import Page, read_page
from resources.api.rate_limiter import RateLimiter
from resources.api.request_plan import Domain, Inventory, walks
from resources.api.retry import RetryPolicy
from resources.api.transport import Timeouts
from resources.capture.session import rates
from resources.config import Settings

_PATIENCE = RetryPolicy(fault_attempts=2, throttled_attempts=3, total_s=20.0)
_TIMEOUTS = Timeouts(connect_s=5.0, read_s=20.0, body_s=30.0)


@dataclass(frozen=True)
class Listed:
    """The first page of the account's domains."""

    domains: tuple[Domain, ...]
    total: int

    def count(self, role: Role) -> int:
        """How many of them push, or pull."""
        return sum(domain.role is role for domain in self.domains)


@contextmanager
def asking(settings: Settings, credentials: Credentials, budget: Path | None) -> Iterator[Client]:
    """A client of little patience; `budget` is the home's folder of it, None if it has none yet."""
    with TemporaryDirectory() as scratch:
        calls = RateLimiter(
            budget or Path(scratch),
            credentials.account_id(),
            rates(settings),
            account_per_s=settings.calls_per_second,
        )
        host = Host(settings.api_url, settings.api_region)
        with Client(credentials, calls, host, retries=_PATIENCE, timeouts=_TIMEOUTS) as client:
            yield client


def list_domains(settings: Settings, credentials: Credentials, budget: Path | None) -> Listed:
    """One page of ListDomainDetail; `budget` as for `asking`.

    Raises ApiError if the API cannot be reached or refuses.
    """
    listing = dataset("domain")
    paging = listing.endpoint.paging
    (walk,) = walks(listing, date.min, settings.zone, Inventory())  # it has no days
    payload: Mapping[str, object] = {**walk.payload, **(page_payload(paging, 1) if paging else {})}

    def read(body: Body) -> Page:
        return read_page(listing, walk, body, 1)

    with asking(settings, credentials, budget) as client:
        page = client.call(listing.endpoint.action, payload, read).value
    domains = tuple(
        Domain(str(row["domain"]), _role(str(row["domain_type"])))
        for row in page.table.select(["domain", "domain_type"]).to_pylist()
    )
    return Listed(domains, page.facts.total if page.facts else len(domains))


def _role(kind: str) -> Role:
    if kind.startswith("pull"):
        return Role.PULL
    return Role.PUSH if kind == "push" else Role.ANY
