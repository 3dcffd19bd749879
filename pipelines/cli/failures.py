"""Which errors are a message to the user, and which are a fault of ours that needs its traceback."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import click


def explained(error: BaseException) -> str | None:
    """What to tell the user about `error`; None if it is not one that we know.

    Errors that Dagster or a library has wrapped are looked for inside.
    """
    from pipelines.superset.client import SupersetError
    from resources.api.errors import ApiError
    from resources.capture.inventory import NotYet
    from resources.capture.session import Halted
    from resources.config import SettingsError
    from resources.monitoring.webhook import WebhookError
    from resources.raw.captures import DamagedCapture
    from resources.serving.publish import NothingServed
    from resources.warehouse.connection import WarehouseError

    known = (
        ApiError,
        DamagedCapture,
        Halted,
        NothingServed,
        WebhookError,
        NotYet,
        SettingsError,
        SupersetError,
        WarehouseError,
    )
    if isinstance(error, click.exceptions.Exit | click.Abort | click.ClickException):
        return None
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, known):
            return str(inner)
        if isinstance(inner, sqlite3.Error):
            if "disk is full" in str(inner):
                return (
                    "The disk of the home is full: Dagster's run history could not be written. What "
                    "is captured stays. Make room (`livestats doctor` shows what each layer holds), "
                    "then run the same again."
                )
            return (
                f"Dagster's run history in the home cannot be used: {inner}. Is the home "
                "read-only? What is captured stays; mend that, and run again."
            )
        inner = inner.__cause__ or inner.__context__
    if isinstance(error, OSError) and error.strerror and not isinstance(error, BrokenPipeError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}. Nothing that was complete is lost; mend that, run again."
    return None


@contextmanager
def told_once() -> Iterator[None]:
    """Keep an error that ends the run out of the log: it is told at the end, once.

    Every dataset that was under way would repeat it otherwise.
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
