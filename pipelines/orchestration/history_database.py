"""Dagster's run history in PostgreSQL: the `storage` block of dagster.yaml, and errors in plain words.

Dagster's own package does the work. It is an extra, and imported by Dagster only if the block is there.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from resources.api import redaction
from resources.config import Settings, SettingsError

_BLOCK = """
# The setting scale.dagster. The password is not here: PGPASSWORD, PGPASSFILE or ~/.pgpass has it.
storage:
  postgres:
    postgres_url: %s
"""
_ADDRESS = re.compile(rb'^    postgres_url: ("[^"\n]*")$', re.MULTILINE)


def address_of(settings: Settings) -> str:
    """The address of the run history as SQLAlchemy writes it; "" for SQLite.

    Raises SettingsError if the package for it is missing.
    """
    if not settings.scale_dagster:
        return ""
    if not (importlib.util.find_spec("dagster_postgres") and importlib.util.find_spec("psycopg2")):
        raise SettingsError(
            "scale.dagster needs packages that the default install does not have. In the checkout: "
            ".venv/bin/python -m pip install --no-build-isolation --editable '.[scale]'"
        )
    _, _, rest = settings.scale_dagster.partition("://")
    # With the name of the driver: without it SQLAlchemy 2.1 takes another, on which Dagster's NOTIFY fails.
    return f"postgresql+psycopg2://{rest}"


def block(address: str) -> str:
    """What dagster.yaml says of the run history; "" for SQLite."""
    return _BLOCK % json.dumps(address) if address else ""


def address_in(config: bytes) -> str:
    """The address in a dagster.yaml with such a block; "" without one."""
    found = _ADDRESS.search(config)
    return str(json.loads(found[1])) if found else ""


def place_of(address: str) -> str:
    """What a place of the history is called in messages."""
    parts = urlsplit(address)
    where = f"PostgreSQL, {parts.netloc.rpartition('@')[2]}{parts.path}"
    return where if address else "files of the home"


@contextmanager
def explained() -> Iterator[None]:
    """A database that cannot be had becomes SettingsError."""
    try:
        yield
    except Exception as error:
        problem = _of_postgresql(error)
        if problem is None:
            raise
        text = " ".join(redaction.redact(str(problem)).split()).rstrip(".")
        raise SettingsError(
            f"Dagster's run history cannot be opened: {text}. What is captured has nothing to do with "
            "it: `livestats backfill` works without. scale.dagster says where the history is."
        ) from None


def _of_postgresql(error: BaseException | None) -> BaseException | None:
    """What the driver says, inside of what SQLAlchemy and Dagster make of it."""
    while error is not None:
        if type(error).__module__.startswith("psycopg2"):
            return error
        error = error.__cause__ or error.__context__
    return None
