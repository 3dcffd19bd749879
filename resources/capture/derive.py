"""Makes captures of account-wide series out of answers that hold them beside a split, without the API.

A derived capture carries the answers of the split dataset's capture by hard link, and its manifest
names that capture. Not here: reading the plain list (api/parsing), when a day is due (partition.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import SPLITS
from resources.api.request_plan import Request, offered_variants, request_of
from resources.api.windows import Window, day_of, day_window
from resources.capture.inventory import InventoryReader, PrerequisiteMissing
from resources.capture.result import named_items
from resources.capture.staged_files import StagedFiles
from resources.config import Settings
from resources.fs import access
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import states
from resources.ledger.coverage import Coverage
from resources.ledger.derived_days import is_outdated
from resources.ledger.evidence import Evidence
from resources.ledger.raw_day import RawDayFacts, raw_day
from resources.raw import captures
from resources.raw.captures import Capture, UnusableCapture
from resources.raw.erased_rows import ERASED_ROWS

_CARRIERS = SPLITS["ISP"]
_TIMES = ("StartTime", "EndTime")


@dataclass(frozen=True)
class Source:
    """The capture of a split dataset that a day can be made of."""

    dataset: Dataset
    capture: Capture


@dataclass(frozen=True)
class Sources:
    """Finds what days can be made of. `now` decides which days are still asked for late data."""

    home: Home
    settings: Settings
    coverage: Coverage
    inventory: InventoryReader
    now: datetime
    _days: dict[str, frozenset[date]] = field(default_factory=dict)
    """Days of split datasets with a folder: a plan over a year looks at no others."""
    _suspect: dict[str, frozenset[date]] = field(default_factory=dict)

    def of(self, dataset: Dataset, day: date) -> tuple[Source | None, str]:
        """What a day can be made of that has no capture or `is_outdated`; else None, and why not.

        The reason is "" for a day that no split dataset has captured, and for one that is so young
        that it is asked for: whoever captures both in one run makes one request more a day.
        """
        if (day_of(self.now, self.settings.zone) - day).days <= dataset.reread_days:
            return None, ""
        reasons = []
        for name in dataset.derived_from:
            parent = self.settings.of(DATASETS[name])
            try:
                capture = self._capture_of(name, day)
            except OSError as error:
                if not access.is_of_one_place(error):
                    raise
                reasons.append(f"{name} cannot be looked at: {access.reason(error)}")
                continue
            if capture is None:
                continue
            held = self._newest(dataset.name, day)
            if held is not None and capture.name.fetched_at <= held.name.fetched_at:
                reasons.append(f"{name} has nothing newer")
                continue
            if day in self._suspect_days(parent):
                reasons.append(f"{name} is suspect")
                continue
            try:
                reason = self._reason_against(dataset, day, parent, capture)
            except (UnusableCapture, KeyError, TypeError, ValueError):
                reason = "cannot be read: `livestats verify` names the file"
            if not reason:
                return Source(parent, capture), ""
            reasons.append(f"{name} {reason}")
        return None, "; ".join(reasons)

    def is_outdated(self, dataset: Dataset, day: date) -> bool:
        """True if what the day was made of has a later capture, which the day has to follow."""
        own = self._facts(dataset.name, day)
        return bool(own.derived_from) and is_outdated(own, self._facts(own.derived_from, day))

    def _facts(self, name: str, day: date) -> RawDayFacts:
        folder = captures.folder_of(self.home.raw, name, day)
        return raw_day(folder).in_zone(self.settings.time_zone)

    def _suspect_days(self, parent: Dataset) -> frozenset[date]:
        """Days of a split dataset that others or itself contradict: what is made of them would be, too."""
        name = parent.name
        if name not in self._suspect:
            home, zone = self.home, self.settings.zone
            days, none = [*self._days[name]], timedelta(0)
            lines = states.entries(
                parent,
                days,
                home.raw,
                self.now,
                zone,
                none,
                home.file_index,
                coverage=self.coverage,
            )
            evidence = Evidence.of(self.settings, home.raw, home.file_index)
            marked = evidence.marked(name, lines)
            self._suspect[name] = frozenset(line.day for line in marked if line.is_suspect)
        return self._suspect[name]

    def _capture_of(self, name: str, day: date) -> Capture | None:
        if name not in self._days:
            self._days[name] = frozenset(captures.days_of(self.home.raw, name))
        if day not in self._days[name]:
            return None
        return self._newest(name, day)

    def _newest(self, name: str, day: date) -> Capture | None:
        folder = captures.folder_of(self.home.raw, name, day)
        return captures.newest(folder, self.settings.time_zone)

    def _reason_against(
        self, dataset: Dataset, day: date, parent: Dataset, capture: Capture
    ) -> str:
        """Why a capture does not hold the account as a whole; "" if it does."""
        manifest = capture.manifest
        if manifest.get("settings", {}).get("domains") != dataset.meaning.get("domains"):
            return "is limited to other domains by the settings"
        lacking = self.coverage.lacking(parent, day, capture.name)
        if lacking:
            return f"lacks {named_items(lacking)}"
        requests = [request_of(dataset, one["payload"]) for one in manifest["requests"]]
        lists = {_list_of(one) for one in requests}
        if len(lists) > 1 or any("only" in one for one in manifest["requests"]):
            return f"was asked in {len(lists)} lists of domains"
        if any(not self._is_whole(dataset, one) for one in requests):
            return "was asked for some carriers or protocols only, or in slots of another width"
        windows = {variant: [*some] for variant, some in _by_variant(dataset, requests)}
        if {*windows} != {_variant(dataset, one) for one in self._variants(dataset)}:
            return "was asked for other variants"
        start, end = day_window(day, self.settings.zone)
        if any(not _tile(some, start, end) for some in windows.values()):
            return "has windows that do not make up the day"
        return ""

    def _variants(self, dataset: Dataset) -> Sequence[Mapping[str, object]]:
        return offered_variants(dataset, self.settings.absent_parameters)

    def _is_whole(self, dataset: Dataset, request: Request) -> bool:
        """True if nothing but domains narrows a request: its filter of carriers has all of them."""
        payload = request.payload
        known = {"DomainList", "DetailField", "Aggregation", *_TIMES, *dataset.variant_columns}
        carriers = payload.get(str(_CARRIERS.filter))
        if payload.get("Aggregation") != dataset.bucket_s:
            return False
        if not {*payload} <= {*known, *dataset.parameters, str(_CARRIERS.filter)}:
            return False
        return carriers is None or {*self._carriers} <= {*_texts(carriers)}

    @property
    def _carriers(self) -> Sequence[str]:
        """Every carrier known now; one that nobody can have asked for where none is known."""
        try:
            return self.inventory.isps()
        except PrerequisiteMissing:
            return ("",)


def captured_sources(
    home: Home, due: Mapping[Dataset, Sequence[date]]
) -> frozenset[tuple[str, date]]:
    """Days of split datasets that are captured, as far as days in `due` can be made of them."""
    return frozenset(
        (name, day)
        for dataset, days in due.items()
        for name in dataset.derived_from
        for day in days
        if _is_captured(captures.folder_of(home.raw, name, day))
    )


def _is_captured(folder: Path) -> bool:
    """True if a day has a capture; one that cannot be looked at is no source."""
    try:
        return bool(captures.captures_in(folder))
    except OSError as error:
        if not access.is_of_one_place(error):
            raise
        return False


def make_capture(home: Home, dataset: Dataset, day: date, source: Source) -> parquet.Provenance:
    """Commit a capture that carries the answers of `source`, and its lake file.

    The caller holds the lock of the day, and has the source from `Sources.of`. Its time is that of the source: when
    the API said so. Raises UnusableCapture or ApiError if the answers do not hold the series.
    """
    made_of = source.capture
    staged = StagedFiles.open(home, dataset, day, made_of)
    try:
        known = made_of.manifest
        facts: dict[str, object] = {
            "time_zone": known["time_zone"],
            "domains": known.get("domains", []),
            **({"home": of_home} if (of_home := known.get("home") or home.id) else {}),
            **({"settings": dict(dataset.meaning)} if dataset.meaning else {}),
            "derived_from": {"dataset": source.dataset.name, "capture": made_of.name.text},
            **{key: known[key] for key in ("any_width", "erased", ERASED_ROWS) if key in known},
            **staged.table.stats.facts(),
        }
        rows = staged.table.stats.rows
        name = staged.capture.seal(made_of.name.fetched_at, rows, None, facts)
        origin = staged.table.seal(name, staged.capture.requests)
        home.raise_format()
        capture = staged.capture.commit(name)
        staged.table.commit()
    except BaseException:
        staged.abandon()
        raise
    (capture.folder.parent / states.PARTIAL).unlink(missing_ok=True)
    return origin


def _by_variant(
    dataset: Dataset, requests: Sequence[Request]
) -> Iterator[tuple[str, Iterator[Window | None]]]:
    def key(one: Request) -> str:
        return _variant(dataset, one.payload)

    for variant, some in groupby(sorted(requests, key=key), key=key):
        yield variant, (one.window for one in some)


def _variant(dataset: Dataset, payload: Mapping[str, object]) -> str:
    """The parameters that make a variant of the dataset, as text that can be compared."""
    names = {*dataset.variant_columns, *dataset.parameters}
    return json.dumps({name: payload[name] for name in sorted(names) if name in payload})


def _tile(windows: Sequence[Window | None], start: datetime, end: datetime) -> bool:
    """True if windows follow on one another from `start` to `end`."""
    at = start
    for window in sorted(one for one in windows if one is not None):
        if window[0] != at:
            return False
        at = window[1]
    return at == end


def _list_of(request: Request) -> frozenset[str]:
    return frozenset(_texts(request.payload.get("DomainList", ())))


def _texts(values: Any) -> list[str]:
    return [str(one) for one in values]
