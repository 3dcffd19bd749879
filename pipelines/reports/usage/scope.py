"""What a report covers: range of days, account or domain, and which days are captured.

Reads the served copy. Text about missing days: gaps.py. Read next: traffic.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from resources.errors import LivestatsError
from resources.ledger.states import State

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Range:
    """Calendar days, both ends included, in the business zone."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """All days, in order."""
        return [self.first + timedelta(days=i) for i in range(self.length)]

    @property
    def length(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Range:
        """The range of equal length right before."""
        return Range(self.first - timedelta(days=self.length), self.first - _DAY)

    @property
    def months(self) -> list[date]:
        """The first days of the calendar months that lie completely in the range."""
        starts = []
        month = self.first if self.first.day == 1 else _next_month(self.first)
        while _next_month(month) - _DAY <= self.last:
            starts.append(month)
            month = _next_month(month)
        return starts

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def _next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True)
class Domain:
    """The domain of a report, and the push domain of its streams."""

    name: str
    push: str | None  # itself if it is a push domain

    @property
    def is_push(self) -> bool:
        """Whether it is a push domain."""
        return self.name == self.push


class NothingToReport(LivestatsError):
    """The report cannot be made as requested; the message says why."""


@dataclass(frozen=True)
class Source:
    """The served copy, restricted to a range of days and to one domain or the account."""

    connection: duckdb.DuckDBPyConnection
    range: Range
    zone: ZoneInfo
    domain: Domain | None = None  # None: the account
    _columns: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def rows(self, sql: str, days: Range | None = None, **values: object) -> list[tuple[Any, ...]]:
        """The rows of `sql`, with $first and $last (of `days` or the range) and `values` as parameters."""
        days = days or self.range
        parameters = {"first": days.first, "last": days.last, **values}
        used = {name: value for name, value in parameters.items() if f"${name}" in sql}
        return self.connection.execute(sql, used).fetchall()

    def has(self, table: str) -> bool:
        """Whether the copy has a table or view of that name."""
        return table in self._tables

    @cached_property
    def _tables(self) -> set[str]:
        rows = self.connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall()
        return {name for (name,) in rows}

    @cached_property
    def states(self) -> Mapping[str, Mapping[date, State]]:
        """Dataset -> day -> state, for the range and the one before."""
        states: dict[str, dict[date, State]] = {}
        rows = self.rows(
            "SELECT dataset, business_date, state FROM ledger "
            "WHERE business_date BETWEEN $first AND $last ORDER BY ALL",
            Range(self.range.before.first, self.range.last),
        )
        for dataset, day, state in rows:
            states.setdefault(dataset, {})[day] = State(state)
        return states

    @cached_property
    def suspect(self) -> frozenset[tuple[str, date]]:
        """Dataset and day of complete days that other datasets contradict.

        A copy of an earlier version does not tell.
        """
        columns = {name for name, *_ in self.rows("DESCRIBE ledger")}
        if "is_suspect" not in columns:
            return frozenset()
        found = self.rows(
            "SELECT dataset, business_date FROM ledger "
            "WHERE is_suspect AND business_date BETWEEN $first AND $last",
            Range(self.range.before.first, self.range.last),
        )
        return frozenset((dataset, day) for dataset, day in found)

    def is_on(self, dataset: str) -> bool:
        """Whether the dataset is captured at all."""
        return bool(self.states.get(dataset))

    def holes(self, datasets: Sequence[str], days: Range | None = None) -> list[date]:
        """Days of the range on which at least one of `datasets` is suspect or not complete."""
        return [
            day
            for day in (days or self.range).days
            if not all(self._is_complete(name, day) for name in datasets)
        ]

    def _is_complete(self, name: str, day: date) -> bool:
        state = self.states.get(name, {}).get(day)
        return state is not None and state.is_complete and (name, day) not in self.suspect

    @cached_property
    def push_domains(self) -> Mapping[str, str]:
        """Domain -> the other domain where its streams are pushed."""
        if not self.has("domain"):
            return {}
        return dict(self.rows("SELECT domain, push_domain FROM domain WHERE push_domain <> domain"))
