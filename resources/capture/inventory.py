"""Reads the account's inventory from the lake: domains, carriers, and the streams of a day.

Not here: the requests that are planned from it (api/request_plan.py). Read next: partition_writer.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from resources.api.catalog.datasets import CUT_PREFIX, Dataset
from resources.api.catalog.spelling import stream_key
from resources.api.request_plan import Domain, Inventory, Stream, domains_of
from resources.config import Settings
from resources.home.layout import Home
from resources.lake import parquet as lake
from resources.ledger.known_items import (
    REGION_COLUMNS,
    PrerequisiteMissing,
    addresses_in,
    known_domains,
    listed_domains,
    listed_names,
    snapshots,
    streams_in,
)
from resources.ledger.newest_spellings import Spellings, newest_spellings

__all__ = ["InventoryReader", "PrerequisiteMissing", "check_patterns", "snapshots"]


def check_patterns(dataset: Dataset, domains: Sequence[Domain]) -> None:
    """Raise PrerequisiteMissing if the dataset's domain patterns match none: it must not pass as empty."""
    if dataset.domains and domains and not domains_of(dataset, domains):
        cut = f"cut.{dataset.name.removeprefix(CUT_PREFIX)}"
        place = cut if dataset.is_cut else f"dataset.{dataset.name}"
        raise PrerequisiteMissing(
            f"{place}.domains = {[*dataset.domains]} fits none of the account's "
            f"{len(domains)} domains: mend it in livestats.toml, or switch {dataset.name} off "
            "under datasets.off"
        )


def _key_of(one: Stream) -> str:
    return stream_key(f"{one.domain}/{one.app}/{one.stream}")


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
        looked_up = tuple(dict.fromkeys(name for name, _ in dataset.addresses_from))
        domains = self.domains()
        check_patterns(dataset, domains)
        drawn = {*dataset.drawn.values()}
        return Inventory(
            domains=domains,
            isps=self.isps() if "ISP" in dataset.split or "isps" in drawn else (),
            areas=self.regions(1) if "areas" in drawn else (),
            countries=self.regions(2) if "countries" in drawn else (),
            provinces=self.regions(3) if "provinces" in drawn else (),
            streams=self._streams(self._sources(dataset, dataset.streams_from, day, lost)),
            addresses=tuple(addresses_in(dataset, self._sources(dataset, looked_up, day, lost))),
            absent=self.settings.absent_parameters,
        )

    def _streams(self, paths: dict[str, Path]) -> tuple[Stream, ...]:
        """The streams in lake files, without those that a person called gone."""
        gone = self._gone_streams
        return tuple(one for one in streams_in(paths) if not gone or _key_of(one) not in gone)

    @cached_property
    def _gone_streams(self) -> frozenset[str]:
        return Home(self.settings.home).gone_streams

    def left_out(self, dataset: Dataset, day: date) -> list[str]:
        """The streams of the day that are not asked about, since a person called them gone; sorted."""
        if not self._gone_streams:
            return []
        paths = {name: lake.path_of(self.lake, name, day) for name in dataset.streams_from}
        listed = streams_in({name: path for name, path in paths.items() if path.is_file()})
        return sorted(
            {
                f"{one.domain}/{one.app}/{one.stream}"
                for one in listed
                if _key_of(one) in self._gone_streams
                and dataset.includes_stream(one.app, one.stream)
            }
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
        return tuple(one.domain for one in known_domains(self.lake, self.settings))

    def listed_domains(self) -> Iterator[Domain]:
        """Domains of all snapshots, with push domains that only a pull domain's binding names."""
        for one in listed_domains(self.lake):
            yield one.domain

    def isps(self) -> tuple[str, ...]:
        """Carriers of the newest list that has any. Raises PrerequisiteMissing if none has."""
        return self._isps

    @cached_property
    def _isps(self) -> tuple[str, ...]:
        return self._listed("isp", ["isp"], "carriers")

    @cached_property
    def spellings(self) -> Spellings:
        """What the newest lists spell otherwise; nothing if one cannot be read, as planning tells."""
        try:
            return newest_spellings(self.lake)
        except PrerequisiteMissing:
            return {}

    def regions(self, levels: int) -> tuple[str, ...]:
        """Regions of the newest list that has any, down to so many levels, such as CN/CN for two.

        Raises PrerequisiteMissing if there is none.
        """
        return self._listed("region", REGION_COLUMNS[:levels], "regions")

    def _listed(self, name: str, columns: Sequence[str], what: str) -> tuple[str, ...]:
        found = listed_names(self.lake, name, columns)
        if found:
            return tuple(sorted("/".join(one) for one in found))
        raise PrerequisiteMissing(
            f"the API has listed no {what} so far: run the same again, which asks for the list anew"
            if snapshots(self.lake, name)
            else f"the list of {what} is not captured yet: capture the dataset {name} first"
        )

    def _sources(
        self, dataset: Dataset, names: tuple[str, ...], day: date, lost: frozenset[str]
    ) -> dict[str, Path]:
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
        return paths
