"""Facts of all days of a dataset, from raw archive and lake, cached between runs.

Not here: the facts of one day (raw_day.py), what they mean (states.py, read it next).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from resources.fs import atomic
from resources.lake import parquet
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

_FORMAT = 9
FEW_DAYS = 7  # up to so many wanted days are read without the cache
_SAVE_AFTER = 31  # the cache file is rewritten once so many days are new, or so many are gone
_KEPT_BYTES = 32_000_000
"""Of cache files whose content stays in memory, where it takes about three times as much."""

_kept: dict[Path, tuple[tuple[int, ...], Mapping[str, list[Any]]]] = {}  # path -> its stat, content
_keeping = threading.Lock()


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
        found = ((one, raw_captures.folder_of(root, dataset, one)) for one in sorted(wanted))
        return {one: read_day(folder)[0] for one, folder in found if folder.is_dir()}
    homes = " ".join(sorted(owner.homes_of(root)))  # whose captures count decides the facts
    file = f"raw-{dataset}-{hashlib.sha256(homes.encode()).hexdigest()[:8]}"
    cached = _read_changed(_day_folder_stats(root / dataset), read_day, _day_to_json, cache, file)
    listed = [one for one in cached if wanted is None or one in wanted]
    return {one: _day_from_json(cached[one]) for one in listed}


def lake_files(
    root: Path, dataset: str, wanted: Collection[date] | None = None, cache: Path | None = None
) -> dict[date, LakeFileFacts]:
    """Provenance of the lake files of `dataset` in the lake `root`; parameters as for `raw_days`.

    Days without a readable file are left out.
    """
    if wanted is not None and len(wanted) <= FEW_DAYS:
        paths = ((one, parquet.path_of(root, dataset, one)) for one in sorted(wanted))
        return {one: found for one, path in paths if (found := _read_lake_file(path)) is not None}
    cached = _read_changed(
        _lake_file_stats(root, dataset),
        _read_lake_file,
        _lake_file_to_json,
        cache,
        f"lake-{dataset}",
    )
    return {
        one: LakeFileFacts(*values)
        for one, values in cached.items()
        if wanted is None or one in wanted
    }


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


def _day_to_json(found: tuple[RawDayFacts, bool]) -> tuple[list[Any] | None, bool]:
    """A day as JSON, and whether it may be cached."""
    facts, is_cacheable = found
    seen = facts.last_seen and facts.last_seen.isoformat()
    names = [name.text for name in facts.captures]
    zones = facts.zones if len({*facts.zones}) > 1 else facts.zones[:1]
    listed: list[Any] = [names, seen, facts.is_partial, zones, facts.misplaced, facts.supplements]
    listed += [dict(facts.rows_by_domain), facts.contradictions, dict(facts.hours_by_domain)]
    listed += [facts.long_events, dict(facts.erased_rows), facts.derived_from]
    return listed, is_cacheable


def _day_from_json(values: list[Any]) -> RawDayFacts:
    captures, seen, is_partial, zones, misplaced, supplements, *of_newest = values
    by_domain, contradictions, hours, events, erased_rows, derived_from = of_newest
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
    )


def _lake_file_to_json(found: LakeFileFacts | None) -> tuple[list[Any] | None, bool]:
    """A lake file as JSON, and whether it may be cached; an unreadable file is read again next time."""
    if found is None:
        return None, False
    return [found.capture, found.version], True


def _read_changed(
    stats: _Stats,
    read: Callable[[Path], T],
    to_json: Callable[[T], tuple[list[Any] | None, bool]],
    cache: Path | None,
    name: str,
) -> dict[date, list[Any]]:
    """The facts of all listed days, as JSON: from the cache if unchanged, else from `read`.

    The cache file `name` is rewritten once _SAVE_AFTER days are new or gone.
    """
    known = {} if cache is None else _load_cache(cache / name)
    facts: dict[date, list[Any]] = {}
    current: dict[str, list[Any]] = {}
    new = 0
    for one, path, stat in stats:
        # The stat is from before the read: a change in between makes the next run read it again.
        state = [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        cached = known.get(text := one.isoformat())
        if cached is not None and cached[0] == state:
            facts[one], current[text] = cached[1], cached
            continue
        read_at_ns = time.time_ns()
        content, may_be_cached = to_json(read(Path(path)))
        if content is not None:
            facts[one] = content
        if may_be_cached and max(stat.st_mtime_ns, stat.st_ctime_ns) < read_at_ns - parquet.TICK_NS:
            current[text] = [state, content]
            new += 1
    if cache is not None and (new >= _SAVE_AFTER or len(known) - len(current) >= _SAVE_AFTER):
        _save_cache(cache / name, current)
    return dict(sorted(facts.items()))


def _load_cache(path: Path) -> Mapping[str, list[Any]]:
    """Entries of the cache file; {} if it is missing, damaged or of another format.

    Kept in memory, for a command reads the ledger several times. Nobody may change what this returns.
    """
    try:
        stat = path.stat()
    except OSError:
        return {}  # then all days are read
    state = (stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
    with _keeping:
        kept = _kept.get(path)
        if kept is not None and kept[0] == state:
            return kept[1]
        _kept.pop(path, None)
        found = _parsed(path)
        if found and stat.st_size + sum(size for (size, *_), _ in _kept.values()) <= _KEPT_BYTES:
            _kept[path] = state, found
        return found


def _parsed(path: Path) -> Mapping[str, list[Any]]:
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() == digest:
            found = json.loads(text)
            if found["format"] == _FORMAT:
                return dict(found["days"])
    except (OSError, ValueError):
        pass
    return {}


def _save_cache(path: Path, entries: Mapping[str, list[Any]]) -> None:
    text = json.dumps({"format": _FORMAT, "days": entries}, separators=(",", ":")).encode()
    data = hashlib.sha256(text).hexdigest().encode() + b"\n" + text
    with suppress(OSError):  # a user with read-only access reads all days each time
        path.parent.mkdir(exist_ok=True)
        atomic.write_atomically(path, data)
