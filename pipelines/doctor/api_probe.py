"""A client for single API calls outside of a capture, and the list of domains. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from resources.api.catalog.model import DomainRole
from resources.api.client import Client
from resources.api.credentials import Credentials
from resources.api.hosts import Host
from resources.api.rate_limiter import RateLimiter
from resources.api.request_plan import Domain
from resources.api.retry import RetryPolicy
from resources.api.transport import Timeouts
from resources.capture.account_guard import domain_pages
from resources.capture.session import rates
from resources.config import Settings
from resources.fs import scratch
from resources.home.layout import Home

_PATIENCE = RetryPolicy(fault_attempts=2, throttled_attempts=3, total_s=20.0)
_TIMEOUTS = Timeouts(connect_s=5.0, read_s=20.0, body_s=30.0)


@dataclass(frozen=True)
class DomainPage:
    """The first page of the account's domains."""

    domains: tuple[Domain, ...]
    total: int
    bound: tuple[str, ...] = ()  # push domains that listed pull domains are bound to

    def count(self, role: DomainRole) -> int:
        """Number of domains with that role."""
        return sum(domain.role is role for domain in self.domains)


@contextmanager
def probe_client(
    settings: Settings,
    credentials: Credentials,
    budget: Path | None,
    limiter: type[RateLimiter] = RateLimiter,
    retries: RetryPolicy = _PATIENCE,
) -> Iterator[Client]:
    """A client with few retries; `budget` is the home's rate limit folder, None if there is none yet."""
    with nullcontext(budget) if budget else scratch.folder(Home(settings.home).state) as folder:
        calls = limiter(
            folder,
            credentials.account_id(),
            rates(settings),
            account_per_s=settings.calls_per_second,
        )
        host = Host(settings.api_url, settings.api_region)
        with Client(credentials, calls, host, retries=retries, timeouts=_TIMEOUTS) as client:
            yield client


def list_domains(settings: Settings, credentials: Credentials, budget: Path | None) -> DomainPage:
    """One page of ListDomainDetail; `budget` as for `probe_client`.

    Raises ApiError if the API cannot be reached or refuses.
    """
    with probe_client(settings, credentials, budget) as client:
        page = next(domain_pages(client))
    rows = page.table.select(["domain", "domain_type", "push_domain"]).to_pylist()
    domains = tuple(Domain(str(row["domain"]), _role(str(row["domain_type"]))) for row in rows)
    bound = tuple(str(row["push_domain"]) for row in rows if row["push_domain"])
    return DomainPage(domains, page.facts.total if page.facts else len(domains), bound)


def _role(kind: str) -> DomainRole:
    if kind.startswith("pull"):
        return DomainRole.PULL
    return DomainRole.PUSH if kind == "push" else DomainRole.ANY
