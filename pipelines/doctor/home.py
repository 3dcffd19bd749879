"""Checks of the home: locks, shared rate limit, and how fresh the served copy is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import duckdb

from pipelines.doctor.findings import ok, problem, warning
from pipelines.doctor.machine import can_write
from resources.api.errors import printable
from resources.archive import Archive
from resources.findings import Finding
from resources.fs.locks import try_lock_folder
from resources.fs.object_store import StoreError
from resources.home import folders
from resources.ledger import unlisted
from resources.monitoring import disk_space
from resources.monitoring.checks import OVERDUE
from resources.raw import cold
from resources.raw.captures import ERASED_REMEDY
from resources.raw.erasures import Erasures, ErasuresUnreadable
from resources.serving import publish

_MOST_FOLDERS = 5  # that are named one by one
_LOOKED_BACK = timedelta(days=7)


def locks_found(archive: Archive) -> Finding:
    """Whether locks work on the file system of the home; on some network file systems they do not."""
    home = archive.home.root
    folder = home if home.is_dir() else disk_space.nearest(home)
    try:
        first = try_lock_folder(folder)
        if first is None:
            return ok("locks", "a livestats process holds one now")
        try:
            second = try_lock_folder(folder)
        finally:
            os.close(first)
    except OSError as error:
        return problem(
            "locks",
            f"the file system of {folder} cannot lock ({error.strerror or error})",
            "Put the home on a local disk: processes need locks to exclude each other.",
        )
    if second is None:
        return ok("locks", "they work on the file system of the home")
    os.close(second)
    return problem(
        "locks",
        f"the file system of {folder} gives one lock to two processes",
        "Put the home on a local disk: processes need locks to exclude each other.",
    )


def folders_found(archive: Archive) -> Iterator[Finding]:
    """Whether this user can work in every folder of the home."""
    found = [*folders.faults(archive.home)]
    for fault in found[:_MOST_FOLDERS]:
        yield problem("folders", fault.text, fault.remedy)
    if len(found) > _MOST_FOLDERS:
        more = len(found) - _MOST_FOLDERS
        yield problem("folders", f"and {more:,} more like these", "Mend them in the same way.")
    is_open = [*folders.open_to_others(archive.home)]
    for fault in is_open:
        yield warning("folders", fault.text, fault.remedy)
    if not found and not is_open:
        yield ok("folders", "this user can read and write all of them")


def gone_found(archive: Archive) -> Iterator[Finding]:
    """Domains that a person called gone and that the account lists. Nothing if there are none."""
    for name in unlisted.gone_and_listed(archive.home):
        yield warning(
            "gone",
            printable(f"{name} was called gone and is not asked for, and the account lists it"),
            printable(
                f"If it lives: `livestats gone {name} --undo`. Then `livestats backfill` completes "
                "the days that lack it."
            ),
        )


def erasures_found(archive: Archive) -> Iterator[Finding]:
    """Whether it is known what was erased; without that, nothing is captured. Nothing if it is."""
    try:
        Erasures.of(archive.home.raw)
    except ErasuresUnreadable as error:
        yield problem("erasures", error.what, error.remedy)


def budget_found(archive: Archive) -> Finding:
    """Whether processes can share the rate limit of the account, and what it is."""
    settings, folder = archive.settings, archive.home.budget
    most = settings.calls_per_second
    times = f"{settings.quota_factor:g} times " if settings.quota_factor != 1 else ""
    text = f"{times}the documented calls per second of each action"
    text += f", at most {most:g} of all" if most is not None else ""
    if folder.exists() and not can_write(folder):
        return problem(
            "budget",
            f"{folder} cannot be written, so processes would not share the account's calls",
            "Fix its owner or permissions, or delete it: it is created again.",
        )
    return ok("budget", text)


def freshness_found(archive: Archive) -> Finding:
    """When the API last responded, and whether the served copy is up to date."""
    if archive.home.identity is None:
        return ok("freshness", "there is no archive yet")
    now, first = archive.now(), archive.today - _LOOKED_BACK
    lines = [line for one in archive.daily for line in archive.ledger(one, first, archive.today)]
    seen = [line for line in lines if line.state.is_complete and line.last_seen_at is not None]
    try:
        with archive.reading():
            pass
        unread = archive.behind()
    except publish.UnreadableCopy as error:
        return problem("freshness", str(error), "")
    except publish.DamagedCopy as error:
        return problem("freshness", str(error), "`livestats publish` rebuilds the copy.")
    except publish.NothingServed:
        if seen:
            return warning("freshness", "nothing is served yet", "Run `livestats publish`.")
        return ok("freshness", "nothing is captured yet")
    except duckdb.Error as error:
        text = f"{archive.home.served} cannot be read: {str(error).splitlines()[0]}"
        return problem("freshness", text, "`livestats publish` rebuilds the copy.")
    if not seen:
        text = f"nothing of the last {_LOOKED_BACK.days} days is captured"
        return warning("freshness", text, "Run `livestats backfill`; is a daemon or cron running?")
    newest = max(seen, key=lambda line: line.last_seen_at or now)
    age = now - (newest.last_seen_at or now)
    text = f"last response: {newest.dataset} of {newest.day}, {_hours(age)} ago"
    if age > OVERDUE:
        return warning("freshness", text, "Run `livestats backfill`; is a daemon or cron running?")
    if unread:
        return warning(
            "freshness",
            f"{text}; the served copy does not show all of {', '.join(unread[:5])}"
            + (f" and {len(unread) - 5} more" if len(unread) > 5 else ""),
            "A load may be running; otherwise run `livestats publish`.",
        )
    return ok("freshness", f"{text}; the served copy shows all")


def suspicion_found(archive: Archive) -> Finding:
    """Whether other datasets or their own answers contradict captured days."""
    ledgers = archive.ledgers(archive.daily, archive.first_day, archive.today)
    suspect = {
        name: days
        for name, lines in ledgers.items()
        if (days := [line.day for line in lines if line.is_suspect])
    }
    if not suspect:
        return ok("suspicion", "no day is contradicted by other datasets or by its own answer")
    number = sum(map(len, suspect.values()))
    doubts = [
        f"{line.dataset} {line.day}: {line.doubt}"
        for lines in ledgers.values()
        for line in lines
        if line.doubt
    ]
    return warning(
        "suspicion",
        f"{number:,} dataset-days are contradicted by other datasets or by their own answers: "
        f"{', '.join(suspect)}" + (f" (such as {doubts[0]})" if doubts else ""),
        "They are asked again by themselves. `livestats status` names them; if an answer is right: "
        "`livestats accept`.",
    )


def captures_in_place(archive: Archive) -> Finding:
    """Whether every capture lies in the folder of its dataset and day, and none is back that was erased."""
    if archive.home.identity is None:
        return ok("captures", "there is no archive yet")
    lines = [
        line
        for one in archive.daily
        for line in archive.ledger(one, archive.first_day, archive.today)
    ]
    if back := [line for line in lines if line.erased]:
        return problem(
            "captures",
            f"{sum(len(line.erased) for line in back)} of before an erasure are back, such as "
            f"raw/{back[0].dataset}/{back[0].day}/{back[0].erased[0]}",
            ERASED_REMEDY,
        )
    wrong = [line for line in lines if line.misplaced]
    if not wrong:
        return ok("captures", "each lies in the folder of its dataset and day")
    first = wrong[0]
    return problem(
        "captures",
        f"{sum(len(line.misplaced) for line in wrong)} in the wrong place, which do not count, such "
        f"as raw/{first.dataset}/{first.day}/{first.misplaced[0]}",
        "Move them back or out of the home; `livestats verify` names all. `livestats backfill` asks "
        "for their days again.",
    )


def cold_found(archive: Archive) -> Iterator[Finding]:
    """How many files of answers are cold, and whether the store has them; nothing if none ever was."""
    raw = archive.home.raw
    files = [*cold.files_of(raw)] if archive.home.cold_place else []
    if not files:
        return
    text = f"{len(files):,} files, {sum(size for _, size in files) / 1e9:,.2f} GB"
    key, size = files[-1]
    try:
        store = cold.store_of(raw)
        if store.size(key) == size:
            yield ok("cold answers", f"{text} in {store.place.text}")
            return
        text += f": {store.place.text} does not have {key}"
    except StoreError as error:
        text += f": {error}"
    yield problem(
        "cold answers",
        text,
        "Set the key of the store (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), or see to the store; "
        "`livestats verify` names all that lacks there.",
    )


def _hours(age: timedelta) -> str:
    minutes = max(0, round(age / timedelta(minutes=1)))
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60:,} hours"
