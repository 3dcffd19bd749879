"""What somebody should be told about an archive: read from its files, without asking the API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import duckdb

from resources import files, lake, served
from resources.api.catalogue.model import Dataset
from resources.archive import Archive
from resources.ledger import Entry, State

OVERDUE = timedelta(hours=26)
"""Two looks of the schedule after a day is complete at the vendor: then it should be here."""

YOUNG = timedelta(days=4)
"""Days whose schema and agreement are looked at, and whose loss is news."""

PATIENCE_S = 7200
"""How long rows may stand in the lake without being served."""

SENT = "alarms.json"


class Kind(StrEnum):
    """What is the matter, the most urgent first. Each has its paragraph in docs/recovery.md."""

    EXPIRING = "expiring"  # a day is not here, and will soon be forgotten by the API
    LOST = "lost"  # it has just been forgotten
    GAP = "gap"  # a day that should be here is not
    SCHEMA = "schema"  # the vendor sends a field that the catalogue does not know
    DISAGREEMENT = "disagreement"  # endpoints contradict each other
    BEHIND = "behind"  # readers see less than what is captured


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One thing that stands, for as long as it stands."""

    kind: Kind
    subject: str  # a dataset or a rule
    text: str
    remedy: str
    mark: str = ""  # grows when it gets worse: then it is told again

    @property
    def key(self) -> str:
        """What makes it the same alarm tomorrow, though its text may count on."""
        return f"{self.kind} {self.subject}"


def standing(archive: Archive) -> list[Alarm]:
    """Everything that stands now, the most urgent first. Opens nothing for writing."""
    found: list[Alarm] = []
    for dataset in archive.daily:
        lines = archive.ledger(dataset, archive.first_day, archive.today)
        found += _of_ledger(dataset, lines, archive.now())
        found += _of_schema(archive, dataset, lines)
    found += _of_served(archive)
    urgency = [*Kind]
    return sorted(found, key=lambda alarm: (urgency.index(alarm.kind), alarm.subject))


def _of_ledger(dataset: Dataset, lines: Sequence[Entry], now: datetime) -> list[Alarm]:
    def alarm(kind: Kind, lines: Iterable[Entry], text: str, remedy: str) -> list[Alarm]:
        days = [line.day for line in lines]
        if not days:
            return []
        told, newest = f"{text}: {_days(days)}", max(days).isoformat()
        return [Alarm(kind=kind, subject=dataset.name, text=told, remedy=remedy, mark=newest)]

    name = dataset.name
    once_more = f"See why: `livestats status --dataset {name}`; then `livestats backfill`."
    overdue = [
        line
        for line in lines
        if line.state in (State.MISSING, State.PARTIAL)
        and line.askable_from is not None
        and now - line.askable_from > OVERDUE
    ]
    lost = [
        line
        for line in lines
        if line.state is State.LOST
        and line.askable_until is not None
        and now - line.askable_until < YOUNG
    ]
    expiring = [line for line in lines if line.state is State.EXPIRING]
    return [
        *alarm(Kind.LOST, lost, "never captured, and now forgotten by the API", _NO_MORE),
        *alarm(Kind.EXPIRING, expiring, "missing, and soon forgotten by the API", once_more),
        *alarm(Kind.GAP, overdue, "complete at the vendor, and not here", once_more),
    ]


_NO_MORE = "Nothing brings it back. Mend what kept it from being captured: `livestats doctor`."


def _of_schema(archive: Archive, dataset: Dataset, lines: Sequence[Entry]) -> list[Alarm]:
    """Unknown fields in the rows of the newest days; opens one file a day, its footer only."""
    unknown: set[str] = set()
    for line in lines:
        if line.state is State.CAPTURED and archive.today - line.day <= YOUNG:
            origin = lake.origin_of(lake.path_of(archive.home.lake, dataset.name, line.day))
            unknown |= set(origin.unknown) if origin is not None else set()
    if not unknown:
        return []
    return [
        Alarm(
            kind=Kind.SCHEMA,
            subject=dataset.name,
            text=f"the vendor sends fields that are not known: {', '.join(sorted(unknown))}",
            mark=f"{len(unknown):04} {sorted(unknown)}",
            remedy="Nothing is lost, raw has them. Add them to the catalogue, or tell its authors; "
            "`livestats replay` then brings them into the tables, for the past too.",
        )
    ]


def _of_served(archive: Archive) -> list[Alarm]:
    """What only readers see: a copy that is behind, and rules that do not hold."""
    found: list[Alarm] = []
    behind = [name for name in archive.behind() if _is_waiting(archive, name)]
    if behind:
        found.append(
            Alarm(
                kind=Kind.BEHIND,
                subject="served copy",
                text=f"for two hours it has not shown all that is captured of {', '.join(behind)}",
                remedy="See why the loads fail: `livestats doctor`; then `livestats publish`.",
            )
        )
    since = archive.today - YOUNG
    try:
        with archive.reading() as connection:
            rows = connection.execute(_DIFFERING, [since]).fetchall()
    except (served.NothingServed, duckdb.CatalogException):
        return found
    return found + [
        Alarm(
            kind=Kind.DISAGREEMENT,
            subject=rule,
            text=f"{count} comparisons of endpoints differ: {_days(days)}",
            mark=max(days).isoformat(),
            remedy=f"See them: SELECT * FROM reconciliation WHERE rule = '{rule}' AND verdict = "
            "'differs'. Late data often mends it by itself within three days.",
        )
        for rule, days, count in rows
    ]


_DIFFERING = (
    "SELECT rule, list(DISTINCT business_date), count(*) FROM reconciliation "
    "WHERE verdict = 'differs' AND business_date >= ? GROUP BY rule ORDER BY rule"
)


def _is_waiting(archive: Archive, name: str) -> bool:
    """True if the newest rows of a dataset have been in the lake for longer than a load takes."""
    written = [p.stat().st_mtime for p in lake.days_of(archive.home.lake, name).values()]
    return bool(written) and time.time() - max(written) > PATIENCE_S


def _days(days: Iterable[date]) -> str:
    first, *rest = sorted(days)
    return f"{first} and {len(rest)} more days" if rest else str(first)


@dataclass(frozen=True)
class Change:
    """Alarms since the last time somebody was told."""

    new: Sequence[Alarm]
    gone: Sequence[str]  # keys


def tell(archive: Archive, send: Callable[[Change], None]) -> list[Alarm]:
    """Send what is new or gone since the last time, once; all that stands now.

    The note of what was told is written only when `send` returns: if it raises, the next look
    tries again.
    """
    now = standing(archive)
    path = archive.home.root / "state" / SENT
    before = _told(path)
    change = Change(
        new=[a for a in now if a.key not in before or a.mark > before[a.key]],
        gone=sorted(set(before) - {alarm.key for alarm in now}),
    )
    if change.new or change.gone:
        send(change)
        path.parent.mkdir(parents=True, exist_ok=True)
        note = {"told": {alarm.key: alarm.mark for alarm in now}}
        files.write_whole(path, json.dumps(note, indent=1).encode())
    return now


def _told(path: Path) -> dict[str, str]:
    """Marks of the alarms that stood at the last look, by their keys."""
    try:
        return {str(key): str(mark) for key, mark in json.loads(path.read_bytes())["told"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # damaged: better told twice than never
