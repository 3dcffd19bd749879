"""The checks: which alarms are active now.

Nothing is sent or remembered here: see notify. What an alarm is: model.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import duckdb

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import domain_key
from resources.api.errors import printable
from resources.archive import Archive
from resources.lake import parquet
from resources.ledger import states
from resources.ledger.raw_day import raw_day
from resources.ledger.states import Entry, State
from resources.logs import states as log_states
from resources.logs.states import LogState
from resources.monitoring import disk_space, publication, shared_home
from resources.monitoring.model import Alarm, AlarmKind
from resources.raw import captures
from resources.serving import publish
from resources.system_tables.reconciliation.rules import ACCOUNT, RULES
from resources.verify import saved_result

OVERDUE = timedelta(hours=26)
"""Age after which a complete day should be captured: two runs of the schedule, and two hours."""

YOUNG = timedelta(days=4)
"""Window of the checks of schema and reconciliation, and for which a lost day is reported."""

GRACE_S = 7200
"""Seconds for which rows may wait to be served, and a daemon may be silent."""

MISSED = timedelta(hours=12)
"""A day that has been complete for longer was missed by both daily runs of the schedule."""


def active_alarms(archive: Archive) -> list[Alarm]:
    """All active alarms, the most urgent first. Opens nothing for writing."""
    found: list[Alarm] = []
    missed = 0
    ledgers = archive.ledgers(archive.daily, archive.first_day, archive.today)
    begun = _begun(archive, ledgers)
    found += _before(archive, ledgers, begun)
    for dataset in archive.daily:
        lines = [line for line in ledgers[dataset.name] if line.day >= begun]
        found += _of_ledger(archive, dataset, lines)
        found += _of_lake(archive, dataset, lines)
        missed += sum(waits(line, archive.now(), MISSED) for line in lines)
    found += _of_log_files(archive)
    found += _of_cuts(archive)
    found += _of_daemon(archive, missed)
    found += _of_home(archive)
    found += _of_served(archive)
    found += publication.alarms(archive)
    found += shared_home.alarms(archive)
    urgency = [*AlarmKind]
    return sorted(found, key=lambda alarm: (urgency.index(alarm.kind), alarm.subject))


def _begun(archive: Archive, ledgers: Mapping[str, Sequence[Entry]]) -> date:
    """The first day that is certainly wanted: of the settings, else the first one that is captured.

    Without archive.first_day, an archive begins with all that the API still has. A user who has
    captured a week so far may or may not want the year before it.
    """
    captured = (o.day for lines in ledgers.values() for o in lines if o.state.is_captured)
    return archive.settings.first_day or min(captured, default=archive.today)


def _before(archive: Archive, ledgers: Mapping[str, Sequence[Entry]], begun: date) -> list[Alarm]:
    """One alarm about all days before the archive's first captured one, which it may want or not."""
    now = archive.now()
    lines = [line for found in ledgers.values() for line in found if line.day < begun]
    waiting = [line for line in lines if waits(line, now, OVERDUE)]
    if not waiting:
        return []
    is_urgent = any(line.state is State.EXPIRING for line in waiting)
    first, last = min(o.day for o in waiting), begun - timedelta(days=1)
    soon = ", and the API soon forgets the first of them" if is_urgent else ""
    return [
        Alarm(
            kind=AlarmKind.EXPIRING if is_urgent else AlarmKind.GAP,
            subject="earlier days",
            text=f"{first} to {last} can be captured and are not{soon}",
            remedy=f"`livestats backfill` captures them. If nobody wants them: first_day = "
            f'"{begun}" under [archive] in livestats.toml.',
        )
    ]


def waits(line: Entry, now: datetime, longer_than: timedelta) -> bool:
    """True for a day that has been available for that long and is not captured."""
    is_late = line.askable_from is not None and now - line.askable_from > longer_than
    return line.can_be_asked and is_late


def _of_ledger(archive: Archive, dataset: Dataset, lines: Sequence[Entry]) -> list[Alarm]:
    """Alarms about days that are not captured, or not to be believed."""
    name, now = dataset.name, archive.now()

    def alarm(kind: AlarmKind, lines: Iterable[Entry], text: str, remedy: str) -> list[Alarm]:
        days = [line.day for line in lines]
        if not days:
            return []
        why = states.partial_reason(captures.folder_of(archive.home.raw, name, max(days)))
        told = f"{text}: {_days(days)}" + (f" (last try: {why})" if why else "")
        mark = max(days).isoformat()
        return [Alarm(kind=kind, subject=name, text=told, remedy=remedy, mark=mark)]

    expiring = [line for line in lines if line.state is State.EXPIRING]
    overdue = [
        line for line in lines if line.state is not State.EXPIRING and waits(line, now, OVERDUE)
    ]
    forgotten = [
        line
        for line in lines
        if line.askable_until is not None and timedelta(0) <= now - line.askable_until < YOUNG
    ]
    lost = [line for line in forgotten if line.state is State.LOST or line.is_lost_in_part]
    never = "not all" if any(line.is_lost_in_part for line in lost) else "never"
    suspect = [line for line in lines if line.is_suspect]
    return [
        *alarm(AlarmKind.LOST, lost, f"{never} captured, and now forgotten by the API", _NO_MORE),
        *alarm(AlarmKind.EXPIRING, expiring, "missing, and soon forgotten by the API", _ONCE_MORE),
        *alarm(
            AlarmKind.GAP,
            overdue,
            "complete at the vendor, and not here, or not all of it",
            _ONCE_MORE,
        ),
        *alarm(AlarmKind.SUSPECT, suspect, _doubt(suspect), _DOUBTED),
    ]


