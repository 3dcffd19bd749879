"""`livestats sync`: synchronises the home of this host with the one in the object store.

The moving is in resources/shared. docs/scale.md says what is shared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, json_option, opened

if TYPE_CHECKING:
    from resources.shared.push import Pushed
    from resources.shared.transfer import Moved


@click.command()
@click.option(
    "--all", "whole", is_flag=True, help="Put every object anew, also what the store says it has."
)
@json_option
def sync(whole: bool, as_json: bool) -> None:
    r"""Synchronise this host's home with the shared one of scale.home.

    Every command that captures, loads or changes does this by itself. Run it to set a host up, to put
    what could not be put while the store was not there, or, with --all, to mend objects that it has
    lost. What nothing names any more is deleted there. The key of the store comes from
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

    \b
    Examples:
      livestats sync
      livestats sync --all

    Exits with 1 if a file here is damaged and was not put, with 2 if the store or the lease cannot
    be had.
    """
    archive = opened()
    if not archive.settings.scale_home:
        raise Refused(
            "scale.home is not set: it names the store that has the account's archive, like "
            "s3://bucket/prefix. docs/scale.md has the steps."
        )
    from resources.fs.object_store import Place
    from resources.shared import session

    moved, done = session.sync(archive.home, archive.settings, archive.now(), whole=whole)
    place = Place.parse(archive.settings.scale_home).text
    if as_json:
        screen.emit_json(_facts(place, moved, done))
    else:
        for problem in done.problems:
            screen.say(f"Not put: {problem}")
        screen.say(f"Fetched from {place}: {_counted(moved)}.")
        screen.say(f"Put there: {_counted(done.moved)}.")
    if done.problems:
        click.get_current_context().exit(1)


def _counted(moved: Moved) -> str:
    return f"{screen.counted(moved.files, 'file')}, {screen.size(moved.bytes)}"


def _facts(place: str, moved: Moved, done: Pushed) -> dict[str, object]:
    return {
        "place": place,
        "fetched_files": moved.files,
        "fetched_bytes": moved.bytes,
        "put_files": done.moved.files,
        "put_bytes": done.moved.bytes,
        "problems": done.problems,
    }
