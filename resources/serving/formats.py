"""The file formats of `livestats query`, and the layouts in which it shows an answer.

Not here: writing them (export.py). This module is imported by `--help` and imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Format:
    """One file format. Its name is also the ending of its files."""

    name: str
    is_text: bool  # can be written to a terminal

    @property
    def extension(self) -> str:
        """The ending of a file's name, with its dot."""
        return f".{self.name}"


FORMATS = {
    one.name: one
    for one in (
        Format("csv", is_text=True),
        Format("json", is_text=True),
        Format("parquet", is_text=False),
        Format("xlsx", is_text=False),
    )
}
"""Every file format, by name."""

LAYOUTS = ("table", "box", "line", "markdown")
"""How an answer can be shown to people."""


def format_of(path: Path) -> Format | None:
    """The format that the ending of a file's name says; None for any other ending."""
    return FORMATS.get(path.suffix.lstrip(".").lower())
