"""What a report is about, and which of it is in the archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from resources.ledger.states import State

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Range:
    """Calendar days, both ends included, in the business zone."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day, in order."""
        return [self.first + timedelta(days=i) for i in range(self.length)]

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Range:
        """As many days, right before."""
        return Range(self.first - timedelta(days=self.length), self.first - _DAY)

    @property
    def months(self) -> list[date]:
        """The first days of the calendar months that lie in it whole."""
        found = []
        month = self.first if self.first.day == 1 else _next(self.first)
        while _next(month) - _DAY <= self.last:
            found.append(month)
            month = _next(month)
        return found

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def _next(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True)
class Domain:
    """A domain that a report is about, and the one on the other side of its streams."""

    name: str
    push: str | None  # the push domain of its streams; itself for one

    @property
    def is_push(self) -> bool:
        """Whether streams are pushed to it, and not played from it."""
        return self.name == self.push


class NothingToReport(Exception):
    """The report cannot be made as asked; the message says why."""


@dataclass(frozen=True)
class Source:
    """The served copy, seen through one range of days and one domain or the account."""

    connection: duckdb.DuckDBPyConnection
    range: Range
    zone: ZoneInfo
    domain: Domain | None = None  # None: the account
    _columns: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def rows(self, sql: str, days: Range | None = None, **values: object) -> list[tuple[Any, ...]]:
        """What `sql` gives; it may name $first and $last (of `days` or the range), and `values`."""
        days = days or self.range
        given = {"first": days.first, "last": days.last, **values}
        used = {name: value for name, value in given.items() if f"${name}" in sql}
        return self.connection.execute(sql, used).fetchall()

    def has(self, table: str) -> bool:
        """Whether the copy has such a table or view."""
        return table in self._tables

    @cached_property
    def _tables(self) -> set[str]:
        found = self.connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall()
        return {name for (name,) in found}

    @cached_property
    def states(self) -> Mapping[str, Mapping[date, State]]:
        """Where every day of every dataset stands, in the range and the equal one before."""
        found: dict[str, dict[date, State]] = {}
        rows = self.rows(
            "SELECT dataset, business_date, state FROM ledger "
            "WHERE business_date BETWEEN $first AND $last ORDER BY ALL",
            Range(self.range.before.first, self.range.last),
        )
        for dataset, day, state in rows:
            found.setdefault(dataset, {})[day] = State(state)
        return found

    def is_on(self, dataset: str) -> bool:
        """Whether the dataset is captured at all."""
        return bool(self.states.get(dataset))

    def holes(self, datasets: Sequence[str], days: Range | None = None) -> list[date]:
        """Days of the range on which one of `datasets` is not complete."""
        return [
            day
            for day in (days or self.range).days
            if not all(_is_complete(self.states.get(name, {}).get(day)) for name in datasets)
        ]

    def slots(self, seconds: int) -> Iterator[datetime]:
        """Starts of the range's slots of that length."""
        at = self.start
        while at < self.end:
            yield at
            at += timedelta(seconds=seconds)

    @cached_property
    def start(self) -> datetime:
        """When the range begins."""
        return datetime.combine(self.range.first, datetime.min.time(), self.zone)

    @cached_property
    def end(self) -> datetime:
        """When it ends: the first instant after it."""
        return datetime.combine(self.range.last + _DAY, datetime.min.time(), self.zone)


def _is_complete(state: State | None) -> bool:
    return state is not None and state.is_complete
