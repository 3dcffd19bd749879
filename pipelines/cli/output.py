"""The type of every option that names a file to write: never one of the archive itself.

What is the archive's own: resources/home/own.py.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import click

from pipelines.cli.options import Refused


class OutputFile(click.Path):
    """A file that a command writes. Refused before the command begins."""

    def __init__(self, *, dir_okay: bool = True) -> None:
        """With `dir_okay`, the command itself says what it does about a folder of that name."""
        super().__init__(path_type=Path, dir_okay=dir_okay)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        return outside_of_archive(Path(os.fsdecode(super().convert(value, param, ctx))))


def outside_of_archive(path: Path) -> Path:
    """`path`, unless it is one of the archive's own files or among them: raises Refused."""
    from resources.config import load
    from resources.home import own
    from resources.home.layout import Home

    try:
        path.stat()
    except OSError as error:  # that it is not there yet is usual
        if error.errno == errno.ELOOP:
            raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    home = Home(load(os.environ, Path.cwd(), leave_out_broken_cuts=True).home)
    if own.holds(home, path):
        raise Refused(
            f"{path} is among the files of the archive in {home.root}, which are not overwritten. "
            "Name another file."
        )
    return path
