"""The facts of one day in the raw archive: names of its captures, their manifests, its notes.

Not here: all days at once, cached (file_index.py, read it next).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from resources.ledger import refused_captures
from resources.ledger.refused_captures import REFUSED
from resources.ledger.taken_back import taken_back
from resources.raw import owner, seen_notes, tombstones
from resources.raw.captures import Capture, CaptureName, UnusableCapture
from resources.raw.manifest_facts import ManifestFacts, manifest_facts

PARTIAL = "partial.json"
"""Note beside the captures of a day: what was missing at the last attempt."""


@dataclass(frozen=True)
class RawDayFacts:
    """The facts of one day in the raw archive."""

    captures: tuple[CaptureName, ...] = ()  # complete ones of this dataset and day, oldest first
    last_seen: datetime | None = None  # when the API last returned the content of the newest one
    is_partial: bool = False  # the folder has the note PARTIAL: an attempt failed
    zones: tuple[str, ...] = ()  # time zone that each capture states; "" if none
    misplaced: tuple[str, ...] = ()  # other captures in the folder, with what each holds
    erased: tuple[str, ...] = ()  # captures that an erasure took and that are back: see tombstones
    supplements: tuple[str, ...] = ()  # names of captures that complete the one before
    rows_by_domain: Mapping[str, int] = field(default_factory=dict)
    """Rows of each domain that the newest capture has an answer for; {}: it does not state them."""
    hours_by_domain: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Hours of these domains with some activity, and with plenty, as lake/activity.py has them."""
    long_events: tuple[tuple[str, str, int, int], ...] = ()  # see lake/long_events.py
    contradictions: tuple[str, ...] = ()  # of the newest capture, in words
    erased_rows: Mapping[str, int] = field(default_factory=dict)
    """Rows by domain that an erasure took out of the newest capture, as raw/erased_rows.py has them."""
    derived_from: str = ""  # of the newest capture, likewise

    @property
    def restatements(self) -> list[CaptureName]:
        """The captures that are no supplement: 2 mean that the vendor restated the day once."""
        return [name for name in self.captures if name.text not in self.supplements]

    def in_zone(self, zone: str) -> RawDayFacts:
        """These facts without captures of days of another time zone, which are then misplaced."""
        if all(stated in ("", zone) for stated in self.zones):
            return self
        pairs = [*zip(self.captures, self.zones, strict=True)]
        kept = [(name, stated) for name, stated in pairs if stated in ("", zone)]
        wrong = [f"{name.text} holds a day of {stated}" for name, stated in pairs
                 if stated not in ("", zone)]  # fmt: skip
        is_newest_kept = bool(kept) and kept[-1][0] == self.captures[-1]
        return replace(
            self,
            rows_by_domain=self.rows_by_domain if is_newest_kept else {},
            hours_by_domain=self.hours_by_domain if is_newest_kept else {},
            long_events=self.long_events if is_newest_kept else (),
            contradictions=self.contradictions if is_newest_kept else (),
            erased_rows=self.erased_rows if is_newest_kept else {},
            derived_from=self.derived_from if is_newest_kept else "",
            captures=tuple(name for name, _ in kept),
            zones=tuple(stated for _, stated in kept),
            last_seen=max((name.fetched_at for name, _ in kept), default=None),
            misplaced=(*self.misplaced, *wrong),
        )


def raw_day(folder: Path) -> RawDayFacts:
    """The facts of one day, read from its folder without the cache."""
    return read_day(folder)[0]


def read_day(folder: Path) -> tuple[RawDayFacts, bool]:
    """The facts of a day, and whether they may be cached."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a tenth of the time of Path.iterdir
    except (FileNotFoundError, NotADirectoryError):
        return RawDayFacts(), False
    gone, is_read = _erased(folder, names)
    counting = (CaptureName.parse(text) for text in names if text not in gone)
    facts, is_cacheable = _in_place(folder, sorted(one for one in counting if one is not None))
    facts = replace(facts, erased=tuple(sorted(gone.intersection(names))))
    is_cacheable &= is_read
    times = [facts.captures[-1].fetched_at] if facts.captures else []
    if seen_notes.SEEN in names:
        try:
            notes = seen_notes.seen(folder)
            if facts.misplaced or facts.erased:  # so the notes may be about them
                known = {name.text for name in facts.captures}
                notes = [note for note in notes if note["capture"] in known]
            times += [datetime.fromisoformat(note["seen_at"]) for note in notes]
        except (OSError, ValueError):  # `livestats verify` reports the damaged note
            is_cacheable = False  # a repair in place does not change the folder's stat
    if REFUSED in names and facts.captures:
        reason = refused_captures.reason_of(folder, facts.captures[-1].text)
        is_cacheable &= bool(reason)  # it may be about another capture, or not readable now
        refused = (f"its answers are refused: {reason}",) if reason else ()
        facts = replace(facts, contradictions=(*facts.contradictions, *refused))
    is_partial = PARTIAL in names and (folder / PARTIAL).is_file()
    last_seen = max(times, default=None)
    return replace(facts, last_seen=last_seen, is_partial=is_partial), is_cacheable


def _erased(folder: Path, names: Sequence[str]) -> tuple[frozenset[str], bool]:
    """The captures that an erasure took, and whether the note of them could be read."""
    if tombstones.ERASED not in names:
        return frozenset(), True
    try:
        return frozenset(one.capture for one in tombstones.of_day(folder)), True
    except (OSError, ValueError):  # `livestats verify` reports the damaged note
        return frozenset(), False


def _in_place(folder: Path, names: Sequence[CaptureName]) -> tuple[RawDayFacts, bool]:
    """What a day's manifests state, and which captures belong elsewhere; whether all could be read.

    A capture whose manifest cannot be read counts by its name; `livestats verify` reports it. What
    mends the manifest does not change the stat of the day's folder.
    """
    kept: list[tuple[CaptureName, str]] = []
    misplaced, supplements = [], []
    newest: ManifestFacts | None = None
    known: list[ManifestFacts] = []
    dataset, day = folder.parent.name, folder.name
    homes = owner.homes_of(folder.parents[1])
    is_all_read = True
    for name in names:
        try:
            facts = manifest_facts(Capture(folder / name.text, name))
        except UnusableCapture:
            kept.append((name, ""))
            newest, is_all_read = None, False
            continue
        problem = facts.misplacement(dataset, day, homes=homes)
        if problem:
            misplaced.append(f"{name.text} {problem}")
        else:
            kept.append((name, facts.time_zone))
            newest = facts
            known.append(facts)
            if facts.is_supplement:
                supplements.append(name.text)
    facts_of_day = RawDayFacts(
        captures=tuple(name for name, _ in kept),
        zones=tuple(zone for _, zone in kept),
        misplaced=tuple(misplaced),
        supplements=tuple(supplements),
        rows_by_domain=newest.rows_by_domain if newest else {},
        hours_by_domain=newest.hours_by_domain if newest else {},
        long_events=newest.long_events if newest else (),
        contradictions=(*newest.contradictions, *taken_back(known)) if newest else (),
        erased_rows=newest.erased_rows if newest else {},
        derived_from=newest.derived_from if newest else "",
    )
    return facts_of_day, is_all_read
