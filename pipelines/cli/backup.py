"""`livestats backup`: brings a copy of the home up to date.

The copying is in pipelines/backup. Read next: backup/copy.py.
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.options import finished_erasing, json_option, opened


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@json_option
def backup(target: Path, as_json: bool) -> None:
    r"""Copy what a backup lacks: responses, lake, identity, in an order that is right at any moment.

    TARGET is a folder, new or of an earlier backup, best on another disk or a mounted share. Only new
    captures are copied; each is checked after it was written, and nothing is deleted there but what
    was erased from the home. Captures and loads may run at the same time.

    A backup is a home itself. To restore, back it up into a new folder:

    \b
    Examples:
      livestats backup /srv/livestats-backup
      LIVESTATS_HOME=/srv/livestats-backup livestats backup /srv/livestats-restored

    then `livestats publish` makes tables and served copy. Exits with 1 if something could not be
    copied (and says what), with 2 if TARGET cannot be used.
    """
    from pipelines.backup.copy import backup as copy

    archive = finished_erasing(opened())
    screen.note(f"Copying {archive.home.root} to {target} ...")
    copied = copy(archive, target)
    if as_json:
        facts = {
            name: getattr(copied, name)
            for name in ("captures", "present", "lake_files", "log_files")
        }
        problems = [{"path": str(path), "what": why} for path, why in copied.problems]
        screen.emit_json({**facts, "bytes": copied.bytes, "problems": problems})
    else:
        for path, why in copied.problems:
            screen.say(f"Not copied: {path}: {why}")
        if copied.log_files:
            screen.say(f"Copied {screen.counted(copied.log_files, 'log file')}.")
        screen.say(
            f"Copied {screen.counted(copied.captures, 'capture')} and "
            f"{screen.counted(copied.lake_files, 'lake file')}, {screen.size(copied.bytes)}; "
            f"{screen.counted(copied.present, 'capture')} were there already."
        )
    if copied.problems:
        click.get_current_context().exit(1)
