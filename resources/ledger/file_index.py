"""What names in the raw archive and footers in the lake say, remembered from one look to the next.

The ledger is made from these facts and from nothing else. Listing a folder and reading its notes,
or opening a footer, takes 0.1 to 0.3 ms: for three years of all datasets, seconds. So what was read
is kept in `state/remembered/`, beside what the file system said of the folder or file just before
it was read: its inode, size and the times of its last changes. It is used only as long as all of
these are still the same, which means that nothing was created, removed or renamed in the folder:

- Whatever livestats changes, it swaps in by renaming. That gives a folder a new time and a file a
  new inode. So does moving a capture away by hand, or a backup that is played back: the time of
  change (ctime) cannot be set back.
- Two changes may fall into one tick of the file system's clock. Hence only what last changed two
  seconds before the look or earlier is remembered.
- A byte that is flipped in place is no change to the file system. It is none to the ledger either,
  which rests on names: `livestats verify` reads contents, and remembers nothing.

Each memory has its own checksum. Deleting it costs one slow look; nothing else depends on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from resources.fs import atomic
from resources.lake import parquet
from resources.raw import captures as raw_captures
from resources.raw.captures import CaptureName

T = TypeVar("T")

_FORMAT = 1
_FEW = 7  # days that are looked at without a memory
_MANY = 31  # days that are new or gone before it is written again

PARTIAL = "partial.json"
"""Beside the captures of a day: what was missing when it was last tried."""


@dataclass(frozen=True)
class RawDayFacts:
    """What the raw archive has of one day."""

    captures: tuple[CaptureName, ...] = ()  # the complete ones, oldest first
    last_seen: datetime | None = None  # when the API was last found to say what the newest says
    is_partial: bool = False  # it was tried since, or before, and something was missing


@dataclass(frozen=True)
class LakeFileFacts:
    """What one lake file says of itself."""

    capture: str  # name of the capture that its rows come from
    schema_version: int  # of the normaliser that made it


def day(folder: Path) -> RawDayFacts:
    """The facts of one day, read from its folder now."""
    return _read_day(folder)[0]


def days(
    root: Path, dataset: str, wanted: Collection[date] | None = None, memory: Path | None = None
) -> dict[date, RawDayFacts]:
    """The facts of all days of `dataset` in the raw archive `root`, or of the `wanted` ones.

    `memory` is the folder of what is remembered; None reads everything anew. Days that were never
    worked on are left out.
    """
    if wanted is not None and len(wanted) <= _FEW:
        folders = ((one, raw_captures.folder_of(root, dataset, one)) for one in sorted(wanted))
        return {one: day(folder) for one, folder in folders if folder.is_dir()}
    found = _look(_day_folders(root / dataset), _read_day, _kept_day, memory, f"raw-{dataset}")
    return {one: _day_of(said) for one, said in found.items() if wanted is None or one in wanted}


def made(
    root: Path, dataset: str, wanted: Collection[date] | None = None, memory: Path | None = None
) -> dict[date, LakeFileFacts]:
    """What the readable files of `dataset` in the lake `root` say of themselves; as for `days`."""
    if wanted is not None and len(wanted) <= _FEW:
        paths = ((one, parquet.path_of(root, dataset, one)) for one in sorted(wanted))
        return {one: found for one, path in paths if (found := _read_made(path)) is not None}
    said = _look(_lake_files(root, dataset), _read_made, _kept_made, memory, f"lake-{dataset}")
    return {
        one: LakeFileFacts(*kept) for one, kept in said.items() if wanted is None or one in wanted
    }


# Reading ---------------------------------------------------------------------------------------


def _read_day(folder: Path) -> tuple[RawDayFacts, bool]:
    """The facts of a day, and whether they may be remembered."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a tenth of the time of Path.iterdir
    except (FileNotFoundError, NotADirectoryError):
        return RawDayFacts(), False
    captures = sorted(name for text in names if (name := CaptureName.parse(text)) is not None)
    times = [captures[-1].fetched_at] if captures else []
    is_whole = True
    if raw_captures.SEEN in names:
        try:
            times += [datetime.fromisoformat(note["seen_at"]) for note in raw_captures.seen(folder)]
        except (OSError, ValueError):  # `livestats verify` tells of it
            is_whole = False  # whoever mends it in place changes no folder
    is_partial = PARTIAL in names and (folder / PARTIAL).is_file()
    return RawDayFacts(tuple(captures), max(times, default=None), is_partial), is_whole


