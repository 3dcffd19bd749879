"""`livestats plan`: requests, time, rows and bytes of a backfill, as a table and sentences.

The figures are in pipelines/planning. Read next: planning/estimate.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import checked, json_option, opened, with_range

if TYPE_CHECKING:
    from pipelines.backfill.plan import BackfillPlan
    from pipelines.planning.estimate import Estimate, Source
    from pipelines.planning.forecast import ExpiringDays, Volume
    from resources.api.cut_cost import CutCost
    from resources.archive import Archive
    from resources.config import Settings
    from resources.ledger.unlisted import UnlistedDomain


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
    r"""Show the requests of a backfill, how long it takes, and what it brings.

    Without --from and --to: all days that are missing and still available. Rows and bytes are
    estimated from the last captured days. Nothing is captured; if no domain is known yet, one API
    call lists them.

    \b
    Examples:
      livestats plan
      livestats plan --from 2026-11-01 --to 2026-11-07 --dataset edge_stat

    Exits with 0; with 1 if days in the range are lost or not complete at the vendor yet, if days
    would expire before they are captured, if a cut is larger than its settings allow, or if the
    domains cannot be listed.
    """
    from pipelines.backfill import plan as backfill_plan
    from pipelines.planning import cuts, forecast, supplements
    from pipelines.planning.estimate import estimates
    from resources.ledger.unlisted import unlisted_in

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
        expired_meanwhile=forecast.expiring_days(archive, todo.chunks, lines),
        problem=problem,
        cuts=cuts.costs(todo.datasets, todo.last, source, archive.settings),
        supplement_requests=supplements.requests_of(archive, todo.supplements),
        unlisted=unlisted_in(archive.home.lake, archive.settings),
    )
    if as_json:
        screen.emit_json(_answer(archive, todo, seen))
    else:
        _show(archive, todo, seen, hint)
    too_large = any(why for _, why in seen.cuts.values())
    is_late = seen.expired_meanwhile.too_late
    if todo.lost or todo.lacks_settling or is_late or problem or too_large:
        click.get_current_context().exit(1)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Estimates and warnings for a backfill."""

    lines: Sequence[Estimate]
    volumes: Mapping[str, Volume]  # by dataset; only datasets with captured days
    expiring: Mapping[str, list[date]]
    expired_meanwhile: ExpiringDays
    problem: str = ""  # why the domains could not be listed
    supplement_requests: int = 0  # to complete captured days
    cuts: Mapping[str, tuple[CutCost, str]] = field(default_factory=dict)
    """A day of each cut, and why it is not captured."""
    unlisted: Sequence[
        UnlistedDomain
    ] = ()  # domains of the settings that the account does not list


def days_due(todo: BackfillPlan) -> dict[str, list[date]]:
    """Dataset -> days to capture."""
    due: dict[str, list[date]] = {}
    for chunk in todo.chunks:
        days = [chunk.first + timedelta(days=i) for i in range((chunk.last - chunk.first).days + 1)]
        for name in chunk.datasets:
            due.setdefault(name, []).extend(days)
    return due


def _source(archive: Archive, is_needed: bool) -> tuple[Source, str, str]:
    """What is known about the account, a hint about where from, and why it is unknown."""
    import os

    from pipelines.doctor.api_probe import list_domains
    from pipelines.planning.estimate import Source
    from resources.api.credentials import find_credentials
    from resources.api.errors import ApiError
    from resources.capture.inventory import InventoryReader
    from resources.fs import user

    account = InventoryReader(archive.home.lake, archive.settings)
    source = Source.of(account)
    if source.domains or not is_needed:
        return source, "", ""
    try:
        credentials, _ = find_credentials(os.environ, user.home_folder())
        folder = archive.home.budget if archive.home.budget.is_dir() else None
        listed = list_domains(archive.settings, credentials, folder)
    except ApiError as error:
        return source, "", f"The domains are not known yet, and could not be listed: {error}"
    hint = f"Not captured yet: {screen.counted(listed.total, 'domain')} in the list of the API."
    return Source.of(account, listed.domains), hint, ""


