"""The settings that the tables of the warehouse were made under, as far as they decide what stands there.

So that verify tells tables of other settings from damaged ones. Not here: settings that a home fixes
for good (resources/home/pinned_settings.py).
"""

from __future__ import annotations

import json
from datetime import datetime

import duckdb

from resources.config import Settings
from resources.home.layout import Home
from resources.warehouse import connection as warehouse_connection

_DIFFERENCES = {
    "datasets": "other datasets are on",
    "first_day": "the archive begins on another day",
    "expiry_warning_days": "days are called expiring at another time",
    "domains": "other domains are named",
    "limits": "datasets are limited otherwise",
    "gone": "other domains are called gone",
}


def note(
    connection: duckdb.DuckDBPyConnection, home: Home, settings: Settings, now: datetime
) -> None:
    """Write the settings into the warehouse, if they are not those that it has."""
    names = sorted(settings.datasets)
    facts = {
        "datasets": names,
        "first_day": str(home.first_day(settings, now)),
        "expiry_warning_days": settings.expiry_warning_days,
        "domains": [settings.push_domains, settings.pull_domains],
        "limits": {name: settings.narrowed(name) for name in names},
        "gone": [*sorted(home.gone_domains), *sorted(home.gone_streams)],
    }
    text = json.dumps(facts)
    connection.execute("ALTER TABLE meta.state ADD COLUMN IF NOT EXISTS settings VARCHAR")
    if connection.execute("SELECT settings FROM meta.state").fetchall() != [(text,)]:
        with warehouse_connection.transaction(connection):
            connection.execute("UPDATE meta.state SET settings = ?", [text])


def difference(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> str:
    """What of the settings differs between two attached databases, in words; "" if nothing does.

    "" also for a database of an earlier version, which does not tell.
    """
    try:
        ((ours, theirs),) = connection.execute(
            f"SELECT (SELECT settings FROM {one}.meta.state), (SELECT settings FROM {other}.meta.state)"
        ).fetchall()
        here, there = json.loads(ours or "{}"), json.loads(theirs or "{}")
    except (duckdb.CatalogException, duckdb.BinderException, ValueError):
        return ""
    if not (here and there):
        return ""
    return ", ".join(text for key, text in _DIFFERENCES.items() if here.get(key) != there.get(key))
