"""The note of the days that the last load could not take, for commands that open no database.

Not here: what becomes of their rows (set_aside.py). The table meta.set_aside holds the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from resources.fs import atomic, sealed
from resources.home.layout import Home


def _path(home: Home) -> Path:
    return home.warehouse.with_name("set-aside.json")


def read(home: Home) -> dict[tuple[str, date], str]:
    """Dataset and day -> why the last load set it aside; {} if none was, or the note is damaged."""
    try:
        found = sealed.unseal(_path(home).read_bytes())["days"]
        return {(name, date.fromisoformat(day)): str(text) for name, day, text in found}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # the next load tries those days again, and writes it anew


def write(home: Home, dataset: str, problems: Mapping[date, str]) -> None:
    """Replace the days of a dataset. The caller holds the lock of the warehouse."""
    before = read(home)
    now = {key: text for key, text in before.items() if key[0] != dataset}
    now |= {(dataset, day): text for day, text in problems.items()}
    if now != before:
        days = [[name, day.isoformat(), text] for (name, day), text in sorted(now.items())]
        atomic.write_atomically(_path(home), sealed.seal({"days": days}))
