"""What has figures of its own in the report: the account, domains, streams, carriers, codes, reasons.

An entity has daily series: one value for each day of the range; None where the day is not captured,
0 where it is and nothing happened. Sections fill a Store with them; view.py and data.py read it.
Read next: figures.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pipelines.reports.usage.scope import Range, Source

Series = list[float | None]
Key = tuple[str, ...]
"""Of a domain: its name; of a stream: domain, app, stream."""


@dataclass(frozen=True)
class Fine:
    """Values of one length of time each, from the start of a day to the end of the range."""

    first: int  # index of the day
    step_s: int
    values: Sequence[float | None]


@dataclass(eq=False)
class Entity:
    """One of a group, with its series."""

    label: str
    facts: dict[str, str] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    whole: dict[str, float] = field(default_factory=dict)
    """Figures of the whole range that daily series cannot give: p95."""
    fine: dict[str, Fine] = field(default_factory=dict)
    via: Entity | None = None
    """Where it is pushed: has the series that it lacks."""

    def get(self, name: str) -> Series | None:
        """A series of its own, or of where it is pushed."""
        if name in self.series:
            return self.series[name]
        return self.via.series.get(name) if self.via else None


@dataclass
class Store:
    """Everything that a page has figures of."""

    source: Source
    main: Entity
    language: str
    groups: dict[str, dict[Key, Entity]] = field(default_factory=dict)
    before: dict[str, float | None] = field(default_factory=dict)
    """Section -> the figure of its tile in the range of equal length before; None: no such figure."""

    def entity(self, group: str, key: Key, label: str = "") -> Entity:
        """The entity of that key, made if it is new."""
        return self.groups.setdefault(group, {}).setdefault(key, Entity(label or key[-1]))

    def fill(
        self, group: str, rows: Iterable[Sequence[Any]], names: Sequence[str], needs: Sequence[str]
    ) -> None:
        """Put rows (key, day, a value for each of `names`) into the series of a group."""
        for key, series in daily(self.source, rows, names, needs).items():
            self.entity(group, key).series |= series

    @property
    def names(self) -> list[str]:
        """The domains."""
        return [name for (name,) in self.groups.get("domain", {})]

    @property
    def stream_keys(self) -> list[str]:
        """The streams, as SQL joins domain, app and stream with chr(31)."""
        return ["\x1f".join(key) for key in self.groups.get("stream", {})]

    @cached_property
    def starts(self) -> list[datetime]:
        """First instant of each day, and of the one after the last."""
        return starts(self.source, self.source.range)


def starts(source: Source, days: Range) -> list[datetime]:
    """First instant of each of `days`, and of the one after the last, in the business zone."""
    every = [*days.days, days.last + timedelta(days=1)]
    return [datetime.combine(day, datetime.min.time(), source.zone) for day in every]


def daily(
    source: Source,
    rows: Iterable[Sequence[Any]],
    names: Sequence[str],
    needs: Sequence[str],
    days: Range | None = None,
) -> dict[Key, dict[str, Series]]:
    """Key -> name -> series, by key, of rows (key, day, a value for each of `names`).

    Instants become seconds since the start of their day. Days that one of `needs` lacks are None,
    whatever the rows say, and so is a value that a row does not have (NULL).
    """
    days = days or source.range
    holes = {*source.holes(needs, days)}
    begin = dict(zip(days.days, starts(source, days), strict=False))
    place = {day: i for i, day in enumerate(begin)}
    blank: Series = [None if day in holes else 0 for day in begin]
    found: dict[Key, dict[str, Series]] = {}
    for key, day, *values in rows:
        series = found.setdefault(key, {name: list(blank) for name in names})
        if day in holes:
            continue
        for name, value in zip(names, values, strict=True):
            series[name][place[day]] = plain(value, begin[day])
    return dict(sorted(found.items()))  # so that equal data give equal bytes


def alone(
    source: Source,
    rows: Iterable[Sequence[Any]],
    names: Sequence[str],
    needs: Sequence[str],
    days: Range | None = None,
) -> dict[str, Series]:
    """Name -> series of rows (day, a value for each of `names`) that are all of one entity."""
    days = days or source.range
    nothing = [((), days.first, *[0] * len(names))]  # so that the series are there without rows too
    every = (((), *row) for row in rows)
    return daily(source, [*nothing, *every], names, needs, days)[()]


def plain(value: Any, day_start: datetime) -> float | None:
    """A number of a row as JSON has it: whole, or to seven digits; instants as seconds of their day."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return int(value.timestamp() - day_start.timestamp())
    return int(value) if value == int(value) else float(f"{value:.7g}")


def by_key(rows: Iterable[Sequence[Any]], width: int = 1) -> Iterable[tuple[Any, ...]]:
    """Rows whose first `width` values are the key, as `daily` takes them."""
    return ((tuple(map(str, row[:width])), *row[width:]) for row in rows)
