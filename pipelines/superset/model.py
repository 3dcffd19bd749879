"""Classes of the bundle: metrics of a table, charts, tabs of charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

BYTES = "MEMORY_DECIMAL"  # kB, MB ... by thousands, as the vendor counts
WHOLE = ",d"
MBPS = ",.0f"
PERCENT = ".2%"
SHORT = ".3s"


class Kind(StrEnum):
    """Superset's names of the chart types in use."""

    BIG_NUMBER = "big_number"  # of the last time, with the line that led to it
    TOTAL = "big_number_total"
    LINE = "echarts_timeseries_line"
    AREA = "echarts_area"
    BAR = "echarts_timeseries_bar"
    PIE = "pie"
    TABLE = "table"

    @property
    def over_time(self) -> bool:
        """Whether it has an axis of time."""
        return self not in (Kind.TOTAL, Kind.PIE, Kind.TABLE)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """An aggregate that is right however rows are grouped and filtered."""

    name: str
    title: str  # with its unit, unless the format shows one
    sql: str
    format: str | None = WHOLE  # of d3, or a name that Superset knows; None: it is a text
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A condition of a chart: by default, that the column is one of the values."""

    column: str
    values: tuple[str | int, ...] = ()
    operator: str = "IN"  # or IS NOT NULL, without values, or >, with one

    @property
    def operand(self) -> list[str | int] | str | int | None:
        """What Superset compares with."""
        if self.operator == "IN":
            return [*self.values]
        return self.values[0] if self.values else None


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One picture of one table."""

    title: str
    table: str
    kind: Kind
    note: str
    empty: str = ""  # what it means that there are no rows; "": that something is not captured
    metrics: tuple[str, ...] = ()  # of the table; the first one decides the order
    by: tuple[str, ...] = ()  # columns: series, slices, or lines of a table
    order: str = ""  # metric that orders the rows; default: the first one
    ascending: bool = False
    filters: tuple[Filter, ...] = ()
    grain: str | None = None  # ISO 8601 duration of a point in time; None: as in the table
    rows: int = 1000  # at most
    top: int = 0  # so many series, the others as one; 0: all of them
    rank: str = ""  # metric that says which; default: the first one
    width: int = 4  # of 12
    height: int = 42  # of 8 pixels each
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A tab of the dashboard: rows of charts, each 12 wide."""

    title: str
    rows: tuple[tuple[Chart, ...], ...]

    @property
    def charts(self) -> list[Chart]:
        """Its charts, row by row."""
        return [chart for row in self.rows for chart in row]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as the served copy has it."""

    name: str
    type: str  # of DuckDB
    comment: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table or view of the served copy."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    sql: str | None = None  # the SELECT that stands for it; None: it is in the served copy

    @property
    def source(self) -> str:
        """What stands in a FROM."""
        return f"({self.sql})" if self.sql else f"main.{self.name}"

    def has(self, name: str) -> bool:
        """Whether there is a column of that name."""
        return any(column.name == name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    @property
    def time(self) -> str | None:
        """The column of an axis of time: the finest that every row has."""
        names = {column.name for column in self.columns}
        return next((name for name in _TIMES if name in names), None)


DAY_COLUMN = "business_date"
"""The column that the filter of days is about, in every table: days of the business zone."""

_TIMES = ("slot_start_at", "hour_start_at", "business_date", "month")
