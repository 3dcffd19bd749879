"""Facts of all days of a dataset, from raw archive and lake, cached between runs.

Not here: the facts of one day (raw_day.py), what they mean (states.py, read it next).
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from resources.lake import parquet
from resources.ledger import cache_file
from resources.ledger.cache_file import Stat
from resources.ledger.raw_day import RawDayFacts, read_day
from resources.raw import captures as raw_captures
from resources.raw import owner
from resources.raw.captures import CaptureName

T = TypeVar("T")

# Listing a day's folder and reading its notes, or opening a footer, takes 0.1 to 0.3 ms: seconds for
# three years of all datasets. So the facts are cached in `state/remembered/`, with the inode, size,
# mtime and ctime that the folder or file had just before it was read. A cached fact is used only if
# all of these are unchanged, which means that nothing was created, removed or renamed in the folder:
#
# - livestats replaces files and folders by renaming. That gives a folder a new mtime and a file a new
#   inode. Moving a capture by hand or restoring a backup also changes the ctime, which cannot be set.
# - Two changes can fall into one tick of the file system's clock. So a fact is cached only if the
#   last change is at least two seconds older than the read.
# - A byte that is flipped in place changes no stat. The ledger rests on names, so its states do not
#   change either; `livestats verify` reads the contents and uses no cache.
#
# Each cache file has its own checksum. Deleting it costs one slow read and loses nothing.

_FORMAT = "days 12"
FEW_DAYS = 7  # at most, of wanted days that are read without the cache
_SAVE_AFTER = 7  # new days, or days that are gone, after which the cache file is rewritten
_KEPT_BYTES = 20_000_000
"""Of cache files whose content stays in memory, where it takes about six times as much."""


@dataclass(frozen=True)
class _Remembered(Generic[T]):
    """What is known of the days of a dataset, saved in a cache file or not yet."""

    file: Stat | None = None  # of the cache file when it was read or written; None: there was none
    days: Mapping[str, tuple[Stat, T]] = field(default_factory=dict)  # never changed
    unsaved: frozenset[str] = frozenset()  # of these days: not in the file


_kept: dict[Path, _Remembered[Any]] = {}
_keeping = threading.Lock()


@dataclass(frozen=True)
class _Kind(Generic[T]):
    """What is remembered about each day: how it is read, and its form in a cache file."""

    read: Callable[[Path], tuple[T | None, bool]]  # None: nothing to tell; whether it may be cached
    to_json: Callable[[T], list[Any]]
    from_json: Callable[[list[Any]], T]


@dataclass(frozen=True)
class LakeFileFacts:
    """Provenance of one lake file, from its footer."""

    capture: str  # name of the capture that the rows come from
    version: str  # of normaliser and schema, as `parquet.version_of` gives it


def raw_days(
    root: Path, dataset: str, wanted: Collection[date] | None = None, cache: Path | None = None
) -> dict[date, RawDayFacts]:
    """The facts of all days of `dataset` in the raw archive `root`, or of the `wanted` days.

    `cache` is the folder of the cache files; None reads everything from the archive. Days without a
    folder are left out, and all days of a dataset without one that this user may list.
    """
    if not os.access(root / dataset, os.R_OK | os.X_OK):
        return {}
    if wanted is not None and len(wanted) <= FEW_DAYS:
        folders = ((one, raw_captures.folder_of(root, dataset, one)) for one in sorted(wanted))
        return {one: read_day(folder)[0] for one, folder in folders if folder.is_dir()}
    homes = " ".join(sorted(owner.homes_of(root)))  # whose captures count decides the facts
    file = f"raw-{dataset}-{hashlib.sha256(homes.encode()).hexdigest()[:8]}"
    kind = _Kind(read_day, _day_to_json, _day_from_json)
    found = _read_changed(_day_folder_stats(root / dataset), kind, cache, file)
    return {one: facts for one, facts in found.items() if wanted is None or one in wanted}


def lake_files(
    root: Path, dataset: str, wanted: Collection[date] | None = None, cache: Path | None = None
) -> dict[date, LakeFileFacts]:
    """Provenance of the lake files of `dataset` in the lake `root`; parameters as for `raw_days`.

    Days without a readable file are left out.
    """
    if wanted is not None and len(wanted) <= FEW_DAYS:
        paths = ((one, parquet.path_of(root, dataset, one)) for one in sorted(wanted))
        return {one: file for one, path in paths if (file := _read_lake_file(path)) is not None}
    kind = _Kind(_read_and_judge_lake_file, _lake_file_to_json, _lake_file_from_json)
    found = _read_changed(_lake_file_stats(root, dataset), kind, cache, f"lake-{dataset}")
    return {one: facts for one, facts in found.items() if wanted is None or one in wanted}


# Reading ---------------------------------------------------------------------------------------


def _read_lake_file(path: Path) -> LakeFileFacts | None:
    """Provenance of a lake file; None if it is missing, unreadable or of another day or dataset."""
    origin = parquet.provenance_of(path)
    if origin is None or not origin.is_of(path):
        return None
    return LakeFileFacts(origin.capture, origin.version)


_Stats = Iterator[tuple[date, str, os.stat_result]]


def _day_folder_stats(folder: Path) -> _Stats:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as listed:
        for entry in listed:
            one = raw_captures.day_named(entry.name)
            if one is not None:
                yield one, entry.path, entry.stat()


def _lake_file_stats(root: Path, dataset: str) -> _Stats:
    for one, (path, state) in parquet.states_of(root, dataset).items():
        yield one, path, state


# Caching ---------------------------------------------------------------------------------------


def _day_to_json(facts: RawDayFacts) -> list[Any]:
    seen = facts.last_seen and facts.last_seen.isoformat()
    names = [name.text for name in facts.captures]
    zones = facts.zones if len({*facts.zones}) > 1 else facts.zones[:1]
    listed: list[Any] = [names, seen, facts.is_partial, zones, facts.misplaced, facts.supplements]
    listed += [dict(facts.rows_by_domain), facts.contradictions, dict(facts.hours_by_domain)]
    listed += [facts.long_events, dict(facts.erased_rows), facts.derived_from, facts.erased]
    return listed


def _day_from_json(values: list[Any]) -> RawDayFacts:
    captures, seen, is_partial, zones, misplaced, supplements, *of_newest = values
    by_domain, contradictions, hours, events, erased_rows, derived_from, erased = of_newest
    last_seen = None if seen is None else datetime.fromisoformat(seen)
    names = tuple(map(CaptureName, captures))
    zones = zones if len(zones) == len(names) else zones * len(names)
    return RawDayFacts(
        captures=names,
        last_seen=last_seen,
        is_partial=is_partial,
        zones=tuple(zones),
        misplaced=tuple(misplaced),
        supplements=tuple(supplements),
        rows_by_domain=by_domain,
        contradictions=tuple(contradictions),
        hours_by_domain=hours,
        long_events=tuple(map(tuple, events)),
        erased_rows=erased_rows,
        derived_from=derived_from,
        erased=tuple(erased),
    )


def _read_and_judge_lake_file(path: Path) -> tuple[LakeFileFacts | None, bool]:
    """Provenance of a lake file; an unreadable one may not be cached, so it is read next time."""
    found = _read_lake_file(path)
    return found, found is not None


def _lake_file_to_json(facts: LakeFileFacts) -> list[Any]:
    return [facts.capture, facts.version]


def _lake_file_from_json(values: list[Any]) -> LakeFileFacts:
    return LakeFileFacts(*values)


def _read_changed(stats: _Stats, kind: _Kind[T], cache: Path | None, name: str) -> dict[date, T]:
    """The facts of all listed days: from the cache where unchanged, else read.

    The cache file `name` is rewritten once _SAVE_AFTER days are new or gone.
    """
    path = None if cache is None else cache / name
    known: _Remembered[T] = _Remembered() if path is None else _remembered(path, kind)
    facts: dict[date, T] = {}
    current: dict[str, tuple[Stat, T]] = {}
    fresh: set[str] = set()
    for one, folder, stat in stats:
        # The stat is from before the read: a change in between makes the next run read it again.
        state = cache_file.numbers_of(stat)
        cached = known.days.get(text := one.isoformat())
        if cached is not None and cached[0] == state:
            facts[one], current[text] = cached[1], cached
            continue
        read_at_ns = time.time_ns()
        found, may_be_cached = kind.read(Path(folder))
        if found is None:
            continue
        facts[one] = found
        if may_be_cached and max(stat.st_mtime_ns, stat.st_ctime_ns) < read_at_ns - parquet.TICK_NS:
            current[text] = state, found
            fresh.add(text)
    if path is not None:
        file, unsaved = known.file, frozenset(fresh | (known.unsaved & current.keys()))
        if max(len(unsaved), len(known.days) - len(current)) >= _SAVE_AFTER:
            days = {text: [state, kind.to_json(its)] for text, (state, its) in current.items()}
            cache_file.write(path, _FORMAT, days)
            file, unsaved = cache_file.stat_of(path), frozenset()
        _keep(path, _Remembered(file, current, unsaved))
    return dict(sorted(facts.items()))


def _remembered(path: Path, kind: _Kind[T]) -> _Remembered[T]:
    """What is kept in memory if the cache file is still the same, else what is in that.

    Nothing if it is missing, damaged or of another format: then all days are read.
    """
    state = cache_file.stat_of(path)
    with _keeping:
        kept = _kept.get(path)
    if kept is not None and kept.file == state:
        return kept
    found = cache_file.read(path, _FORMAT)
    days = {text: ((*of_day,), kind.from_json(its)) for text, (of_day, its) in found.items()}
    return _Remembered(state, days)


def _keep(path: Path, known: _Remembered[Any]) -> None:
    """Keep it in memory, for a command reads the ledger several times; not more than _KEPT_BYTES."""
    size = known.file[1] if known.file else 0
    with _keeping:
        _kept.pop(path, None)
        others = sum(one.file[1] for one in _kept.values() if one.file)
        if size + others <= _KEPT_BYTES and (size or len(known.days) < _SAVE_AFTER):
            _kept[path] = known