def _doubt(suspect: Sequence[Entry]) -> str:
    """What is suspect of these days; domains are named for the newest one that lacks some."""
    named = [line for line in suspect if line.doubt]
    if not named:
        return "empty, and other datasets contradict that"
    newest = max(named, key=lambda line: line.day)
    what = newest.doubt if len(named) == len(suspect) else f"empty, or {newest.doubt}"
    if newest.contradictions:
        return f"{what}, so the answer contradicts itself"
    return f"{what}, and other datasets contradict that"


_ONCE_MORE = "`livestats backfill` asks again, and names what it cannot have, and why."
_DOUBTED = (
    "It is asked again by itself, for a month. If the answer is right: `livestats accept`, with the "
    "dataset and the days."
)
_NO_MORE = "Nothing brings it back. Mend what kept it from being captured: `livestats doctor`."


def _of_lake(archive: Archive, dataset: Dataset, lines: Sequence[Entry]) -> list[Alarm]:
    """Alarms from the metadata of lake files; opens only those of the newest days."""
    home, name = archive.home, dataset.name
    without_file = archive.days_without_lake_file(lines)  # the schedule rebuilds these by itself
    old = {*states.stale_days(lines, home.lake, home.file_index)} - without_file
    found = []
    if old:
        text = f"rows as an earlier version of livestats read them: {_days(old)}"
        remedy = "`livestats replay` reads the answers again, without the API."
        found.append(Alarm(kind=AlarmKind.OUTDATED, subject=name, text=text, remedy=remedy))
    unknown: set[str] = set()
    for line in lines:
        if line.state is State.CAPTURED and archive.today - line.day <= YOUNG:
            origin = parquet.provenance_of(parquet.path_of(home.lake, name, line.day))
            unknown |= set(origin.unknown) if origin is not None else set()
    if unknown:
        found.append(
            Alarm(
                kind=AlarmKind.SCHEMA,
                subject=name,
                text=f"the vendor sends fields that are not known: {', '.join(sorted(unknown))}",
                mark=f"{len(unknown):04} {sorted(unknown)}",
                remedy="Nothing is lost, raw has them. Add them to the catalog, or tell its "
                "authors; `livestats replay` then brings them into the tables, for the past too.",
            )
        )
    return found


def _of_log_files(archive: Archive) -> list[Alarm]:
    """Alarms about log files that are asked for and not kept."""
    home, now = archive.home, archive.now()
    days = log_states.of_young_days(home, archive.settings, now, archive.first_day, archive.today)
    lost = [one for one in days if one.state is LogState.LOST and now - one.expires_at < YOUNG]
    expiring = [one for one in days if one.state is LogState.EXPIRING]
    overdue = [
        one for one in days if one.state is LogState.LACKING and now - one.final_at > OVERDUE
    ]
    found = []
    for kind, of_kind, text, remedy in (
        (AlarmKind.LOST, lost, "never downloaded, and now dropped by the vendor", _NO_MORE),
        (AlarmKind.EXPIRING, expiring, "not kept, and soon dropped by the vendor", _ONCE_MORE),
        (AlarmKind.GAP, overdue, "final at the vendor, and not all kept", _ONCE_MORE),
    ):
        if of_kind:
            newest = of_kind[-1]
            told = f"{text}: {_days(one.day for one in of_kind)} ({printable(newest.reason)})"
            mark = newest.day.isoformat()
            found.append(Alarm(kind=kind, subject="log files", text=told, remedy=remedy, mark=mark))
    return found


def _of_cuts(archive: Archive) -> list[Alarm]:
    """An alarm for each cut that a daemon left out of its settings."""
    return [
        Alarm(
            kind=AlarmKind.CUT,
            subject=f"cut.{name}",
            text=f"left out, while all else goes on: {reason}",
            remedy="Mend the section in livestats.toml; `livestats plan` reads it. Then start the "
            "daemon again.",
        )
        for name, reason in archive.settings.broken_cuts.items()
    ]


