"""A small simulated world, and questions to it without HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from resources.simulator import Account, truth
from resources.simulator.world import World

NOW = datetime(2025, 6, 20, tzinfo=UTC)
DAY = datetime.fromisoformat("2025-06-06T00:00:00+08:00")  # a Friday
HOUR = timedelta(hours=1)
ACCOUNT = Account(domains=2, streams_per_domain=4, deleted=1)
PULLS, PUSHES = [[f"{side}-{n}.sim.example" for n in (1, 2)] for side in ("pull", "push")]
WHOLE_DAY = {"StartTime": "2025-06-06T00:00:00+08:00", "EndTime": "2025-06-07T00:00:00+08:00"}
world = World(ACCOUNT)


def rows(action, start=DAY, hours=24.0, of=world, now=NOW, **parameters):
    return truth.rows(of, action, parameters, start, start + hours * HOUR, now=now)


def total(found, field):
    return sum(row[field] for row in found)


def by(found, *names):
    return {tuple(row.get(name) for name in names): row for row in found}
