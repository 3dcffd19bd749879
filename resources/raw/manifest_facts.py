"""Sealed facts of a capture: what its manifest says that it holds, compared with where it lies.

A capture whose facts contradict its folders does not count: it is named, and its day is asked again.
Not here: the whole manifest (captures.py), states (resources/ledger). Read next: captures.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resources.api.catalog.spelling import domain_key
from resources.raw.erased_rows import ERASED_ROWS

if TYPE_CHECKING:
    from resources.raw.captures import Capture


@dataclass(frozen=True)
class ManifestFacts:
    """What the manifest of a capture states about all of its responses."""

    dataset: str
    day: str
    time_zone: str  # "" if it states none
    format: int
    settings: Mapping[str, object] = field(default_factory=dict)  # that differ from the defaults
    is_supplement: bool = False  # completes an earlier capture of the day, and restates nothing
    rows_by_domain: Mapping[str, int] = field(default_factory=dict)  # of all with an answer
    hours_by_domain: Mapping[str, tuple[int, int]] = field(
        default_factory=dict
    )  # see lake/activity
    long_events: tuple[tuple[str, str, int, int], ...] = ()  # see lake/long_events
    contradictions: tuple[str, ...] = ()  # what in the answers contradicts their own rows, in words
    home: str = ""  # id of the home that captured it; "" if it states none
    erased_rows: Mapping[str, int] = field(default_factory=dict)  # see raw/erased_rows
    derived_from: str = ""  # dataset whose answers it carries; "": it was asked

    def misplacement(
        self, dataset: str, day: str, time_zone: str | None = None, homes: Collection[str] = ()
    ) -> str:
        """What contradicts a place in the archive, as in "holds edge_stat 2026-11-20"; "" if nothing.

        `time_zone` is that of the archive; None: it is not compared. `homes` are the ids of the homes
        whose captures count; empty: they are not compared.
        """
        if (self.dataset, self.day) != (dataset, day):
            return f"holds {self.dataset} {self.day}"
        if time_zone and self.time_zone and self.time_zone != time_zone:
            return f"holds a day of {self.time_zone}"
        if homes and self.home and self.home not in homes:
            return f"was captured by another home ({self.home})"
        return ""


def contradictions(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What in the answers of a capture contradicts their rows, in words."""
    totals = (f"{one} differs from its rows" for one in manifest.get("disagreeing", ()))
    others = (text for key in ("contradictions", "any_width") for text in manifest.get(key, ()))
    return (*totals, *map(str, others))


_known: dict[str, ManifestFacts] = {}
"""Facts by the name of a capture, which holds the checksum of the manifest. About 0.3 kB
each, and more with many domains."""


def manifest_facts(capture: Capture) -> ManifestFacts:
    """The facts of a capture. Raises UnusableCapture if its manifest cannot be read.

    A manifest is read once in a process.
    """
    name = capture.name.text
    if name not in _known:
        manifest = capture.manifest
        _known[name] = ManifestFacts(
            dataset=str(manifest.get("dataset", "")),
            day=str(manifest.get("day", "")),
            time_zone=str(manifest.get("time_zone", "")),
            format=int(manifest.get("format", 1)),
            settings=dict(manifest.get("settings", {})),
            is_supplement="completes" in manifest,
            home=str(manifest.get("home", "")),
            rows_by_domain={
                domain_key(k): int(v) for k, v in manifest.get("rows_by_domain", {}).items()
            },
            hours_by_domain={
                domain_key(k): (int(some), int(plenty))
                for k, (some, plenty) in manifest.get("hours_by_domain", {}).items()
            },
            long_events=tuple(
                (str(key), domain_key(domain), int(begin), int(end))
                for key, domain, begin, end in manifest.get("long_events", ())
            ),
            contradictions=contradictions(manifest),
            erased_rows={domain_key(k): int(v) for k, v in manifest.get(ERASED_ROWS, {}).items()},
            derived_from=str(manifest.get("derived_from", {}).get("dataset", "")),
        )
    return _known[name]