def _read_made(path: Path) -> LakeFileFacts | None:
    """What a lake file says; None if it cannot be read."""
    origin = parquet.provenance_of(path)
    return None if origin is None else LakeFileFacts(origin.capture, origin.schema_version)


_Found = Iterator[tuple[date, str, os.stat_result]]


def _day_folders(folder: Path) -> _Found:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as listed:
        for entry in listed:
            one = raw_captures.day_named(entry.name)
            if one is not None:
                yield one, entry.path, entry.stat()


def _lake_files(root: Path, dataset: str) -> _Found:
    for one, (path, state) in parquet.states_of(root, dataset).items():
        yield one, path, state


# Remembering -----------------------------------------------------------------------------------


def _kept_day(found: tuple[RawDayFacts, bool]) -> tuple[list[Any] | None, bool]:
    """A day as JSON holds it, and whether it may be remembered."""
    facts, is_whole = found
    seen = facts.last_seen and facts.last_seen.isoformat()
    return [[name.text for name in facts.captures], seen, facts.is_partial], is_whole


def _day_of(kept: list[Any]) -> RawDayFacts:
    captures, seen, is_partial = kept
    last_seen = None if seen is None else datetime.fromisoformat(seen)
    return RawDayFacts(tuple(map(CaptureName, captures)), last_seen, is_partial)


def _kept_made(found: LakeFileFacts | None) -> tuple[list[Any] | None, bool]:
    """The same for a lake file: what cannot be read is left out, and looked at again next time."""
    if found is None:
        return None, False
    return [found.capture, found.schema_version], True


def _look(
    found: _Found,
    read: Callable[[Path], T],
    kept: Callable[[T], tuple[list[Any] | None, bool]],
    memory: Path | None,
    name: str,
) -> dict[date, list[Any]]:
    """Read what has changed since it was remembered, and remember it if that is worth a write."""
    known = {} if memory is None else _recall(memory / name)
    facts: dict[date, list[Any]] = {}
    current: dict[str, list[Any]] = {}
    new = 0
    for one, path, stat in found:
        # What was said of it before it is read: a change in between makes the next look read it.
        state = [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        remembered = known.get(text := one.isoformat())
        if remembered is not None and remembered[0] == state:
            facts[one], current[text] = remembered[1], remembered
            continue
        looked_at_ns = time.time_ns()
        content, may_be_kept = kept(read(Path(path)))
        if content is not None:
            facts[one] = content
        if may_be_kept and max(stat.st_mtime_ns, stat.st_ctime_ns) < looked_at_ns - parquet.TICK_NS:
            current[text] = [state, content]
            new += 1
    if memory is not None and (new >= _MANY or len(known) - len(current) >= _MANY):
        _remember(memory / name, current)
    return dict(sorted(facts.items()))


def _recall(path: Path) -> dict[str, list[Any]]:
    """What was remembered; nothing if it cannot be read, is damaged or of another format."""
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() == digest:
            found = json.loads(text)
            if found["format"] == _FORMAT:
                return dict(found["days"])
    except (OSError, ValueError):
        pass  # then everything is read anew
    return {}


def _remember(path: Path, entries: Mapping[str, list[Any]]) -> None:
    text = json.dumps({"format": _FORMAT, "days": entries}, separators=(",", ":")).encode()
    data = hashlib.sha256(text).hexdigest().encode() + b"\n" + text
    with suppress(OSError):  # whoever may only read looks anew each time
        path.parent.mkdir(exist_ok=True)
        atomic.write_atomically(path, data)