def _of_daemon(archive: Archive, missed: int) -> list[Alarm]:
    """The alarm of a stopped daemon; none while all days are captured by other means."""
    try:
        silent_s = time.time() - archive.home.last_alarm_check.stat().st_mtime
    except FileNotFoundError:
        return []  # no daemon has run here
    if silent_s < GRACE_S or not missed:
        return []
    return [
        Alarm(
            kind=AlarmKind.SILENT,
            subject="daemon",
            text=f"it has not looked for {silent_s / 3600:,.0f} hours, and {missed:,} dataset-days "
            "wait to be captured",
            remedy="Start it: `livestats ui`, or its service. What is missing: `livestats backfill`.",
        )
    ]


def _of_home(archive: Archive) -> list[Alarm]:
    """Alarms of disk space and of the last verification."""
    found = []
    space = disk_space.look(archive)
    if space.is_tight:
        text = (
            f"{space.free / 1e9:,.1f} GB are free; a load wants {space.load / 1e9:,.1f} GB beside "
            f"it, and a month of captures takes {space.month / 1e9:,.1f} GB"
        )
        remedy = "Make room: `livestats doctor` shows what takes it. Never delete under raw/."
        mark = "2" if space.is_too_little else "1"
        found.append(
            Alarm(kind=AlarmKind.DISK, subject="home", text=text, remedy=remedy, mark=mark)
        )
    wrong = saved_result.read(archive.home).wrong
    if wrong:
        first, more = wrong[0], f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        found.append(
            Alarm(
                kind=AlarmKind.DAMAGE,
                subject="files",
                text=f"not as they were written: {printable(first.path)}: "
                f"{printable(first.what)}{more}",
                remedy="`livestats verify` names each with what to do, and ends the alarm when all "
                "is well.",
                mark=f"{len(wrong):09}",
            )
        )
    return found


def _of_served(archive: Archive) -> list[Alarm]:
    """Alarms of the served copy: outdated rows, and rules of reconciliation that fail."""
    found: list[Alarm] = []
    behind = [name for name in archive.behind() if _is_waiting(archive, name)]
    if behind:
        found.append(
            Alarm(
                kind=AlarmKind.BEHIND,
                subject="served copy",
                text=f"for two hours it has not shown all that is captured of {', '.join(behind)}",
                remedy="See why the loads fail: `livestats doctor`; then `livestats publish`.",
            )
        )
    since = archive.today - YOUNG
    try:
        with archive.reading() as connection:
            rows = connection.execute(_DIFFERING, [since]).fetchall()
    except (publish.NothingServed, duckdb.CatalogException):
        return found
    return found + [
        Alarm(
            kind=AlarmKind.DISAGREEMENT,
            subject=rule,
            text=f"{sum(days.values())} comparisons of endpoints differ: {_days(days)}",
            mark=max(days).isoformat(),
            remedy=f"See them: SELECT * FROM reconciliation WHERE rule = '{rule}' AND verdict = "
            "'differs'. Late data often mends it by itself within three days.",
        )
        for rule, days in _differing(archive, rows).items()
    ]


_DIFFERING = (
    "SELECT rule, business_date, scope FROM reconciliation "
    "WHERE verdict = 'differs' AND business_date >= ? ORDER BY ALL"
)


def _differing(archive: Archive, rows: Iterable[tuple[str, date, str]]) -> dict[str, Counter[date]]:
    """By rule: the days that differ, each with how often.

    Left out is a domain that rows were erased from in either dataset, and the account if any were: the
    other still counts them.
    """
    needs = {rule.name: rule.needs for rule in RULES}
    erased: dict[tuple[str, date], Mapping[str, int]] = {}
    found: dict[str, Counter[date]] = {}
    for rule, day, scope in rows:
        for name in needs.get(rule, ()):
            if (name, day) not in erased:
                folder = captures.folder_of(archive.home.raw, name, day)
                erased[name, day] = raw_day(folder).erased_rows
        of_day = [erased[name, day] for name in needs.get(rule, ())]
        if not any(its if scope == ACCOUNT else domain_key(scope) in its for its in of_day):
            found.setdefault(rule, Counter())[day] += 1
    return found


def _is_waiting(archive: Archive, name: str) -> bool:
    """True if the newest rows have been in the lake for longer than GRACE_S."""
    written = [p.stat().st_mtime for p in parquet.days_of(archive.home.lake, name).values()]
    return bool(written) and time.time() - max(written) > GRACE_S


def _days(days: Iterable[date]) -> str:
    first, *rest = sorted(days)
    more = "1 more day" if len(rest) == 1 else f"{len(rest)} more days"
    return f"{first} and {more}" if rest else str(first)
