"""Which errors are shown as a message, and which are bugs that need their traceback."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import click

from resources.errors import LivestatsError


def explained(error: BaseException) -> str | None:
    """The message for the user; None if the error is not a known one.

    Looks inside errors that Dagster or a library has wrapped.
    """
    if isinstance(error, click.exceptions.Exit | click.Abort | click.ClickException):
        return None
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, LivestatsError):
            return str(inner)
        if isinstance(inner, sqlite3.Error):
            if "disk is full" in str(inner):
                return (
                    "The disk of the home is full: Dagster's run history could not be written. What "
                    "is captured stays. Free some space (`livestats doctor` shows the size of each "
                    "layer), then run the same command again."
                )
            return (
                f"Dagster's run history in the home cannot be used: {inner}. Is the home "
                "read-only? What is captured stays; fix that, and run again."
            )
        if "duckdb" in type(inner).__module__ and _is_local(inner):
            return (
                f"A database of the home could not be written or read: {inner}. What "
                "is captured stays; fix that, and run the same command again."
            )
        inner = inner.__cause__ or inner.__context__
    if isinstance(error, OSError) and error.strerror and not isinstance(error, BrokenPipeError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}. Nothing complete is lost; fix that, and run again."
    return None


def _is_local(error: BaseException) -> bool:
    from resources.sql import failures  # imports DuckDB, which is loaded by now

    return failures.is_local(error)


@contextmanager
def told_once() -> Iterator[None]:
    """Keep an error that ends the run out of the log; it is shown once, at the end.

    Otherwise every running dataset would log it.
    """
    from resources.api.errors import FixSetup

    def is_news(record: logging.LogRecord) -> bool:
        values = record.args if isinstance(record.args, tuple) else ()
        return not any(isinstance(value, FixSetup) for value in values)

    logger = logging.getLogger("livestats.capture")
    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)
