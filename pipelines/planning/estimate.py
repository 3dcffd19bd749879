"""Requests of a backfill by dataset, and the time that they take at the rate limit.

Rows and bytes are in forecast.py. Read next: forecast.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.rate_limiter import SHARE_OF_LIMIT
from resources.api.request_plan import Domain, Inventory, requests_for
from resources.capture.inventory import InventoryReader, PrerequisiteMissing, snapshots
from resources.config import Settings
from resources.lake import parquet

# The number of requests does not depend on the number of carriers, from two on.
_ANY_CARRIERS = ("", " ")
_USUAL_CARRIERS = tuple(f"carrier {i}" for i in range(12))  # before the list is captured
_USUAL_REGIONS = tuple(f"region {i}" for i in range(40))
_DAYS_READ = 31  # days whose streams are read from the lake; their average is used for more days


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Requests of one dataset."""

    dataset: str
    days: int
    requests: int | None  # None: it depends on rows that are not captured yet
    basis: str  # what the number is based on; "" if it is exact
    calls_per_s: float | None

    @property
    def seconds(self) -> float | None:
        """Time at the rate limit; slower responses take longer."""
        if self.requests is None:
            return None
        return self.requests / self.calls_per_s if self.calls_per_s else 0.0


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is known about the account without an API call."""

    account: InventoryReader
    domains: tuple[Domain, ...]

    @classmethod
    def of(cls, account: InventoryReader, listed: tuple[Domain, ...] = ()) -> Source:
        """The captured or configured domains, or `listed` if there are none."""
        try:
            return cls(account=account, domains=account.domains())
        except PrerequisiteMissing:
            return cls(account=account, domains=listed)


def estimates(
    due: Mapping[str, Sequence[date]], source: Source, settings: Settings
) -> list[Estimate]:
    """One line for each dataset with days in `due`, in the order of the catalog."""
    lines = []
    for name, dataset in DATASETS.items():
        days = due.get(name)
        if days:
            requests, basis = requests_of(settings.of(dataset), days, source)
            lines.append(
                Estimate(
                    dataset=name,
                    days=len(days),
                    requests=requests,
                    basis=basis,
                    calls_per_s=calls_per_s(dataset, settings),
                )
            )
    return lines


def calls_per_s(dataset: Dataset, settings: Settings) -> float:
    """Rate limit of a dataset: its action's or the account's, less the safety margin."""
    of_action = dataset.endpoint.rate_per_s * settings.quota_factor * SHARE_OF_LIMIT
    ceiling = settings.calls_per_second
    return of_action if ceiling is None else min(of_action, ceiling * SHARE_OF_LIMIT)


def seconds_of_all(lines: Sequence[Estimate], settings: Settings) -> float:
    """Time of all datasets together at the rate limit, as far as their requests are known.

    Actions run in parallel, so the slowest one counts; only a limit for the whole account adds them
    up. Datasets of one action share its limit.
    """
    by_action: dict[str, float] = defaultdict(float)
    for line in lines:
        by_action[DATASETS[line.dataset].endpoint.action] += line.seconds or 0.0
    slowest = max(by_action.values(), default=0.0)
    if not settings.calls_per_second:
        return slowest
    requests = sum(line.requests or 0 for line in lines)
    return max(slowest, requests / (settings.calls_per_second * SHARE_OF_LIMIT))


def requests_of(dataset: Dataset, days: Sequence[date], source: Source) -> tuple[int | None, str]:
    """Number of requests for `days`, and what it is based on ("": exact)."""
    if dataset.is_dimension:
        return 1, ""
    if not source.domains:
        return None, "the domains are not known yet"
    if dataset.scope in (Scope.STREAM, Scope.ADDRESSES) and dataset.one_stream is None:
        return _by_rows(dataset, days, source)
    zone = source.account.settings.zone
    absent = source.account.settings.absent_parameters
    known = Inventory(domains=source.domains, isps=_ANY_CARRIERS, absent=absent)
    if dataset.drawn:
        known = inventory_of(source)
    each = sum(1 for _ in requests_for(dataset, days[0], zone, known))
    if dataset.endpoint.paging is None:
        return each * len(days), ""
    if dataset.endpoint.paging.is_rough:
        each *= 2  # an empty page ends the list
    newest = newest_provenance(source.account, dataset)
    if newest is not None and newest.requests > each:
        return newest.requests * len(days), f"as many pages as on {newest.day}"
    return each * len(days), "" if newest else "one page each, more for long lists"


def inventory_of(source: Source) -> Inventory:
    """What is captured of the account, and usual numbers of what is not."""
    account = source.account
    try:
        isps = account.isps()
    except PrerequisiteMissing:
        isps = _USUAL_CARRIERS
    try:
        areas, countries, provinces = (account.regions(levels) for levels in (1, 2, 3))
    except PrerequisiteMissing:
        areas = countries = provinces = _USUAL_REGIONS
    return Inventory(
        domains=source.domains,
        isps=isps,
        areas=areas,
        countries=countries,
        provinces=provinces,
        absent=account.settings.absent_parameters,
    )


def _by_rows(dataset: Dataset, days: Sequence[date], source: Source) -> tuple[int | None, str]:
    """Requests of a dataset that is queried per stream or address of the day."""
    counts = list(_from_the_lake(dataset, islice(sorted(days, reverse=True), _DAYS_READ), source))
    if len(counts) == len(days):
        return sum(counts), ""
    what = "streams" if dataset.scope is Scope.STREAM else "addresses"
    if counts:
        return round(sum(counts) / len(counts) * len(days)), f"from {len(counts)} captured days"
    newest = newest_provenance(source.account, dataset)
    if newest is not None:
        return newest.requests * len(days), f"as many {what} as on {newest.day}"
    from_other = _newest_sources(dataset, source)
    if from_other is not None:
        day, count = from_other
        return count * len(days), f"as many {what} as on {day}"
    return None, f"the day's {what}: known once {dataset.needs[0]} is captured"


def _from_the_lake(dataset: Dataset, days: Iterable[date], source: Source) -> Iterable[int]:
    zone = source.account.settings.zone
    for day in days:
        try:
            known = source.account.inventory_for(dataset, day)
        except PrerequisiteMissing:
            continue
        yield sum(1 for _ in requests_for(dataset, day, zone, known))


def _newest_sources(dataset: Dataset, source: Source) -> tuple[date, int] | None:
    """The newest day whose streams or addresses are captured, and its number of requests."""
    captured = [
        {parquet.day_of(path) for path in snapshots(source.account.lake, name)}
        for name in dataset.needs
        if name in source.account.settings.datasets
    ]
    for day in sorted(set.intersection(*captured) if captured else set(), reverse=True)[:1]:
        for count in _from_the_lake(dataset, [day], source):
            return day, count
    return None


def newest_provenance(account: InventoryReader, dataset: Dataset) -> parquet.Provenance | None:
    """Provenance of the newest captured day of a dataset; None if none is captured."""
    paths = snapshots(account.lake, dataset.name)
    return parquet.provenance_of(paths[-1]) if paths else None
