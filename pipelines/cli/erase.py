"""`livestats erase`: erases a domain, a stream or an address from the archive for good.

The work is in pipelines/erase. docs/personal-data.md says what stays.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, checked, json_option, opened_to_change, require_archive

if TYPE_CHECKING:
    from pipelines.erase.run import Erased, Plan, Removed
    from resources.archive import Archive
    from resources.raw.erasures import PlainItem


@click.command()
@click.option("--domain", help="Erase a domain and all of its streams.")
@click.option("--stream", metavar="DOMAIN/APP/STREAM", help="Erase a stream.")
@click.option("--address", metavar="IP", help="Erase the address of a client.")
@click.option("--yes", is_flag=True, help="Erase without asking.")
@json_option
def erase(
    domain: str | None, stream: str | None, address: str | None, yes: bool, as_json: bool
) -> None:
    r"""Erase an item for good: out of answers, lake, tables, served copy and notes.

    First it says what it will erase, and asks. Its rows and the requests about it are cut out of each
    stored answer; every other byte stays. Figures of the whole account stay as they are. A note
    beside the captures of each day tells when, what kind of thing and how many rows, and not the item.
    A day up to today that is asked again does not bring it back; a later day can. Backups lose it
    with the next `livestats backup`, tables in PostgreSQL and Iceberg with the next `livestats
    publish` to them. Without an item: finishes an erasure that was broken off, and deletes captures
    of before an erasure that came back, as from a backup.

    \b
    Examples:
      livestats erase --stream pull.example.com/live/room-1
      livestats erase --address 203.0.113.7 --yes
      livestats erase

    Exits with 1 if something could not be read: then it is not finished, and says what to mend.
    """
    archive = opened_to_change()
    require_archive(archive)
    item = _item(domain, stream, address)
    done = (
        _finished(archive, as_json=as_json)
        if item is None
        else _erased(archive, item, yes=yes, as_json=as_json)
    )
    if done is None:
        return
    if as_json:
        screen.emit_json(_facts(done))
    else:
        _tell(done, archive)
    if done.problems:
        click.get_current_context().exit(1)


def _item(domain: str | None, stream: str | None, address: str | None) -> PlainItem | None:
    from resources.raw.erasures import ItemKind, PlainItem

    named = {ItemKind.DOMAIN: domain, ItemKind.STREAM: stream, ItemKind.ADDRESS: address}
    given = [(kind, value) for kind, value in named.items() if value is not None]
    if len(given) > 1:
        raise Refused("Give one of --domain, --stream and --address.")
    return checked(lambda: PlainItem.parse(*given[0])) if given else None


def _finished(archive: Archive, *, as_json: bool) -> Erased | None:
    """Finish an erasure that was broken off; if there is none, delete what came back after one."""
    from pipelines.erase import run

    done = run.finish_pending(archive, _progress)
    if done is None:
        _tell_removed(run.remove_erased(archive, _progress), as_json=as_json)
    return done


def _tell_removed(done: Removed, *, as_json: bool) -> None:
    if as_json:
        screen.emit_json(
            {"removed": done.captures, "not_made": done.not_made, "problems": done.problems}
        )
    elif done.captures or done.problems:
        for told in done.not_made:
            screen.say(f"Not made: {told}")
        for problem in done.problems:
            screen.say(f"Not deleted: {problem}")
        screen.say(
            f"Deleted: {screen.counted(done.captures, 'capture')} of before an erasure. "
            "Run `livestats backup` for each backup."
        )
    else:
        screen.say(
            "No erasure was broken off. Name what to erase: --domain, --stream or --address."
        )
    if done.problems:
        click.get_current_context().exit(1)


def _erased(archive: Archive, item: PlainItem, *, yes: bool, as_json: bool) -> Erased | None:
    from pipelines.erase import run

    screen.note("Looking through all stored answers ...")
    plan = run.plan(archive, item, _progress)
    _show(plan, err=as_json)
    if plan.is_empty:
        return None
    if not yes:
        if not sys.stdin.isatty():
            raise Refused("Nothing was erased. Give --yes to erase it for good.")
        click.confirm("Erase it for good?", abort=True, err=True)
    return run.begin(archive, item, _progress)


def _progress(text: str) -> None:
    screen.note(f"... {text}")


def _show(plan: Plan, *, err: bool) -> None:
    from pipelines.erase.run import LOG_FILES

    if not (plan.days or plan.exports):
        screen.say(f"Nothing in the archive names this {plan.item.kind}.", err=err)
    by_dataset: dict[str, list[int]] = {}
    for one in plan.days:
        counts = by_dataset.setdefault(one.dataset, [0, 0, 0])
        for at, number in enumerate((1, one.captures, one.rows)):
            counts[at] += number
    for name, (days, captures, rows) in by_dataset.items():
        units = ("file", "line") if name == LOG_FILES else ("capture", "row")
        what = f"{screen.counted(days, 'day')}, {screen.counted(captures, units[0])}"
        screen.say(f"{name}: {what}, {screen.counted(rows, units[1])}", err=err)
    for path in plan.exports:
        screen.say(f"{path}: the file is deleted", err=err)
    for path in plan.strays:
        screen.say(
            f"{path}: it is not there any more, and its answers in the store cannot be searched: they are "
            "deleted. Put it back before to keep what else they hold.",
            err=err,
        )
    for problem in plan.problems:
        screen.say(f"Cannot be searched: {problem}", err=err)
    of_datasets = [one for one in plan.days if one.dataset != LOG_FILES]
    screen.say(
        f"To be erased: {screen.counted(len(of_datasets), 'dataset-day')}, "
        f"{screen.counted(sum(one.rows for one in of_datasets), 'row')}. Warehouse and served copy are made again.",
        err=err,
    )


def _tell(done: Erased, archive: Archive) -> None:

    for told in done.not_made:
        screen.say(f"Not made: {told}")
    for problem in done.problems:
        screen.say(f"Not erased: {problem}")
    if done.problems:
        screen.say("The erasure is not finished. Mend that, then run `livestats erase`.")
        return
    erasure = done.erasure
    screen.say(
        f"Erased: {screen.counted(erasure.dataset_days, 'dataset-day')}, "
        f"{screen.counted(erasure.rows, 'row')} with those of earlier revisions. "
        f"Days up to {erasure.until} do not get it back."
    )
    if done.log_files:
        files = screen.counted(done.log_files, "log file")
        screen.say(f"{screen.counted(done.log_lines, 'line')} of {files} are gone.")
    home, name = archive.home, done.item.text
    gone = [
        one
        for one in (*home.gone_domains, *home.gone_streams)
        if one == name or one.startswith(f"{name}/")
    ]
    for path in done.named:
        what_to_do = "It is not livestats' to change: see to it yourself."
        if gone and path == home.identity_file:
            what_to_do = "It was called gone: `livestats gone NAME --undo` takes it out; later days then ask for it."
        screen.say(f"Still names it: {path}. {what_to_do}")
    for path in done.not_searched:
        screen.say(f"Not searched: {path}. Delete it if it holds the {erasure.kind}.")
    iceberg = home.iceberg
    if iceberg.is_dir():
        screen.say(f"Still in {iceberg} if it was published: run `livestats publish --to iceberg`.")
    screen.say(
        "Where the tables are published (PostgreSQL, Iceberg), they have it until the next "
        "`livestats publish` to that place."
    )
    screen.say(
        "Run `livestats backup` for each backup, and `livestats digest` for a new fingerprint."
    )


def _facts(done: Erased) -> dict[str, object]:
    erasure = done.erasure
    return {
        "erasure": erasure.id,
        "kind": erasure.kind.value,
        "until": str(erasure.until),
        "is_finished": erasure.is_finished,
        "dataset_days": erasure.dataset_days,
        "rows": erasure.rows,
        "log_files": done.log_files,
        "log_lines": done.log_lines,
        "still_names_it": [str(path) for path in done.named],
        "not_searched": [str(path) for path in done.not_searched],
        "not_made": done.not_made,
        "problems": done.problems,
    }
