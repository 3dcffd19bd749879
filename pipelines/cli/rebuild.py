"""`livestats publish` and `livestats replay`: repeat the steps after the capture, without the API.

Read next: backfill/replay.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import publishing, screen
from pipelines.cli.options import (
    Refused,
    chosen,
    finished_erasing,
    in_order,
    json_option,
    opened_to_change,
    with_range,
)

if TYPE_CHECKING:
    from resources.archive import Archive
    from resources.serving.publish import Published
    from resources.warehouse.load import Loaded


def _existing() -> Archive:
    """The archive. Refuses a home without one: a typo in its path must not create an empty archive."""
    archive = opened_to_change()
    if not any(folder.is_dir() for folder in (archive.home.raw, archive.home.lake)):
        raise Refused(f"There is no archive in {archive.home.root}. Is LIVESTATS_HOME right?")
    return finished_erasing(archive)


@click.command()
@click.option(
    "--to",
    "target",
    metavar="ADDRESS",
    help="Publish there as well: postgresql://USER@HOST/DATABASE, or iceberg. Default: the setting "
    "publish.to.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME",
    help="With --to: this dataset beside the marts; repeatable, * stands for any text.",
)
@json_option
def publish(target: str | None, datasets: tuple[str, ...], as_json: bool) -> None:
    r"""Load the lake into the tables, and publish the served copy.

    A backfill and the schedule do this already. Run it if the warehouse was locked by another
    program, or if its file was lost. Readers of the served copy are not interrupted.

    With --to, or the setting publish.to, marts and dimensions are then published in a database of
    yours, in one transaction, or as Iceberg tables: docs/scale.md. A password comes from PGPASSWORD
    or ~/.pgpass, what Iceberg needs from pyiceberg's own settings.

    \b
    Examples:
      livestats publish
      livestats publish --to postgresql://livestats@bi.example.com/warehouse
      livestats publish --to iceberg --dataset "*"
    """
    if problem := publishing.problem_of(target):
        raise Refused(f"--to: {problem}")
    archive = _existing()
    settings = archive.settings
    screen.note(f"Loading {archive.home.lake} into {archive.home.warehouse} ...")
    loaded, published = _load_and_publish(archive)
    if not as_json:
        _tell(loaded, published)
    answer = _answer(loaded, published)
    if target := target or settings.publish_to:
        done = publishing.publish_to(archive, target, datasets or settings.publish_datasets)
        answer |= {"published_to": publishing.as_json(done)}
        if not as_json:
            publishing.tell(done)
    if as_json:
        screen.emit_json(answer)
    if _lacks(loaded, published):
        click.get_current_context().exit(1)


@click.command()
@with_range
@json_option
def replay(first: date | None, last: date | None, names: tuple[str, ...], as_json: bool) -> None:
    r"""Rebuild the rows from the stored API responses, offline.

    For every captured day in the range (default: all) the newest capture is parsed again; then the
    tables and the served copy are updated. Needed after an upgrade of livestats that parses
    responses better, or if a lake file is damaged or lost. Rejected answers, which no version could
    read so far, become captures where this one can, and account-wide series are made out of answers
    that hold them beside a split: nothing is asked again.

    \b
    Examples:
      livestats replay
      livestats replay --from 2026-11-01 --dataset edge_stat

    Exits with 1 if a capture is damaged: its day keeps the rows that it had.
    """
    from pipelines.backfill import replay as work
    from resources.api.catalog import DATASETS

    in_order(first, last)
    archive = _existing()  # which knows its cuts
    datasets = chosen(names, [*DATASETS.values()])
    days = work.captured(archive, datasets, first, last)
    closed = _told_closed(archive, [one.name for one in datasets])
    screen.note(f"Normalising {screen.counted(len(days), 'captured day')} of datasets again ...")
    results = []
    for result in _tracked(work.replay(archive, days), len(days)):
        results.append(result)
        if result.problem:
            screen.note(f"Failed: {result.dataset} {result.day}: {result.problem}")
    loaded, published = _load_and_publish(archive)
    failed = [r for r in results if r.problem]
    if as_json:
        about = {
            "replayed": len(results) - len(failed),
            "rows": sum(r.rows for r in results),
            "recovered": [
                {"dataset": r.dataset, "day": str(r.day)} for r in results if r.is_recovered
            ],
            "derived": [{"dataset": r.dataset, "day": str(r.day)} for r in results if r.is_derived],
            "failed": [
                {"dataset": r.dataset, "day": str(r.day), "message": r.problem} for r in failed
            ],
        }
        screen.emit_json({**about, **_answer(loaded, published)})
    else:
        rows = screen.counted(sum(r.rows for r in results), "row")
        screen.say(f"Normalised {screen.counted(len(results) - len(failed), 'day')}: {rows}.")
        recovered = sum(r.is_recovered for r in results)
        if recovered:
            days_of = screen.counted(recovered, "dataset-day")
            screen.say(f"Made captures of rejected answers: {days_of}.")
        derived = sum(r.is_derived for r in results)
        if derived:
            days_of = screen.counted(derived, "dataset-day")
            screen.say(f"Made captures out of captured answers: {days_of}.")
        _tell(loaded, published)
    if failed or closed or _lacks(loaded, published):
        click.get_current_context().exit(1)


def _told_closed(archive: Archive, names: Sequence[str]) -> bool:
    """Name the datasets whose folder this user may not look into; True if there are some."""
    from resources.home import folders

    closed = sorted(folders.unreadable(archive.home, names))
    for name, fault in folders.unusable(archive.home, closed).items():
        screen.note(f"Failed: {name}: {fault}")
    return bool(closed)


def _load_and_publish(archive: Archive) -> tuple[list[Loaded], Published]:
    from resources.api.catalog import DATASETS

    # A dataset that is switched off keeps what it has.
    on = archive.settings.datasets
    datasets = [
        d for d in DATASETS.values() if d.name in on or (archive.home.lake / d.name).is_dir()
    ]
    return list(archive.sync_tables(datasets)), archive.publish()


def _tracked(results: Any, total: int) -> Any:
    """The same results, with a bar on a terminal."""
    from rich.progress import track

    console = screen.console(stderr=True)
    if not console.is_terminal:
        return results
    return track(results, description="", total=total, console=console, transient=True)


def _answer(loaded: list[Loaded], published: Published) -> dict[str, Any]:
    return {
        "tables": [
            {
                "table": t.table,
                "days_loaded": len(t.days),
                "rows": t.rows,
                "total": t.total_rows,
                **({"problem": t.problem} if t.problem else {}),
            }
            for t in loaded
        ],
        "published": str(published.path),
        "bytes": published.size,
        "is_new": published.is_new,
        **({"not_made": [*published.not_made]} if published.not_made else {}),
    }


def _lacks(loaded: list[Loaded], published: Published) -> bool:
    """True if a day of a table or of a mart could not be brought up to date."""
    return bool(published.not_made) or any(table.problem for table in loaded)


def _tell(loaded: list[Loaded], published: Published) -> None:
    for table in loaded:
        if table.problem:
            screen.say(f"Failed: {table.table}: {table.problem}")
        if table.days:
            screen.say(
                f"Loaded {table.table}: {screen.days_text(table.days)}, "
                f"{screen.counted(table.rows, 'row')} ({table.total_rows:,} in the table)."
            )
        if table.gone:
            screen.say(
                f"Kept {table.table} {screen.days_text(table.gone)}: its lake file is missing; "
                "livestats replay rebuilds it."
            )
    if not any(table.days or table.problem for table in loaded):
        screen.say(
            "Nothing to load." if published.is_new else "The tables were up to date already."
        )
    for told in published.not_made:
        screen.say(f"Not made: {told}")
    state = "new" if published.is_new else "unchanged"
    screen.say(f"Served: {published.path} ({screen.size(published.size)}, {state}).")
