"""Domains, carriers, streams and addresses that the lake knows. Makes no request.

Here: reading them from lake files. Not here: which of them a request asks about
(api/request_plan.py), which of them a day lacks (coverage.py, read it next).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from resources.api.catalog import dataset as dataset_named
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DomainRole, Scope
from resources.api.catalog.spelling import Spelling, bare_name, domain_key
from resources.api.request_plan import Domain, Stream, domains_of
from resources.config import Settings
from resources.errors import LivestatsError
from resources.home.layout import Home
from resources.lake import parquet as lake_files

REGION_COLUMNS = ("area_code", "country_code", "province_code")
"""The name of a region, the largest part first."""


class PrerequisiteMissing(LivestatsError):
    """A day cannot be planned before another dataset is captured; the message names the dataset."""

    BEFORE = "must be captured first"  # end of the message if these are datasets of the same day


@dataclass(frozen=True)
class KnownDomain:
    """A domain that was listed, is bound to a listed one, or is named in the settings."""

    domain: Domain
    created_at: datetime | None = None  # earliest known; None: not known

    def exists_before(self, end: datetime) -> bool:
        """True unless the domain is known to have been created at `end` or later."""
        return self.created_at is None or self.created_at < end


def known_domains(lake: Path, settings: Settings) -> list[KnownDomain]:
    """The domains in the settings; without any, every domain that was ever listed. By name.

    Domains that a person called gone are left out.
    """
    configured = configured_domains(settings)
    if configured:
        listed = dict[str, KnownDomain]()
        with suppress(PrerequisiteMissing):  # the settings are enough
            listed = {domain_key(one.domain.name): one for one in listed_domains(lake)}
        found = [_as_listed(one, listed.get(domain_key(one.name))) for one in configured]
    else:
        found = [*listed_domains(lake)]
    gone = Home(settings.home).gone_domains
    staying = (one for one in found if domain_key(one.domain.name) not in gone)
    return sorted(staying, key=lambda one: one.domain)


def _as_listed(configured: Domain, listed: KnownDomain | None) -> KnownDomain:
    """A domain of the settings, in the vendor's own spelling if it is listed."""
    if listed is None:
        return KnownDomain(configured)
    return KnownDomain(Domain(listed.domain.name, configured.role), listed.created_at)


def configured_domains(settings: Settings) -> list[Domain]:
    """The domains that the settings name; none if all listed ones are meant."""
    push = {domain_key(name): bare_name(name) for name in settings.push_domains}
    pull = {domain_key(name): bare_name(name) for name in settings.pull_domains}
    return [
        *(Domain(push[key], DomainRole.PUSH) for key in push.keys() - pull.keys()),
        *(Domain(pull[key], DomainRole.PULL) for key in pull.keys() - push.keys()),
        *(Domain(push[key], DomainRole.ANY) for key in push.keys() & pull.keys()),
    ]


def listed_domains(lake: Path) -> Iterator[KnownDomain]:
    """Domains of all snapshots, with push domains that only a pull domain's binding names.

    Names compare as DNS does. The first spelling listed is kept, so that days can be joined.
    """
    rows: list[dict[str, object]] = []
    names: dict[str, str] = {}
    bindings: list[str] = []
    for path in snapshots(lake, "domain"):
        listed = read_columns(path, ["domain", "domain_type", "push_domain", "created_at"])
        in_us = pc.cast(listed["created_at"], pa.timestamp("us", "UTC"))
        created_at = pc.cast(in_us, pa.int64())  # see _instant
        listed = listed.set_column(3, "created_at", created_at)
        of_list = [one for one in listed.to_pylist() if domain_key(one["domain"])]  # no blanks
        pushed = [one["push_domain"] for one in of_list if domain_key(one["push_domain"] or "")]
        for name in (*(one["domain"] for one in of_list), *pushed):
            names.setdefault(domain_key(name), name.strip())
        rows += of_list
        bindings += pushed
    roles = {domain_key(str(row["domain"])): _role(str(row["domain_type"])) for row in rows}
    created: dict[str, int | None] = {}
    for row in rows:
        key, at = domain_key(str(row["domain"])), row["created_at"]
        earliest = created.get(key, at)
        if isinstance(at, int) and isinstance(earliest, int):
            created[key] = min(at, earliest)
        else:
            created[key] = None
    for bound in map(domain_key, bindings):
        known = roles.setdefault(bound, DomainRole.PUSH)
        roles[bound] = DomainRole.PUSH if known is DomainRole.PUSH else DomainRole.ANY
    for key, role in roles.items():
        yield KnownDomain(Domain(names[key], role), _instant(created.get(key)))


