"""`livestats plan`: what a backfill would ask, before it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import checked, json_option, opened, with_range

if TYPE_CHECKING:
    from pipelines.backfill import BackfillPlan
    from pipelines.estimate import Estimate, Source
    from resources.archive import Archive
    from resources.settings import Settings


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
    r"""Show what a backfill would ask, and how long it takes.

    Without --from and --to: all that is missing and still there. Nothing is captured; only if no
    domain is known yet, the API is asked once for the list of domains.

    \b
    Examples:
      livestats plan
      livestats plan --from 2026-11-01 --to 2026-11-07 --dataset edge_stat

    Ends with 0; with 1 if days in the range are lost or not complete at the vendor yet.
    """
    from pipelines import backfill
    from pipelines.estimate import estimates

    archive = opened()
    todo = checked(lambda: backfill.plan(archive, first, last, names, force=force))
    due = days_due(todo)
    source, hint = _source(archive, bool(due))
    lines = estimates(due, source, archive.settings)
    expiring = _expiring(archive, due)
    if as_json:
        screen.emit_json(_answer(archive, todo, lines, expiring))
    else:
        _show(archive, todo, lines, expiring, hint)
    if todo.lost or todo.settling:
        click.get_current_context().exit(1)


def days_due(todo: BackfillPlan) -> dict[str, list[date]]:
    """The days that each dataset would be asked for."""
    due: dict[str, list[date]] = {}
    for chunk in todo.chunks:
        days = [chunk.first + timedelta(days=i) for i in range((chunk.last - chunk.first).days + 1)]
        for name in chunk.datasets:
            due.setdefault(name, []).extend(days)
    return due


def _source(archive: Archive, is_needed: bool) -> tuple[Source, str]:
    """What is known of the account, and what to tell of how it became known."""
    import os
    from pathlib import Path

    from pipelines.ask import list_domains
    from pipelines.estimate import Source
    from resources.account import Account
    from resources.api.credentials import find_credentials
    from resources.api.errors import ApiError

    account = Account(archive.home.lake, archive.settings)
    source = Source.of(account)
    if source.domains or not is_needed:
        return source, ""
    try:
        credentials, _ = find_credentials(os.environ, Path.home())
        folder = archive.home.budget if archive.home.budget.is_dir() else None
        listed = list_domains(archive.settings, credentials, folder)
    except ApiError as error:
        return source, f"The domains are not known yet, and could not be asked for: {error}"
    return Source.of(account, listed.domains), (
        f"Not captured yet: {screen.counted(listed.total, 'domain')} as the API lists them now."
    )


def _expiring(archive: Archive, due: Mapping[str, Sequence[date]]) -> dict[str, list[date]]:
    from resources.api.catalogue import DATASETS
    from resources.ledger import State

    found: dict[str, list[date]] = {}
    for name, days in due.items():
        lines = archive.ledger(DATASETS[name], min(days), max(days))
        soon = [line.day for line in lines if line.state is State.EXPIRING]
        if soon:
            found[name] = soon
    return found


def _answer(
    archive: Archive,
    todo: BackfillPlan,
    lines: Sequence[Estimate],
    expiring: Mapping[str, list[date]],
) -> dict[str, Any]:
    from pipelines.estimate import seconds_of_all

    known = [line.requests for line in lines if line.requests is not None]
    return {
        "home": str(archive.home.root),
        "dataset_days": todo.days,
        "kept": todo.kept,
        "requests": sum(known),
        "is_complete": len(known) == len(lines),
        "seconds": round(seconds_of_all(lines, archive.settings), 1),
        "datasets": [
            {
                "dataset": line.dataset,
                "days": line.days,
                "requests": line.requests,
                "seconds": None if line.seconds is None else round(line.seconds, 1),
                "basis": line.basis,
            }
            for line in lines
        ],
        "expiring": {name: list(map(str, days)) for name, days in expiring.items()},
        "settling": {name: list(map(str, days)) for name, days in todo.settling.items()},
        "lost": {name: list(map(str, days)) for name, days in todo.lost.items()},
    }


def _show(
    archive: Archive,
    todo: BackfillPlan,
    lines: Sequence[Estimate],
    expiring: Mapping[str, list[date]],
    hint: str,
) -> None:
    from rich.table import Table

    console = screen.console(wide=True)
    if lines:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("dataset")
        for heading in ("days", "requests", "time"):
            table.add_column(heading, justify="right")
        table.add_column("rests on", style="dim")
        for line in lines:
            seconds = line.seconds
            table.add_row(
                line.dataset,
                f"{line.days:,}",
                "?" if line.requests is None else f"{line.requests:,}",
                "?" if seconds is None else screen.span(seconds),
                line.basis,
            )
        console.print(table)
        console.print()
    for text in summary_lines(todo, lines, expiring, archive.settings):
        console.print(text)
    if hint:
        console.print(hint)
    if lines:
        console.print("Next: livestats backfill, with the same options.")


def summary_lines(
    todo: BackfillPlan,
    lines: Sequence[Estimate],
    expiring: Mapping[str, list[date]],
    settings: Settings,
) -> list[str]:
    """The plan in sentences."""
    from pipelines.estimate import seconds_of_all

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
    if todo.kept:
        found.append(f"Kept as they are: {screen.counted(todo.kept, 'dataset-day')}.")
    found += screen.stated(
        "Expiring", expiring, f"forgotten within {settings.expiry_warning_days} days"
    )
    found += screen.stated("Settling", todo.settling, "not complete at the vendor yet")
    found += screen.stated("Lost", todo.lost, "the API has forgotten them")
    return found
