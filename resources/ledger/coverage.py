"""Which items of a captured day lack: they should have been asked about, and have no answer.

Expected on a day are all domains that existed before its end, and for datasets about streams or addresses
what the newest captures of their sources list. Here: the comparison with what a capture asked.
Not here: items in a manifest (manifest_items.py), which are known (known_items.py), cache files
(coverage_cache.py), states (states.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.catalog.spelling import domain_key, stream_key
from resources.api.request_plan import domains_of
from resources.api.windows import day_of, day_window
from resources.config import Settings
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import coverage_cache, listed_values
from resources.ledger.coverage_cache import CaptureItems, DatasetCache
from resources.ledger.known_items import (
    KnownDomain,
    PrerequisiteMissing,
    expected_items,
    known_domains,
)
from resources.ledger.listed_values import lists_of
from resources.ledger.manifest_items import (
    BY_DOMAIN,
    THE_ACCOUNT,
    asked_items,
    item_key,
    lacking_items,
)
from resources.raw.captures import (
    Capture,
    CaptureName,
    UnusableCapture,
    captures_in,
    folder_of,
    newest,
)
from resources.raw.erasures import Erasures

_SAVE_AFTER = 7  # new captures after which the cache file of a dataset is rewritten

_BY_LISTED_ITEM = (Scope.STREAM, Scope.ADDRESSES)


@dataclass
class Coverage:
    """Compares captures with what is expected. For one command; reads domains and settings once."""

    raw: Path
    lake: Path
    settings: Settings
    cache: Path | None = None
    """Folder of cache files; each may be deleted. None reads the manifests each time."""
    _caches: dict[str, DatasetCache] = field(default_factory=dict)
    _listed_values: dict[str, Mapping[str, date]] = field(default_factory=dict)
    _missing_domains: dict[tuple[str, str], list[KnownDomain]] = field(default_factory=dict)
    _lacking: dict[tuple[str, date, str], tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def domains(self) -> list[KnownDomain]:
        """Every known domain; none if the list of domains cannot be read."""
        with suppress(PrerequisiteMissing):
            return known_domains(self.lake, self.settings)
        return []

    def lacking(self, dataset: Dataset, day: date, capture: CaptureName) -> tuple[str, ...]:
        """Items of the day that `capture` should have asked about or has no answer for, sorted.

        A domain that did not exist before the end of the day is not expected. A capture whose
        manifest cannot be read lacks nothing here: `livestats verify` reports it.
        """
        key = (dataset.name, day, capture.text)
        if key in self._lacking:
            return self._lacking[key]
        found = self._items(dataset, day, capture)
        if found is None:
            return ()
        lacking = self._compared(dataset, day, capture, found)
        if dataset.scope not in _BY_LISTED_ITEM:  # those depend on files of other datasets
            self._lacking[key] = lacking
        return lacking

    def _compared(
        self, dataset: Dataset, day: date, capture: CaptureName, found: CaptureItems
    ) -> tuple[str, ...]:
        lacking = {item for item in found.lacking if self._is_known(dataset, item)}
        if dataset.scope in BY_DOMAIN:
            end = day_window(day, self.settings.zone)[1]
            if not self._was_about_a_role(dataset, found):
                never = self._never_asked(dataset, found.asked)
                lacking |= {one.domain.name for one in never if one.exists_before(end)}
            if lacking:
                lacking -= {one.domain.name for one in self.domains if not one.exists_before(end)}
        elif dataset.scope in _BY_LISTED_ITEM:
            there = self._newest_names(dataset, day)
            lacking |= set(self._unlisted(dataset, day, capture, found, there))
            lacking |= {f"what {name} lists" for name in found.absent_sources if name not in there}
            lacking |= set(self._lacking_in_sources(dataset, day, there))
        lacking |= set(self._unasked_values(dataset, capture, found))
        return tuple(sorted(item for item in lacking if not self._is_gone(item, day)))

    def _is_known(self, dataset: Dataset, item: str) -> bool:
        """False if the settings no longer name the domain, say because its name was corrected."""
        if not self.domains or item == THE_ACCOUNT or dataset.scope is Scope.ADDRESSES:
            return True
        return domain_key(item.partition("/")[0]) in self._known_keys

    @cached_property
    def _known_keys(self) -> frozenset[str]:
        return frozenset(domain_key(one.domain.name) for one in self.domains)

    def _is_gone(self, item: str, day: date) -> bool:
        """True for a domain or stream that a person called gone, and what was erased."""
        gone, erased = self._gone
        is_gone = domain_key(item.partition("/")[0]) in gone or stream_key(item) in gone
        return is_gone or erased.names(day, item)

    @cached_property
    def _gone(self) -> tuple[frozenset[str], Erasures]:
        home = Home(self.settings.home)
        return home.gone_domains | home.gone_streams, Erasures.of(self.raw)

    def save(self) -> None:
        """Write the cache files that have changed enough."""
        for name, cached in [*self._caches.items()]:
            if self.cache is not None and cached.changes >= _SAVE_AFTER:
                coverage_cache.write(self.cache / f"items-{name}.json", cached)
                cached.changes = 0

    # What a capture asked ----------------------------------------------------------------------

    def _items(self, dataset: Dataset, day: date, name: CaptureName) -> CaptureItems | None:
        cached = self._cache_of(dataset.name)
        known = cached.captures.get(name.text)
        if known is not None:
            return known
        found = self._read_items(dataset, day, name)
        if found is not None:
            cached.captures[name.text] = found
            cached.changes += 1
        return found

    def _read_items(self, dataset: Dataset, day: date, name: CaptureName) -> CaptureItems | None:
        capture = Capture(folder_of(self.raw, dataset.name, day) / name.text, name)
        try:
            manifest = capture.manifest
            asked = sorted(asked_items(dataset, manifest))
            values = listed_values.asked_values(dataset, manifest)
            lacking = _lacking_of(dataset, manifest)
        except (UnusableCapture, KeyError, TypeError, ValueError):
            return None
        domains = sorted(map(domain_key, manifest.get("domains", ())))
        sets = self._cache_of(dataset.name).item_sets
        if dataset.scope in BY_DOMAIN:  # few different sets; streams differ from day to day
            sets[_digest(asked)] = asked
        sets |= {_digest(domains): domains, _digest(values): values}
        return CaptureItems(
            _digest(asked),
            lacking,
            tuple(manifest.get("sources", {}).values()),
            tuple(manifest.get("absent_sources", ())),
            _digest(domains),
            _digest(values),
        )

    # Domains -----------------------------------------------------------------------------------

    def _was_about_a_role(self, dataset: Dataset, found: CaptureItems) -> bool:
        """True if all domains of the dataset's role that a capture asked about are no longer known.

        Without a domain of the role every domain is asked. If the capture knew a domain and did not ask
        it, there was one of the role then: the day lacks neither that domain nor later ones.
        """
        if self._has_role(dataset):
            return False
        sets = self._cache_of(dataset.name).item_sets
        return not {*sets.get(found.domains, ())} <= {*sets.get(found.asked, ())}

    def _has_role(self, dataset: Dataset) -> bool:
        """True if a known domain has the dataset's role."""
        return any(one.domain.serves(dataset.role) for one in self.domains)

    def _never_asked(self, dataset: Dataset, digest: str) -> list[KnownDomain]:
        """The domains of the dataset that are not in the set of asked ones."""
        key = (dataset.name, digest)
        if key not in self._missing_domains:
            asked = {*self._cache_of(dataset.name).item_sets.get(digest, ())}
            wanted = {*domains_of(dataset, [one.domain for one in self.domains])}
            self._missing_domains[key] = [
                one
                for one in self.domains
                if one.domain.name in wanted and domain_key(one.domain.name) not in asked
            ]
        return self._missing_domains[key]

    # Carriers and regions --------------------------------------------------------------------------

    def _unasked_values(
        self, dataset: Dataset, capture: CaptureName, found: CaptureItems
    ) -> Iterable[str]:
        """Values of lists that the dataset takes all of, and that the capture did not ask for."""
        lists = lists_of(dataset)
        if not lists:
            return
        sets = self._cache_of(dataset.name).item_sets
        asked = sets.get(found.values, ())
        if not asked and not sets.get(found.asked):
            return  # without a request none could name a value: all were about what was erased
        captured = day_of(capture.fetched_at, self.settings.zone)
        for source in lists:
            yield from listed_values.never_asked(self._listed(source), asked, captured)

    def _listed(self, source: str) -> Mapping[str, date]:
        """The values of a list of carriers or regions; none if it cannot be read."""
        if source not in self._listed_values:
            self._listed_values[source] = {}
            with suppress(PrerequisiteMissing):
                self._listed_values[source] = listed_values.listed_values(self.lake, source)
        return self._listed_values[source]

    # Streams and addresses ---------------------------------------------------------------------

    def _unlisted(
        self,
        dataset: Dataset,
        day: date,
        name: CaptureName,
        found: CaptureItems,
        there: Mapping[str, CaptureName],
    ) -> Iterable[str]:
        """Streams or addresses that the newest captures of the sources list and `name` did not ask."""
        is_same = sorted(found.sources) == sorted(one.text for one in there.values())
        was_known = not self._never_asked(dataset, found.domains)
        if found.sources and is_same and was_known and not dataset.streams:
            return ()  # most days, without reading a manifest
        sources = self.sources(dataset, day)
        wanted = sorted(domains_of(dataset, [one.domain for one in self.domains]))
        narrowing = _digest([*wanted, "", *dataset.streams])
        key = "|".join((name.text, *sorted(sources.values()), narrowing))
        cached = self._cache_of(dataset.name)
        if key not in cached.unlisted:
            missing = self._compare_listed(dataset, day, name, sources)
            if missing is None:
                return ()
            cached.unlisted[key] = missing
            cached.changes += 1
        return cached.unlisted[key]

    def sources(self, dataset: Dataset, day: date) -> dict[str, str]:
        """Names of the newest captures of the datasets that list the streams or addresses.

        A capture that belongs to another day, dataset or time zone does not count.
        """
        zone = self.settings.time_zone
        found = {name: newest(at, zone) for name, at in self._sources_of(dataset, day).items()}
        return {source: one.name.text for source, one in found.items() if one is not None}

    def _sources_of(self, dataset: Dataset, day: date) -> dict[str, Path]:
        """The folders of the day in the datasets that list the streams or addresses."""
        return {
            source: folder_of(self.raw, source, day)
            for source in dataset.needs
            if source in self.settings.datasets
        }

    def _lacking_in_sources(
        self, dataset: Dataset, day: date, there: Mapping[str, CaptureName]
    ) -> Iterable[str]:
        """Domains of the dataset that a source lacks: nobody knows what it would list of them."""
        for source, name in there.items():
            items = self.lacking(self.settings.of(DATASETS[source]), day, name)
            if items:
                domains = domains_of(dataset, [one.domain for one in self.domains])
                served = {*map(domain_key, domains)}
                yield from (item for item in items if domain_key(item) in served)

    def _newest_names(self, dataset: Dataset, day: date) -> dict[str, CaptureName]:
        """The newest captures of the sources by their names alone, wherever they belong."""
        found = {name: captures_in(at) for name, at in self._sources_of(dataset, day).items()}
        return {source: names[-1] for source, names in found.items() if names}

    def _compare_listed(
        self, dataset: Dataset, day: date, name: CaptureName, sources: Mapping[str, str]
    ) -> list[str] | None:
        """Listed items that were not asked; None if that cannot be told now.

        It cannot while a lake file is not that of its newest capture, after a crash between the two.
        """
        paths = {source: parquet.path_of(self.lake, source, day) for source in sources}
        origins = {source: parquet.provenance_of(path) for source, path in paths.items()}
        if any(one is None or one.capture != sources[name] for name, one in origins.items()):
            return None
        capture = Capture(folder_of(self.raw, dataset.name, day) / name.text, name)
        try:
            manifest = capture.manifest
            asked = asked_items(dataset, manifest)
            expected = expected_items(dataset, [one.domain for one in self.domains], paths)
        except (PrerequisiteMissing, UnusableCapture, KeyError, TypeError, ValueError):
            return None
        if dataset.scope is Scope.STREAM and not self._has_role(dataset):
            about = {item.partition("/")[0] for item in asked}
            if manifest.get("erased") or about - self._known_keys:  # of its role as it was then
                expected = frozenset(
                    item for item in expected if domain_key(item.partition("/")[0]) in about
                )
        return sorted(item for item in expected if item_key(dataset, item) not in asked)

    # Cache -------------------------------------------------------------------------------------

    def _cache_of(self, name: str) -> DatasetCache:
        if name not in self._caches:
            path = self.cache and self.cache / f"items-{name}.json"
            self._caches[name] = DatasetCache() if path is None else coverage_cache.read(path)
        return self._caches[name]


def _lacking_of(dataset: Dataset, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Items that a capture has no answer for.

    A capture of an earlier version may hold figures of the account out of two answers. They do not
    add up: such a day lacks the answer about the whole account. A derived capture carries the one
    answer that it is made of.
    """
    is_mixed = dataset.scope is Scope.ACCOUNT and "carried" in manifest
    is_mixed &= "derived_from" not in manifest
    # Once they are not gone any more, the day lacks them.
    gone = map(str, manifest.get("gone_streams", ()))
    return (*lacking_items(manifest), *gone, *([THE_ACCOUNT] if is_mixed else []))


def _digest(items: Sequence[str]) -> str:
    text = json.dumps(items).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:16]
