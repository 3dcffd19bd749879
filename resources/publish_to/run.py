"""A publication to a place beside the served copy, and the note of what became of the last one.

The note is for alarms: a place that stays behind is told. Not here: the places (postgresql.py, iceberg.py).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

import duckdb

from resources.api import redaction
from resources.config import Settings
from resources.config.publish_settings import ICEBERG
from resources.errors import LivestatsError
from resources.fs import atomic
from resources.home.layout import Home
from resources.publish_to import iceberg, postgresql, postgresql_session, served, spark_marts
from resources.publish_to.result import Result
from resources.publish_to.served import Served

_FILE = "published-to.json"
_EXPECTED = (LivestatsError, OSError, duckdb.Error)

log = logging.getLogger("livestats.publish")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the last publication to a place."""

    place: str  # without a user and a password
    problem: str  # "" if it was published


def place_of(target: str) -> str:
    """What a target is called in messages."""
    return "Iceberg tables" if target == ICEBERG else postgresql_session.place_of(target)


def publish(
    home: Home, settings: Settings, target: str, datasets: Sequence[str], now: datetime
) -> Result:
    """Publish the served copy to `target`, and note the outcome.

    Raises NotPublished, and whatever the libraries of the place do, of which the note is kept as well.
    """
    try:
        has_engine = target == ICEBERG and bool(settings.scale_engine)
        if has_engine:
            datasets = [*datasets, *spark_marts.datasets_read()]
        with served.reading(home, settings.time_zone, datasets) as found:
            if target == ICEBERG:
                engine = partial(_engine, found, settings) if has_engine else None
                done = iceberg.publish(found, home, settings.publish_schema, now, engine)
            else:
                done = postgresql.publish(found, target, settings.publish_schema, now)
    except Exception as error:
        _note(home, Outcome(place=place_of(target), problem=_problem(error)))
        raise
    _note(home, Outcome(place=place_of(target), problem=""))
    return done


def _engine(found: Served, settings: Settings) -> AbstractContextManager[spark_marts.Engine]:
    marts = spark_marts.chosen(found, settings.datasets)
    return spark_marts.connected(settings.scale_engine, found, marts, settings.time_zone)


def publish_if_set(home: Home, settings: Settings, now: datetime) -> Outcome | None:
    """Publish to the place of the settings, as a run does after its load; None without one.

    A place that cannot be reached ends no run: the outcome says so, for the caller to tell.
    """
    if not settings.publish_to:
        return None
    try:
        publish(home, settings, settings.publish_to, settings.publish_datasets, now)
    except _EXPECTED as error:
        return Outcome(place=place_of(settings.publish_to), problem=_problem(error))
    except Exception as error:  # of a library of the place: the archive has nothing to do with it
        log.exception("not published to %s", place_of(settings.publish_to))
        return Outcome(place=place_of(settings.publish_to), problem=_problem(error))
    return Outcome(place=place_of(settings.publish_to), problem="")


def _problem(error: Exception) -> str:
    told = str(error) if isinstance(error, _EXPECTED) else f"{type(error).__name__}: {error}"
    return redaction.redact(" ".join(told.split()))


def last_outcome(home: Home, settings: Settings) -> Outcome | None:
    """What became of the last publication to the place of the settings; None if there was none."""
    try:
        noted = Outcome(**json.loads((home.state / _FILE).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):  # the next publication writes it
        return None
    return noted if settings.publish_to and noted.place == place_of(settings.publish_to) else None


def _note(home: Home, outcome: Outcome) -> None:
    if not home.root.is_dir():  # which the error that is noted says
        return
    home.state.mkdir(exist_ok=True)
    atomic.write_atomically(home.state / _FILE, json.dumps(asdict(outcome), indent=1).encode())
