"""`livestats plan`: what a backfill would ask, before it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import checked, json_option, opened, with_range

if TYPE_CHECKING:
    from pipelines.backfill.plan import BackfillPlan
    from pipelines.planning.estimate import Estimate, Source
    from pipelines.planning.forecast import Forgotten, Volume
    from resources.archive import Archive
    from resources.config import Settings


@click.command()
@with_range
@click.option("--force", is_flag=True, help="Count complete days too, as backfill --force would.")
@json_option
def plan(
    first: date | None,
    last: date | None,
    names: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    r"""Show what a backfill would ask and bring, and how long it takes.

    Without --from and --to: all that is missing and still there. Rows and bytes are those of the
    last captured days. Nothing is captured; only if no domain is known yet, the API is asked once
    for the list of domains.

    \b
    Examples:
      livestats plan
      livestats plan --from 2026-11-01 --to 2026-11-07 --dataset edge_stat

    Ends with 0; with 1 if days in the range are lost or not complete at the vendor yet, if days
    would be forgotten before their turn, or if the domains are not known and cannot be asked for.
    """
    from pipelines.backfill import plan as backfill_plan
    from pipelines.planning import forecast
    from pipelines.planning.estimate import estimates

    archive = opened()
    todo = checked(lambda: backfill_plan.plan(archive, first, last, names, force=force))
    due = days_due(todo)
    source, hint, problem = _source(archive, bool(due))
    problem = problem or _unfit(archive, due, source)
    lines = estimates(due, source, archive.settings)
    seen = Outlook(
        lines=lines,
        volumes=forecast.volumes(archive.home, lines),
        expiring=_expiring(archive, due),
        forgotten=forecast.forgotten(archive, todo.chunks, lines),
        problem=problem,
    )
    if as_json:
        screen.emit_json(_answer(archive, todo, seen))
    else:
        _show(archive, todo, seen, hint)
    if todo.lost or todo.settling or seen.forgotten.too_late or problem:
        click.get_current_context().exit(1)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is known of a backfill ahead."""

    lines: Sequence[Estimate]
    volumes: Mapping[str, Volume]  # by dataset; those that were never captured are not there
    expiring: Mapping[str, list[date]]
    forgotten: Forgotten
    problem: str = ""  # why the domains could not be asked for


def days_due(todo: BackfillPlan) -> dict[str, list[date]]:
    """The days that each dataset would be asked for."""
    due: dict[str, list[date]] = {}
    for chunk in todo.chunks:
        days = [chunk.first + timedelta(days=i) for i in range((chunk.last - chunk.first).days + 1)]
        for name in chunk.datasets:
            due.setdefault(name, []).extend(days)
    return due


def _source(archive: Archive, is_needed: bool) -> tuple[Source, str, str]:
    """What is known of the account, what to tell of how it became known, and why it is not."""
    import os
    from pathlib import Path

    from pipelines.doctor.api_probe import list_domains
    from pipelines.planning.estimate import Source
    from resources.api.credentials import find_credentials
    from resources.api.errors import ApiError
    from resources.capture.inventory import Account

    account = Account(archive.home.lake, archive.settings)
    source = Source.of(account)
    if source.domains or not is_needed:
        return source, "", ""
    try:
        credentials, _ = find_credentials(os.environ, Path.home())
        folder = archive.home.budget if archive.home.budget.is_dir() else None
        listed = list_domains(archive.settings, credentials, folder)
    except ApiError as error:
        return source, "", f"The domains are not known yet, and could not be asked for: {error}"
    hint = f"Not captured yet: {screen.counted(listed.total, 'domain')} as the API lists them now."
    return Source.of(account, listed.domains), hint, ""


def _unfit(archive: Archive, due: Mapping[str, Sequence[date]], source: Source) -> str:
    """Which patterns for domains fit none; '' if all fit."""
    from resources.api.catalog import DATASETS
    from resources.capture.inventory import NotYet, check_patterns

    try:
        for name in due:
            check_patterns(archive.settings.of(DATASETS[name]), source.domains)
    except NotYet as error:
        return str(error)
    return ""


def _expiring(archive: Archive, due: Mapping[str, Sequence[date]]) -> dict[str, list[date]]:
    from resources.api.catalog import DATASETS
    from resources.ledger.states import State

    found: dict[str, list[date]] = {}
    for name, days in due.items():
        lines = archive.ledger(DATASETS[name], min(days), max(days))
        soon = [line.day for line in lines if line.state is State.EXPIRING]
        if soon:
            found[name] = soon
    return found


