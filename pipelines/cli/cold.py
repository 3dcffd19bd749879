"""`livestats cold`: moves the stored answers of old days to an object store, or brings days back.

The moving is in pipelines/cold. docs/scale.md says what works on cold days.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Days, finished_erasing, json_option, opened, require_archive

if TYPE_CHECKING:
    from pipelines.cold.run import Done


@click.command()
@click.option(
    "--back",
    "range_",
    type=Days(),
    metavar="DAYS",
    help="Bring the answers of these days back: FIRST..LAST, a month, or one day.",
)
@json_option
def cold(range_: tuple[date, date] | None, as_json: bool) -> None:
    r"""Move the stored answers of old, complete days to the object store of scale.cold.

    What moves are the bodies in raw/ of days older than scale.cold_after_days. Manifests, lake, tables
    and served copy stay. Each file is read back from the store before it is deleted here. Whatever
    reads bodies goes on to work, and fetches them. A day that is incomplete, suspect, or has no
    current lake file stays. The key of the store comes from AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY.

    \b
    Examples:
      livestats cold
      livestats cold --back 2026-01-01..2026-01-31

    Exits with 1 if a file could not be moved, with 2 if the store cannot be used. Broken off, the
    same command goes on.
    """
    from pipelines.cold import run
    from resources.raw.cold import files_of

    archive = finished_erasing(opened())
    require_archive(archive)
    done = run.move(archive, _progress) if range_ is None else run.back(archive, *range_, _progress)
    sizes = [size for _, size in files_of(archive.home.raw)]
    files, size = len(sizes), sum(sizes)
    if as_json:
        screen.emit_json(
            {
                "place": done.place,
                "dataset_days": done.dataset_days,
                "files": done.moved.files,
                "bytes": done.moved.bytes,
                "dropped": done.moved.dropped,
                "staying": dict(done.staying),
                "problems": done.problems,
                "cold_files": files,
                "cold_bytes": size,
            }
        )
    else:
        _tell(done, files, size, is_back=range_ is not None)
    if done.problems:
        click.get_current_context().exit(1)


def _progress(text: str) -> None:
    screen.note(f"... {text}")


def _tell(done: Done, files: int, size: int, *, is_back: bool) -> None:
    for problem in done.problems:
        screen.say(f"Not moved: {problem}")
    way = "Brought back from" if is_back else "Moved to"
    screen.say(
        f"{way} {done.place}: {screen.counted(done.moved.files, 'file')} of "
        f"{screen.counted(done.dataset_days, 'dataset-day')}, {screen.size(done.moved.bytes)}."
    )
    if done.moved.dropped:
        files_gone = screen.counted(done.moved.dropped, "file")
        screen.say(f"Deleted there: {files_gone} of captures that are not here any more.")
    for reason, number in done.staying.most_common():
        screen.say(f"Stay here, {reason}: {screen.counted(number, 'dataset-day')}.")
    screen.say(f"Cold now: {screen.counted(files, 'file')}, {screen.size(size)}.")
