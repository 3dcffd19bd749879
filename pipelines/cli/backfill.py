"""`livestats backfill`: captures, normalises and loads a range of days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import checked, finished_erasing, json_option, opened, with_range

if TYPE_CHECKING:
    from pipelines.backfill.log_files import LogFiles
    from pipelines.backfill.plan import BackfillPlan
    from pipelines.backfill.summary import Summary

_MAX_DOUBTS = 5  # lines that name suspect domains


@click.command()
@with_range
@click.option("--force", is_flag=True, help="Ask complete days again; what differs is a revision.")
@click.option(
    "--reread", is_flag=True,
    help="Ask the days of the last three again for late data (pushes: seven), as the daemon does.",
)  # fmt: skip
@json_option
def backfill(
    first: date | None,
    last: date | None,
    names: tuple[str, ...],
    force: bool,
    reread: bool,
    as_json: bool,
) -> None:
    r"""Capture days, and bring tables and the served copy up to date.

    Without --from and --to: all that is missing and still there, the oldest first where it would
    soon be forgotten. Days that are complete are not asked again, so it can be broken off and run
    again at any time, or twice at once.

    \b
    Examples:
      livestats backfill
      livestats backfill --from 2026-11-01 --to 2026-11-07
      livestats backfill --from 2026-11-20 --dataset edge_stat --dataset top_play

    A day that is empty while other datasets show activity, or whose answer contradicts itself (a
    total differs from its rows), is suspect: it is loaded, told once, and asked again after 1, 2, 3, 7, 14 and 30 days (`livestats accept` ends that).

    Ends with 0 if all that was asked for is in the archive, with 1 if some of it is not, or is
    suspect since this run (and says what, why, and what to run next).
    """
    from dataclasses import replace

    from pipelines.backfill.plan import plan
    from pipelines.backfill.run import run
    from pipelines.cli.failures import told_once
    from pipelines.cli.progress import capturing

    archive = finished_erasing(opened())
    with archive.leased():
        todo = checked(lambda: plan(archive, first, last, names, force=force, reread=reread))
        for line in before(todo, str(archive.home.root)):
            screen.note(line)
        with told_once(), capturing(todo.due) as shown:
            summary = run(replace(archive, progress=shown.answer), todo, shown.tell, shown.heard)
    if as_json:
        screen.emit_json(answer(todo, summary))
    else:
        for line in after(todo, summary, archive.home.served):
            screen.say(line)
    if summary.ended_by is not None:
        raise summary.ended_by
    if not summary.is_complete:
        click.get_current_context().exit(1)


def before(todo: BackfillPlan, home: str) -> list[str]:
    """What is going to be done."""
    days = todo.days_to_complete
    completing = [f"Completing {screen.counted(days, 'dataset-day')} lacking domains or streams."]
    made = screen.counted(todo.days_to_derive, "dataset-day")
    deriving = [f"Making {made} out of captured answers, without a request."]
    deriving = deriving if todo.derived else []
    if not todo.days:
        why = "the API no longer has them" if todo.lost and not todo.kept else _kept(todo.kept)
        nothing = [] if deriving else [f"Nothing is to be captured: {why}."]
        if todo.dimensions and not (todo.kept or todo.lost):
            nothing = [f"Capturing the present state: {', '.join(todo.dimensions)}."]
        return [*deriving, *(completing if days else nothing)]
    names = sorted({name for chunk in todo.chunks for name in chunk.datasets})
    first, last = min(c.first for c in todo.chunks), max(c.last for c in todo.chunks)
    span = f"{first}" if first == last else f"{first} to {last}"
    lost = sum(map(len, todo.lost.values()))
    forgotten = [
        f"The API has forgotten {screen.counted(lost, 'dataset-day')} of the range already; the end "
        "names them."
    ]
    return [
        *(forgotten if lost else []),
        *deriving,
        f"Capturing {span}: {screen.counted(len(names), 'dataset')}, "
        f"{screen.counted(todo.days, 'dataset-day')} into {home} ({_kept(todo.kept)}).",
        *(completing if days else []),
    ]


def _kept(kept: int) -> str:
    return f"{kept:,} complete already" if kept else "none complete yet"


def after(todo: BackfillPlan, summary: Summary, served: object) -> list[str]:
    """What was done, what was not, and what to run next."""
    files = summary.log_files
    if not (
        files.files or summary.captured or summary.unchanged or summary.failed or summary.incomplete
    ):
        kept = screen.counted(summary.kept, "dataset-day")
        lines = [f"Nothing was asked of the API: {kept} complete already."]
        if todo.lost and not summary.kept:
            lines = ["Nothing to do: the API no longer has these days."]
    else:
        lines = [_captured(summary)]
    loaded = {name: rows for name, rows in summary.loaded.items() if rows}
    if loaded:
        lines.append(
            f"Loaded {screen.counted(sum(loaded.values()), 'row')} into "
            f"{screen.counted(len(loaded), 'table')}."
        )
    if summary.published is not None:
        lines.append(f"Served: {served}")
    lines += [f"Not made: {told}" for told in summary.not_made[:_MAX_DOUBTS]]
    if (more := len(summary.not_made) - _MAX_DOUBTS) > 0:
        lines.append(f"Not made: {screen.counted(more, 'more day')} of marts")
    lines += _of_log_files(files)
    lines += missing(todo, summary.failed, summary.incomplete, summary.lost_in_part)
    lines += [f"Log files of {day} lack: {reason}" for day, reason in files.lacking.items()]
    lines += screen.stated(
        "Suspect",
        summary.suspect,
        "contradicted by other datasets or by the answer itself; they are asked again by "
        "themselves. If it is right: livestats accept",
    )
    lines += [f"  {doubt}" for doubt in summary.doubts[:_MAX_DOUBTS]]
    lines += [one.sentence for one in summary.unlisted]
    if summary.ended_by is not None:
        pass  # the error is told last, with what to do
    elif summary.failed:
        lines.append(f"Next: {again(summary.failed)}")
    elif summary.incomplete:
        lines.append(
            "Next: livestats backfill, which asks again for what lacks. For a domain that is "
            "gone for good: livestats gone DOMAIN; for a stream: livestats gone DOMAIN/APP/STREAM"
        )
    elif files.lacking:
        lines.append("Next: livestats backfill")
    elif summary.not_made:
        lines.append("Next: livestats publish")
    elif summary.suspect:
        lines.append("Next: livestats status")
    elif summary.is_complete:
        vendor = " and is complete at the vendor" if todo.settling else ""
        lines.append(f"Complete: all that was asked for{vendor} is in the archive.")
        if todo.suspect:
            lines.append(
                f"Of it {screen.counted(todo.suspect, 'dataset-day')}, told before, still suspect. "
                "Next: livestats status"
            )
    return lines


def _of_log_files(files: LogFiles) -> list[str]:
    """What was downloaded, and what may still change."""
    lines = []
    if files.files:
        counted = screen.counted(files.files, "log file")
        lines.append(f"Downloaded {counted}, {screen.size(files.bytes)}.")
    if files.lines:
        lines.append(f"Lines of log files as Parquet: {files.lines:,}.")
    lines += [f"Not all lines of {one}" for one in files.unreadable[:_MAX_DOUBTS]]
    if files.growing:
        growing = screen.days_text([*files.growing])
        lines.append(f"Log files of {growing} may grow for 24 hours; run again after that.")
    return lines


def _captured(summary: Summary) -> str:
    incomplete = f", {len(summary.incomplete):,} incomplete" if summary.incomplete else ""
    return (
        f"Captured {screen.counted(summary.captured, 'dataset-day')}, "
        f"{summary.unchanged:,} unchanged, {summary.kept:,} kept{incomplete}: "
        f"{screen.counted(summary.rows, 'row')} from {screen.counted(summary.requests, 'request')}, "
        f"{screen.size(summary.bytes)}."
    )


def missing(
    todo: BackfillPlan,
    failed: Sequence[tuple[str, date | None, str]],
    incomplete: Sequence[tuple[str, date, str]] = (),
    lost_in_part: Mapping[str, list[date]] = MappingProxyType({}),
) -> list[str]:
    """What was asked for and is not captured or not complete, with the reason."""
    lines = []
    for (message, days), names in _grouped(incomplete).items():
        text = message.removeprefix("incomplete, ")
        lines.append(f"Incomplete: {', '.join(sorted(names))} {screen.days_text(days)}: {text}")
    for (message, days), names in _grouped(failed).items():
        where = f" {screen.days_text(days)}" if days else ""
        lines.append(f"Failed: {', '.join(sorted(names))}{where}: {message}")
    for (message, days), names in _grouped(todo.not_derived).items():
        where = f"{', '.join(sorted(names))} {screen.days_text(days)}"
        lines.append(f"Not made out of captured answers: {where}: {message}")
    lines += screen.stated(
        "Settling", todo.settling, "not complete at the vendor yet; run again later"
    )
    lines += screen.stated(
        "Lost", todo.lost, "the API has forgotten them, nothing can bring them back"
    )
    lines += screen.stated(
        "Lost in part",
        _together(lost_in_part, todo.lost_in_part),
        "some domains, streams or carriers lack, and the API has forgotten them; the rest is there",
    )
    return lines


def _together(*found: Mapping[str, list[date]]) -> dict[str, list[date]]:
    """Dataset -> its days in any of `found`, in order."""
    return {
        name: sorted({day for one in found for day in one.get(name, ())})
        for name in dict.fromkeys(name for one in found for name in one)
    }


_OF_ONE_CALL = re.compile(r", request [^\s,)]+|; gave up at attempt \d+ after \d+ s")


def _grouped(
    failed: Iterable[tuple[str, date | None, str]],
) -> dict[tuple[str, tuple[date, ...]], list[str]]:
    """Message and days -> the datasets of which both are true.

    Messages that differ only in what is of one call (its request id, its time) are one, without it.
    """
    by_name: dict[tuple[str, str], list[date]] = {}
    messages: dict[str, str] = {}  # without what is of one call -> what is told
    for name, day, message in failed:
        alike = _OF_ONE_CALL.sub("", message)
        messages[alike] = message if messages.get(alike, message) == message else alike
        days = by_name.setdefault((name, alike), [])
        if day is not None:
            days.append(day)
    found: dict[tuple[str, tuple[date, ...]], list[str]] = {}
    for (name, alike), days in by_name.items():
        found.setdefault((messages[alike], tuple(sorted(days))), []).append(name)
    return found


def again(failed: Sequence[tuple[str, date | None, str]]) -> str:
    """The command that asks for what failed."""
    days = [day for _, day, _ in failed if day is not None]
    names = sorted({name for name, _, _ in failed} | _rested_on(failed))
    words = ["livestats backfill"]
    if days:
        words.append(f"--from {min(days)} --to {max(days)}")
    if len(names) <= 3:
        words += [f"--dataset {name}" for name in names]
    return " ".join(words)


def _rested_on(failed: Sequence[tuple[str, date | None, str]]) -> set[str]:
    """The datasets without which some of these fail again; those that are there cost no request."""
    from resources.api.catalog import DATASETS
    from resources.capture.inventory import PrerequisiteMissing

    waiting = {name for name, _, message in failed if message.endswith(PrerequisiteMissing.BEFORE)}
    found: set[str] = set()
    while waiting:
        waiting = {needed for name in waiting for needed in DATASETS[name].needs} - found
        found |= waiting
    return found


def answer(todo: BackfillPlan, summary: Summary) -> dict[str, Any]:
    """The summary for programs."""
    from dataclasses import asdict

    return {
        "captured": summary.captured,
        "unchanged": summary.unchanged,
        "kept": summary.kept,
        "rows": summary.rows,
        "requests": summary.requests,
        "bytes": summary.bytes,
        "loaded": summary.loaded,
        "published": summary.published and str(summary.published),
        "not_made": [*summary.not_made],
        "failed": [
            {"dataset": name, "day": day and str(day), "message": message}
            for name, day, message in summary.failed
        ],
        "incomplete": [
            {"dataset": name, "day": str(day), "message": message}
            for name, day, message in summary.incomplete
        ],
        "not_derived": [
            {"dataset": name, "day": str(day), "message": message}
            for name, day, message in todo.not_derived
        ],
        "settling": {name: list(map(str, days)) for name, days in todo.settling.items()},
        "lost": {name: list(map(str, days)) for name, days in todo.lost.items()},
        "lost_in_part": {
            name: list(map(str, days))
            for name, days in _together(summary.lost_in_part, todo.lost_in_part).items()
        },
        "suspect": {name: list(map(str, days)) for name, days in summary.suspect.items()},
        "log_files": {
            "files": summary.log_files.files,
            "bytes": summary.log_files.bytes,
            "lines": summary.log_files.lines,
            "unreadable": summary.log_files.unreadable,
            "lacking": {str(day): why for day, why in summary.log_files.lacking.items()},
            "growing": [*map(str, summary.log_files.growing)],
        },
        "ended_by": summary.ended_by and str(summary.ended_by),
        "unlisted_domains": list(map(asdict, summary.unlisted)),
        "is_complete": summary.is_complete,
    }
