"""Reads the account's inventory from the lake: domains, carriers, and the streams of a day.

Not here: the requests that are planned from it (api/request_plan.py). Read next: partition_writer.py.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from resources.api.catalog import dataset as dataset_named
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DomainRole
from resources.api.request_plan import Domain, Inventory, Stream, domains_of
from resources.config import Settings
from resources.errors import LivestatsError
from resources.lake import parquet as lake


class PrerequisiteMissing(LivestatsError):
    """A day cannot be planned before another dataset is captured; the message names the dataset."""

    BEFORE = "must be captured first"  # end of the message if these are datasets of the same day


def check_patterns(dataset: Dataset, domains: Sequence[Domain]) -> None:
    """Raise PrerequisiteMissing if the dataset's domain patterns match none: it must not pass as empty."""
    if dataset.domains and domains and not domains_of(dataset, domains):
        raise PrerequisiteMissing(
            f"dataset.{dataset.name}.domains = {[*dataset.domains]} fits none of the account's "
            f"{len(domains)} domains: mend it in livestats.toml, or switch {dataset.name} off "
            "under datasets.off"
        )


@dataclass(frozen=True)
class InventoryReader:
    """Reads the inventory from the lake; domains and carriers are cached. Makes no request."""

    lake: Path
    settings: Settings

    def inventory_for(
        self, dataset: Dataset, day: date, lost: frozenset[str] = frozenset()
    ) -> Inventory:
        """The inventory for planning `dataset` on `day`.

        `lost` names datasets that can no longer be captured for that day; streams and addresses
        then come from the other sources. Raises PrerequisiteMissing if a source that can still be
        captured is not captured yet.
        """
        domains = self.domains()
        check_patterns(dataset, domains)
        return Inventory(
            domains=domains,
            isps=self.isps() if "ISP" in dataset.split else (),
            streams=tuple(self._streams(dataset, day, lost)),
            addresses=tuple(self._addresses(dataset, day, lost)),
            absent=self.settings.absent_parameters,
        )

    def domains(self) -> tuple[Domain, ...]:
        """The domains in the settings; without any, every domain that was ever listed.

        Raises PrerequisiteMissing if there is none: a capture without domains would be recorded as
        an empty day.
        """
        if not self._domains:
            raise PrerequisiteMissing(
                "no domain is known. If ListDomainDetail lists none for this key, check that the "
                "key may see the projects of the domains, or name them in livestats.toml under "
                "[domains]"
            )
        return self._domains

    @cached_property
    def _domains(self) -> tuple[Domain, ...]:
        by_name = {d.name: d for d in self._configured_domains() or self.listed_domains()}
        return tuple(sorted(by_name.values()))

    def _configured_domains(self) -> list[Domain]:
        push, pull = set(self.settings.push_domains), set(self.settings.pull_domains)
        return [
            *(Domain(name, DomainRole.PUSH) for name in push - pull),
            *(Domain(name, DomainRole.PULL) for name in pull - push),
            *(Domain(name, DomainRole.ANY) for name in push & pull),
        ]

    def listed_domains(self) -> Iterator[Domain]:
        """Domains of all snapshots, with push domains that only a pull domain's binding names."""
        rows = self._merged_rows("domain", ["domain", "domain_type", "push_domain"])
        roles = {str(row["domain"]): _role(str(row["domain_type"])) for row in rows}
        for bound in (str(row["push_domain"]) for row in rows if row["push_domain"]):
            known = roles.setdefault(bound, DomainRole.PUSH)
            roles[bound] = DomainRole.PUSH if known is DomainRole.PUSH else DomainRole.ANY
        for name, role in roles.items():
            yield Domain(name, role)

    def isps(self) -> tuple[str, ...]:
        """Carriers of the newest snapshot. Raises PrerequisiteMissing if there is none."""
        return self._isps

    @cached_property
    def _isps(self) -> tuple[str, ...]:
        paths = snapshots(self.lake, "isp")
        if not paths:
            raise PrerequisiteMissing(
                "the list of carriers is not captured yet: capture the dataset isp first"
            )
        return tuple(sorted(_read(paths[-1], ["isp"])["isp"].to_pylist()))

    def _merged_rows(self, name: str, columns: list[str]) -> list[dict[str, object]]:
        """Rows of all snapshots of a dimension, oldest first: a dict built from them keeps the newest."""
        tables = [_read(path, columns) for path in snapshots(self.lake, name)]
        return [row for table in tables for row in table.to_pylist()]

    def _streams(self, dataset: Dataset, day: date, lost: frozenset[str]) -> Iterator[Stream]:
        for path in self._sources(dataset, dataset.streams_from, day, lost):
            table = _read(path, ["domain", "app", "stream"])
            names = table.group_by(["domain", "app", "stream"]).aggregate([])
            for row in names.to_pylist():
                yield Stream(row["domain"], row["app"], row["stream"])

    def _addresses(self, dataset: Dataset, day: date, lost: frozenset[str]) -> Iterator[str]:
        names = tuple(dict.fromkeys(name for name, _ in dataset.addresses_from))
        for path in self._sources(dataset, names, day, lost):
            source = path.parent.parent.name
            for column in (c for name, c in dataset.addresses_from if name == source):
                values: pa.ChunkedArray = _read(path, [column])[column]
                yield from filter(_is_address, pc.unique(values).to_pylist())

    def _sources(
        self, dataset: Dataset, names: tuple[str, ...], day: date, lost: frozenset[str]
    ) -> list[Path]:
        wanted = [n for n in names if n in self.settings.datasets and n not in lost]
        paths = {name: lake.path_of(self.lake, name, day) for name in wanted}
        missing = [name for name, path in paths.items() if not path.is_file()]
        if missing:
            raise PrerequisiteMissing(f"{', '.join(missing)} of {day} {PrerequisiteMissing.BEFORE}")
        if names and not paths:
            raise PrerequisiteMissing(
                f"{dataset.name} takes its streams or addresses from {', '.join(names)}, and none "
                f"of them can be had for {day}: switch one of them on, or this dataset off"
            )
        return [*paths.values()]


def _role(domain_type: str) -> DomainRole:
    """Role of a domain type. The documentation has `pull-flv`, one of its samples `pull`."""
    if domain_type == "push":
        return DomainRole.PUSH
    return DomainRole.PULL if domain_type.startswith("pull") else DomainRole.ANY


def snapshots(root: Path, name: str) -> list[Path]:
    """Lake files of a dimension, oldest first."""
    return [*lake.days_of(root, dataset_named(name).name).values()]


def _read(path: Path, columns: list[str]) -> pa.Table:
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