def _answer(archive: Archive, todo: BackfillPlan, seen: Outlook) -> dict[str, Any]:
    from pipelines.planning.estimate import seconds_of_all
    from pipelines.planning.forecast import total

    lines = seen.lines
    known = [line.requests for line in lines if line.requests is not None]
    return {
        "home": str(archive.home.root),
        "problem": seen.problem or None,
        "dataset_days": todo.days,
        "kept": todo.kept,
        "requests": sum(known),
        "is_complete": len(known) == len(lines),
        "seconds": round(seconds_of_all(lines, archive.settings), 1),
        **_figures(total(seen.volumes) if seen.volumes else None),
        "is_volume_complete": len(seen.volumes) == len(lines),
        "datasets": [
            {
                "dataset": line.dataset,
                "days": line.days,
                "requests": line.requests,
                "seconds": None if line.seconds is None else round(line.seconds, 1),
                "basis": line.basis,
                **_figures(seen.volumes.get(line.dataset)),
            }
            for line in lines
        ],
        "expiring": _dated(seen.expiring),
        "forgotten_meanwhile": _dated(seen.forgotten.in_time),
        "forgotten_too_early": _dated(seen.forgotten.too_late),
        "settling": _dated(todo.settling),
        "lost": _dated(todo.lost),
    }


def _figures(volume: Volume | None) -> dict[str, int | None]:
    """What a program is told of rows and bytes; None: it is not known."""
    if volume is None:
        return {"rows": None, "answer_bytes": None, "disk_bytes": None}
    return {
        "rows": round(volume.rows),
        "answer_bytes": round(volume.answer_bytes),
        "disk_bytes": round(volume.disk_bytes),
    }


def _dated(found: Mapping[str, Sequence[date]]) -> dict[str, list[str]]:
    return {name: list(map(str, days)) for name, days in found.items()}


def _show(archive: Archive, todo: BackfillPlan, seen: Outlook, hint: str) -> None:
    from rich.table import Table

    console = screen.console(wide=True)
    if seen.lines:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("dataset")
        for heading in ("days", "requests", "time", "rows", "disk"):
            table.add_column(heading, justify="right")
        table.add_column("rests on", style="dim")
        for line in seen.lines:
            seconds, volume = line.seconds, seen.volumes.get(line.dataset)
            table.add_row(
                line.dataset,
                f"{line.days:,}",
                "?" if line.requests is None else f"{line.requests:,}",
                "?" if seconds is None else screen.span(seconds),
                f"{volume.rows:,.0f}" if volume else "?",
                screen.size(volume.disk_bytes) if volume else "?",
                line.basis,
            )
        console.print(table)
        console.print()
    for text in summary_lines(todo, seen, archive.settings):
        console.print(text)
    for text in filter(None, (hint, seen.problem)):
        console.print(text)
    if seen.problem:
        console.print("Next: livestats doctor")
    elif seen.lines:
        console.print("Next: livestats backfill, with the same options.")


def summary_lines(todo: BackfillPlan, seen: Outlook, settings: Settings) -> list[str]:
    """The plan in sentences."""
    from pipelines.planning.estimate import seconds_of_all

    lines = seen.lines
    requests = sum(line.requests or 0 for line in lines)
    seconds = seconds_of_all(lines, settings)
    unknown = [line.dataset for line in lines if line.requests is None]
    is_rough = any(line.basis for line in lines)
    found = []
    if not lines:
        found.append("Nothing is to be captured.")
    else:
        about = "about " if is_rough else ""
        found.append(
            f"{screen.counted(todo.days, 'dataset-day')} to capture, {about}"
            f"{screen.counted(requests, 'request')}: at least {screen.span(seconds)} at the call "
            "budget, all side by side."
        )
    if unknown:
        found.append(f"To that come the requests of {screen.names_text(unknown)}.")
    found += _volume_lines(seen)
    if todo.kept:
        found.append(f"Kept as they are: {screen.counted(todo.kept, 'dataset-day')}.")
    warned = f"forgotten within {settings.expiry_warning_days} days, so asked for before all others"
    found += screen.stated("Expiring", seen.expiring, warned)
    meanwhile = sum(map(len, seen.forgotten.in_time.values()))
    if meanwhile:
        these = screen.counted(meanwhile, "of these dataset-days", "of these dataset-days")
        found.append(f"While it runs, the API forgets {these}, each after its turn.")
    found += screen.stated(
        "Too late",
        seen.forgotten.too_late,
        "the API forgets them before their turn at this budget. Ask for them first, with --from, "
        "--to and --dataset, or raise api.quota_factor if the vendor grants more",
    )
    found += screen.stated("Settling", todo.settling, "not complete at the vendor yet")
    found += screen.stated("Lost", todo.lost, "the API has forgotten them")
    return found


def _volume_lines(seen: Outlook) -> list[str]:
    """Rows and bytes to expect."""
    from pipelines.planning.forecast import total

    if not seen.lines:
        return []
    if not seen.volumes:
        return ["Rows and bytes: not known before a first day is captured."]
    volume = total(seen.volumes)
    found = [
        f"About {volume.rows:,.0f} rows in {screen.size(volume.answer_bytes)} of answers, "
        f"{screen.size(volume.disk_bytes)} on the disk in raw/ and lake/, by the last captured days."
    ]
    new = [line.dataset for line in seen.lines if line.dataset not in seen.volumes]
    if new:
        found.append(f"To that come the rows of {screen.names_text(new)}: none captured yet.")
    return found
