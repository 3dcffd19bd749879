"""Moves the answers of old, complete days to the object store of `scale.cold`, and brings days back.

Broken off at any step, the same again goes on. Not here: the steps of one day (resources/raw/cold_move.py,
read it next), the command (cli/cold.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.errors import LivestatsError
from resources.fs.object_store import ObjectStore, Place
from resources.home import day_lock
from resources.ledger import states
from resources.ledger.states import Entry, State
from resources.raw import captures, cold, cold_move
from resources.raw.captures import UnusableCapture
from resources.raw.cold_move import Moved, NotMoved

Tell = Callable[[str], None]


class CannotMove(LivestatsError):
    """Nothing can be moved; the message says why."""


@dataclass
class Done:
    """What was moved."""

    place: str
    moved: Moved = field(default_factory=Moved)
    dataset_days: int = 0
    staying: Counter[str] = field(default_factory=Counter)  # reason -> dataset-days
    problems: list[str] = field(default_factory=list)


def move(archive: Archive, tell: Tell = lambda _: None) -> Done:
    """Move the answers of all days that are due. `tell` gets each dataset. Raises CannotMove, StoreError."""
    store = _claimed(archive)
    done, home = Done(store.place.text), archive.home
    for dataset, days in _due(archive, done.staying):
        tell(dataset.name)
        for day in days:
            folder = captures.folder_of(home.raw, dataset.name, day)
            if not _has_something(folder):
                continue
            held = day_lock.try_lock(home, dataset, day)
            if held is None:
                done.staying["in use"] += 1
                continue
            with held:
                try:
                    _count(done, cold_move.move(folder, store, f"{home.id}/{dataset.name}/{day}"))
                except (UnusableCapture, NotMoved, ValueError) as error:
                    done.problems.append(str(error))
    return done


def back(archive: Archive, first: date, last: date, tell: Tell = lambda _: None) -> Done:
    """Bring the answers of days back. Raises CannotMove, StoreError, LockTimeout."""
    home = archive.home
    if archive.settings.scale_cold and _is_place_of(archive, home.cold_place):
        _claimed(archive)  # the store may be reached in another way now
    store = cold.store_of(home.raw)
    done = Done(store.place.text)
    for dataset in DATASETS.values():
        tell(dataset.name)
        for day, folder in captures.days_of(home.raw, dataset.name).items():
            if first <= day <= last and (folder / cold.NOTE).exists():
                with day_lock.locked(home, dataset, day):
                    try:
                        _count(done, cold_move.back(folder, store))
                    except (UnusableCapture, ValueError) as error:
                        done.problems.append(str(error))
    return done


def _count(done: Done, moved: Moved) -> None:
    done.moved.files += moved.files
    done.moved.bytes += moved.bytes
    done.dataset_days += bool(moved.files)
    done.moved.dropped += moved.dropped
    done.problems += moved.problems


def _claimed(archive: Archive) -> ObjectStore:
    """The store of the settings, which takes orders, noted in the home. Raises CannotMove, StoreError."""
    text, home = archive.settings.scale_cold, archive.home
    if archive.settings.scale_home:
        raise CannotMove(
            "scale.home is set: a store has all answers already, and cold ones cannot be shared yet. Take "
            "scale.cold out."
        )
    if not text:
        raise CannotMove(
            "scale.cold is not set: it names where cold answers lie, like s3://bucket/prefix. "
            "docs/scale.md has the steps."
        )
    store, before = cold.open_store(Place.parse(text)), home.cold_place
    if before not in ("", text) and cold.any_in(home.raw):
        if not _is_place_of(archive, before):
            raise CannotMove(
                f"Answers of this archive lie in {Place.parse(before).text}, and scale.cold says "
                f"{store.place.text}. Set it back, bring them back (`livestats cold --back`), and then "
                "change it."
            )
        files = [*cold.files_of(home.raw)]
        if files and all(store.size(key) != size for key, size in files):
            raise CannotMove(
                f"{store.place.text}, as scale.cold says now how to reach it, does not have what was "
                "moved there. Set it back."
            )
    cold_move.check_writable(store, home.id)
    home.set_cold_place(text)
    return store


def _is_place_of(archive: Archive, text: str) -> bool:
    """True if the settings name the bucket and prefix of `text`."""
    return bool(text) and Place.parse(text).text == Place.parse(archive.settings.scale_cold).text


def _due(archive: Archive, staying: Counter[str]) -> Iterator[tuple[Dataset, list[date]]]:
    """Datasets with the days that are old enough and will not be asked again; counts the others."""
    home, settings = archive.home, archive.settings
    last = archive.today - timedelta(days=settings.scale_cold_after_days)
    chosen = [
        settings.of(one)
        for one in DATASETS.values()
        if not one.is_dimension and (home.raw / one.name).is_dir()
    ]
    if last < archive.first_day:
        return
    for name, lines in archive.ledgers(chosen, archive.first_day, last).items():
        stale = states.all_stale_days(name, home.raw, home.lake, home.file_index, settings.zone)
        days = []
        for line in lines:
            reason = _reason_to_stay(line, line.day in stale)
            if reason and line.state.is_captured:
                staying[reason] += 1
            elif not reason:
                days.append(line.day)
        yield DATASETS[name], days


def _reason_to_stay(line: Entry, is_stale: bool) -> str:
    """Why the answers of a day are still needed here; "" if they are not."""
    is_final = line.state.is_complete or line.is_lost_in_part
    if line.state is State.INCOMPLETE and not is_final:
        return "incomplete"
    if not is_final:
        return "not captured"
    if line.is_suspect:
        return "suspect"
    return "without a current lake file (`livestats replay`)" if is_stale else ""


def _has_something(folder: Path) -> bool:
    """True if a day has bodies here, strays, or no note that says it has none: cheap, for most have not."""
    try:
        known = cold.noted(folder)
        if not known or cold.strays(folder, known):
            return True
    except ValueError:
        return True
    names = captures.captures_in(folder)
    return any(path.stat().st_size for one in names for path in (folder / one.text).glob("*.zst"))