def _instant(since_epoch_us: int | None) -> datetime | None:
    """The moment, UTC. Arrow imports pandas to make one of a column: 0.15 s in each command."""
    if since_epoch_us is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since_epoch_us)


def _role(domain_type: str) -> DomainRole:
    """Role of a domain type. The documentation has `pull-flv`, one of its samples `pull`."""
    if domain_type == "push":
        return DomainRole.PUSH
    return DomainRole.PULL if domain_type.startswith("pull") else DomainRole.ANY


def snapshots(lake: Path, name: str) -> list[Path]:
    """Lake files of a dimension, oldest first."""
    return [*lake_files.days_of(lake, dataset_named(name).name).values()]


def listed_names(lake: Path, name: str, columns: Sequence[str]) -> dict[tuple[str, ...], date]:
    """What the newest list has that has anything, each with the first day on which it was listed.

    A name is the values of `columns`, such as the codes of a region. The first spelling listed is
    kept, so that days can be joined. Raises PrerequisiteMissing if a list cannot be read.
    """
    first: dict[tuple[str, ...], tuple[tuple[str, ...], date]] = {}
    newest: Sequence[tuple[str, ...]] = ()
    for path in snapshots(lake, name):
        rows = read_columns(path, [*columns]).to_pylist()
        listed = [tuple(row[column] or "" for column in columns) for row in rows]
        names = [one for one in listed if all(map(str.strip, one))]  # a blank is no name
        newest = names or newest  # an empty list is a fault that passes
        for one in names:
            first.setdefault(_in_any_case(one), (one, lake_files.day_of(path)))
    return dict(first[_in_any_case(one)] for one in newest)


def _in_any_case(name: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(Spelling.ANY_CASE.key, name))


def streams_in(paths: Mapping[str, Path]) -> Iterator[Stream]:
    """The streams in lake files of one day, by the name of their dataset."""
    for path in paths.values():
        table = read_columns(path, ["domain", "app", "stream"])
        names = table.group_by(["domain", "app", "stream"]).aggregate([])
        for row in names.to_pylist():
            yield Stream(row["domain"], row["app"], row["stream"])


def addresses_in(dataset: Dataset, paths: Mapping[str, Path]) -> Iterator[str]:
    """The addresses that `dataset` looks up, in lake files of one day by the name of their dataset."""
    for source, path in paths.items():
        for column in (c for name, c in dataset.addresses_from if name == source):
            values: pa.ChunkedArray = read_columns(path, [column])[column]
            yield from filter(_is_address, pc.unique(values).to_pylist())


def expected_items(
    dataset: Dataset, domains: Sequence[Domain], paths: Mapping[str, Path]
) -> frozenset[str]:
    """Streams or addresses that a day's lake files list, as far as the dataset asks about them.

    A stream has the name of its domain as it is asked for, whatever the spelling in the files.
    """
    if dataset.scope is Scope.ADDRESSES:
        return frozenset(addresses_in(dataset, paths))
    served = {domain_key(name): name for name in domains_of(dataset, domains)}
    return frozenset(
        f"{served[domain_key(one.domain)]}/{one.app}/{one.stream}"
        for one in streams_in({n: p for n, p in paths.items() if n in dataset.streams_from})
        if domain_key(one.domain) in served and dataset.includes_stream(one.app, one.stream)
    )


def read_columns(path: Path, columns: list[str]) -> pa.Table:
    """Columns of a lake file. Raises PrerequisiteMissing if it cannot be read."""
    try:
        # read_table takes several times as long and imports pandas.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read(columns)
        if {*table.column_names} != {*columns}:
            raise pa.ArrowInvalid(f"no column {', '.join({*columns} - {*table.column_names})}")
        return table
    except (OSError, pa.ArrowException) as error:
        raise PrerequisiteMissing(
            f"{path} is damaged ({error}): run `livestats replay`, which makes it again from the "
            "raw archive"
        ) from error


def _is_address(text: str | None) -> bool:
    """True if the API can look `text` up: an IP address without a zone (`%eth0`)."""
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        return False
    return "%" not in (text or "")
