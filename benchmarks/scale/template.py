"""One day of a simulated account, captured as a user does, of which all other days are copies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from benchmarks.backfill.cases import Case
from benchmarks.backfill.contenders import LAST, ROOT, environ
from benchmarks.backfill.serving import Server
from resources.archive import Archive

DAY = LAST
"""The day that is captured."""

FIRST = date(2025, 10, 1)
"""The first day of the copies: so 31 days are one calendar month, a bill."""


def settings(home: Path, days: int) -> Mapping[str, str]:
    """The variables of a home that is about `days` days from FIRST, at noon of the day after."""
    today = FIRST + timedelta(days=days)
    return {
        **environ("http://127.0.0.1:9", home, Case(size="medium", days=1)),
        "LIVESTATS_FIRST_DAY": str(FIRST),
        "LIVESTATS_NOW": f"{today}T12:00:00+08:00",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
    }


def archive(home: Path, days: int) -> Archive:
    """The archive of `settings`."""
    return Archive.open(settings(home, days), home.parent)


def capture(scratch: Path, domains: int, streams: int) -> Archive:
    """An archive with DAY of an account with so many domains, and streams of each.

    One that is there is taken as it is. Raises CalledProcessError with what `livestats backfill` said.
    """
    home = scratch / f"template-{domains}-{streams}" / "home"
    home.parent.mkdir(parents=True, exist_ok=True)
    if not (home / "served" / "livestats.duckdb").exists():
        with Server(domains, streams, 2.0, home.parent) as server:
            subprocess.run(
                [sys.executable, "-c", "from pipelines.cli import main; main()", "backfill"],
                env={**environ(server.url, home, Case(size="medium", days=1)), "PYTHONPATH": str(ROOT)},
                cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
    return Archive.open(environ("http://127.0.0.1:9", home, Case(size="medium", days=1)), home)


def noon_after(day: date) -> datetime:
    """When a day was captured: noon of the day after, in the zone of the account."""
    return datetime.fromisoformat(f"{day + timedelta(days=1)}T12:00:00+08:00")
