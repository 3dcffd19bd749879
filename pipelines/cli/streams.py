"""Standard streams that a lean machine lacks: closed, or of an encoding that has no Chinese.

Not here: what is written to them (screen.py).
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from pipelines.cli.screen import clean
from resources.api import json_log


class _CleanFormatter(logging.Formatter):
    """Warnings of a command go to stderr, and may quote names from the API."""

    def format(self, record: logging.LogRecord) -> str:
        return clean(super().format(record))


def prepare() -> None:
    """Make stdin, stdout and stderr usable.

    A closed one is opened on the null device: otherwise the next file that is opened, a database
    perhaps, would get its number and what is printed.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    with suppress(ValueError):  # an unknown word is told by the command
        if json_log.is_wanted(os.environ):
            json_log.switch_on()
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_CleanFormatter())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_utf8(stream.encoding):
            if stream.encoding.lower() in ("ascii", "ansi_x3.4-1968", "646", "us-ascii"):
                stream.reconfigure(encoding="utf-8")  # as Python does in the locale C by itself
            else:
                stream.reconfigure(errors="backslashreplace")


def decoded(words: Sequence[str]) -> list[str]:
    """Arguments that Python could not decode in the locale, as the UTF-8 that terminals send."""
    return [_decoded(word) for word in words]


def _decoded(word: str) -> str:
    try:
        return os.fsencode(word).decode("utf-8") if not word.isascii() else word
    except UnicodeError:
        return word


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "") == "utf8"