def _unfit(archive: Archive, due: Mapping[str, Sequence[date]], source: Source) -> str:
    """Which domain patterns match no domain; '' if all match."""
    from resources.api.catalog import DATASETS
    from resources.capture.inventory import PrerequisiteMissing, check_patterns

    try:
        for name in due:
            check_patterns(archive.settings.of(DATASETS[name]), source.domains)
    except PrerequisiteMissing as error:
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
    from dataclasses import asdict

    from pipelines.planning.estimate import seconds_of_all
    from pipelines.planning.forecast import total

    lines = seen.lines
    known = [line.requests for line in lines if line.requests is not None]
    return {
        "home": str(archive.home.root),
        "problem": seen.problem or None,
        "dataset_days": todo.days,
        "kept": todo.kept,
        "to_complete": todo.days_to_complete,
        "to_derive": todo.days_to_derive,
        "supplement_requests": seen.supplement_requests,
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
        "forgotten_meanwhile": _dated(seen.expired_meanwhile.in_time),
        "forgotten_too_early": _dated(seen.expired_meanwhile.too_late),
        "settling": _dated(todo.settling),
        "lost": _dated(todo.lost),
        "unlisted_domains": list(map(asdict, seen.unlisted)),
        "cuts": [
            {"dataset": name, **asdict(cost), "problem": why or None}
            for name, (cost, why) in seen.cuts.items()
        ],
    }


def _figures(volume: Volume | None) -> dict[str, int | None]:
    """Rows and bytes for --json; None: unknown."""
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
        table.add_column("based on", style="dim")
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
    elif seen.lines or todo.supplements or todo.derived:
        console.print("Next: livestats backfill, with the same options.")


def summary_lines(todo: BackfillPlan, seen: Outlook, settings: Settings) -> list[str]:
    """The sentences below the table."""
    from pipelines.planning.estimate import seconds_of_all

    lines = seen.lines
    requests = sum(line.requests or 0 for line in lines)
    seconds = seconds_of_all(lines, settings)
    unknown = [line.dataset for line in lines if line.requests is None]
    is_rough = any(line.basis for line in lines)
    found = []
    if not lines:
        found.append("Nothing to capture.")
    else:
        about = "about " if is_rough else ""
        least = f"at least {screen.span(seconds)}" if seconds >= 1 else "less than a second"
        found.append(
            f"{screen.counted(todo.days, 'dataset-day')} to capture, {about}"
            f"{screen.counted(requests, 'request')}: {least} at the rate limit, in parallel."
        )
    if unknown:
        found.append(f"Not included: the requests of {screen.names_text(unknown)}.")
    found += _volume_lines(seen)
    if todo.supplements:
        found.append(
            f"{screen.counted(todo.days_to_complete, 'captured dataset-day')} to complete, "
            f"{screen.counted(seen.supplement_requests, 'request')}, after all else; answers that "
            "are there take no second place on the disk."
        )
    if todo.derived:
        days = screen.counted(todo.days_to_derive, "dataset-day")
        found.append(f"{days} to make out of captured answers, without a request.")
    if todo.kept:
        found.append(f"Unchanged: {screen.counted(todo.kept, 'dataset-day')}.")
    warned = f"within {settings.expiry_warning_days} days, so captured first"
    found += screen.stated("Expiring", seen.expiring, warned)
    meanwhile = sum(map(len, seen.expired_meanwhile.in_time.values()))
    if meanwhile:
        these = screen.counted(meanwhile, "of these dataset-days", "of these dataset-days")
        found.append(f"While it runs, {these} expire, each after it is captured.")
    found += screen.stated(
        "Too late",
        seen.expired_meanwhile.too_late,
        "they expire before they are captured at this rate. Capture them first, with --from, --to "
        "and --dataset, or raise api.quota_factor if the vendor grants more",
    )
    found += screen.stated("Settling", todo.settling, "not complete at the vendor yet")
    found += screen.stated("Lost", todo.lost, "the API no longer has them")
    found += _cut_lines(seen)
    return [*found, *(one.sentence for one in seen.unlisted)]


def _cut_lines(seen: Outlook) -> list[str]:
    """What a day of each cut takes at most, and which of them are not captured."""
    found = []
    for name, (cost, why) in seen.cuts.items():
        requests = screen.counted(cost.requests, "request")
        rows = "rows by what there is"
        if cost.rows is not None and cost.answer_bytes is not None:
            rows = (
                f"at most {cost.rows:,} rows in about {screen.size(cost.answer_bytes)} of responses"
            )
        found.append(f"A day of {name}: {requests}, {rows}.")
        if why:
            found.append(f"Not captured: {why}.")
    return found


def _volume_lines(seen: Outlook) -> list[str]:
    """Rows and bytes to expect."""
    from pipelines.planning.forecast import total

    if not seen.lines:
        return []
    if not seen.volumes:
        return ["Rows and bytes: unknown until a first day is captured."]
    volume = total(seen.volumes)
    found = [
        f"About {volume.rows:,.0f} rows in {screen.size(volume.answer_bytes)} of responses, "
        f"{screen.size(volume.disk_bytes)} on disk in raw/ and lake/, by the last captured days."
    ]
    new = [line.dataset for line in seen.lines if line.dataset not in seen.volumes]
    if new:
        found.append(
            f"Not included: the rows of {screen.names_text(new)}, of which no day is captured yet."
        )
    return found
