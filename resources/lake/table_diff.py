"""Differences of two Parquet files of one dataset: rows matched by key, compared by cell.

Bounded memory (DuckDB spills) and one thread (reproducible sums of floats). Not here: whether files
are equal at all (row_equality.py). Read system_tables/revisions.py next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from resources.api.catalog.columns import BUSINESS_DATE, RANK, SLOT_SECONDS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Column, ColumnType
from resources.sql import interrupts

_MEMORY = "256MB"
_SUM_DIGITS, _SHARE_DIGITS = 12, 9
"""Significant digits to keep; further digits of a sum of floats depend on the order of rows."""


@dataclass(frozen=True, kw_only=True)
class ColumnChange:
    """Difference of one column. Sums are over all rows of each file, for columns of numbers only."""

    cells: int  # differing cells in rows that both files have
    before: float | None = None  # sum; None: no value, or not a column of numbers
    after: float | None = None

    @property
    def relative(self) -> float | None:
        """Change of the sum relative to the sum before; None if that was 0 or None."""
        if not self.before or self.after is None:
            return None
        return _rounded((self.after - self.before) / abs(self.before), _SHARE_DIGITS)

    @property
    def weight(self) -> tuple[float, int]:
        """Sort key: relative change of the sum, then differing cells."""
        moved = self.relative
        if moved is None:
            moved = math.inf if (self.before or 0) != (self.after or 0) else 0.0
        return abs(moved), self.cells

    def facts(self) -> dict[str, Any]:
        """The fields as JSON values."""
        if self.before is None and self.after is None:
            return {"cells": self.cells}
        sums = {"before": self.before, "after": self.after}
        return {"cells": self.cells, **sums, "relative": self.relative}


@dataclass(frozen=True, kw_only=True)
class TableDiff:
    """Summary of the differences of two files."""

    rows_before: int
    rows_after: int
    added: int  # keys only in the second file
    removed: int  # keys only in the first file
    changed: int  # rows of both files with different values
    columns: Mapping[str, ColumnChange]  # differing columns, largest `weight` first


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """One differing row."""

    kind: str  # "added", "removed" or "changed"
    key: Mapping[str, Any]
    cells: Mapping[str, tuple[Any, Any]]  # column -> before, after; all columns of a whole row


@contextmanager
def comparing(scratch: Path, time_zone: str = "UTC") -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for consecutive comparisons. It spills to `scratch`."""
    connection = interrupts.prepared(
        duckdb.connect(
            config={"memory_limit": _MEMORY, "threads": 1, "temp_directory": str(scratch / "spill")}
        )
    )
    try:
        connection.execute("SET TimeZone = ?", [time_zone])
        yield connection
    finally:
        connection.close()


class Comparison:
    """Compares the rows of `before` and `after`, two files of `dataset` for one day."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, dataset: Dataset, before: Path, after: Path
    ) -> None:
        """Create the views; the comparison runs in `whole` and `rows`."""
        self._connection = connection
        self._key = [name for name in dataset.key if name not in _CONSTANT_COLUMNS]
        self._values = [
            c for c in dataset.columns if c.name not in (*self._key, *_CONSTANT_COLUMNS)
        ]
        self._view("older", before)
        self._view("newer", after)

    def _view(self, name: str, path: Path) -> None:
        connection, key = self._connection, ", ".join(self._key)
        source = connection.read_parquet(str(path), hive_partitioning=False)
        source.create_view(f"{name}_file")
        ((repeated,),) = connection.execute(
            f"SELECT count(*) - count(DISTINCT hash({key})) FROM {name}_file"
        ).fetchall()
        nth = "1"
        if repeated:  # duplicate keys: match their rows in the order of values
            order = ", ".join(c.name for c in self._values) or "1"
            nth = f"row_number() OVER (PARTITION BY {key} ORDER BY {order})"
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT *, {nth} AS nth FROM {name}_file"
        )

    def whole(self) -> TableDiff:
        """Counts of differing rows, and the difference of each column."""
        measures = [c for c in self._values if _is_measure(c)]
        asked = [
            "count(o.nth)",
            "count(n.nth)",
            "count(*) FILTER (o.nth IS NULL)",
            "count(*) FILTER (n.nth IS NULL)",
            f"count(*) FILTER ({_IN_BOTH} AND ({self._differs}))",
            *(f"count(*) FILTER ({_IN_BOTH} AND {_differs_sql(c)})" for c in self._values),
            *(_sum_sql(c, side) for c in measures for side in "on"),
        ]
        (row,) = self._connection.execute(f"SELECT {', '.join(asked)} {self._joined}").fetchall()
        counts, cells, sums = row[:5], row[5 : 5 + len(self._values)], row[5 + len(self._values) :]
        moved = {
            c.name: (_number(sums[2 * i]), _number(sums[2 * i + 1])) for i, c in enumerate(measures)
        }
        columns = {}
        for column, number in zip(self._values, cells, strict=True):
            before, after = moved.get(column.name, (None, None))
            if number or before != after:
                columns[column.name] = ColumnChange(cells=number, before=before, after=after)
        order = sorted(columns, key=lambda name: columns[name].weight, reverse=True)
        return TableDiff(
            rows_before=counts[0],
            rows_after=counts[1],
            added=counts[2],
            removed=counts[3],
            changed=counts[4],
            columns={name: columns[name] for name in order},
        )

    def rows(self, most: int) -> list[RowChange]:
        """The first `most` differing rows, in key order."""
        asked = [
            "CASE WHEN o.nth IS NULL THEN 'added' WHEN n.nth IS NULL THEN 'removed' "
            "ELSE 'changed' END",
            *(f"coalesce(o.{name}, n.{name})" for name in self._key),
            *(f"{side}.{c.name}" for c in self._values for side in "on"),
        ]
        order = range(2, len(self._key) + 2)
        found = self._connection.execute(
            f"SELECT {', '.join(asked)} {self._joined} WHERE NOT ({_IN_BOTH}) OR {self._differs} "
            f"ORDER BY {', '.join(map(str, order))}, coalesce(o.nth, n.nth) LIMIT ?",
            [most],
        ).fetchall()
        return [self._change(*row) for row in found]

    def _change(self, kind: str, *values: Any) -> RowChange:
        key = dict(zip(self._key, values, strict=False))
        rest = values[len(self._key) :]
        cells = {c.name: (rest[2 * i], rest[2 * i + 1]) for i, c in enumerate(self._values)}
        if kind == "changed":
            cells = {name: pair for name, pair in cells.items() if pair[0] != pair[1]}
        return RowChange(kind=kind, key=key, cells=cells)

    @property
    def _joined(self) -> str:
        same = [f"o.{name} IS NOT DISTINCT FROM n.{name}" for name in (*self._key, "nth")]
        return f"FROM older o FULL JOIN newer n ON {' AND '.join(same)}"

    @property
    def _differs(self) -> str:
        return " OR ".join(map(_differs_sql, self._values)) or "false"


_CONSTANT_COLUMNS = (BUSINESS_DATE, SLOT_SECONDS)
"""Columns with one value in all rows of a day."""

_IN_BOTH = "o.nth IS NOT NULL AND n.nth IS NOT NULL"


def _differs_sql(column: Column) -> str:
    return f"o.{column.name} IS DISTINCT FROM n.{column.name}"


def _is_measure(column: Column) -> bool:
    """True for columns of numbers whose sum is meaningful."""
    return column.kind in (ColumnType.INTEGER, ColumnType.FLOAT) and column.name != RANK


def _sum_sql(column: Column, side: str) -> str:
    how = "fsum" if column.kind is ColumnType.FLOAT else "sum"
    return f"{how}({side}.{column.name})"


def _number(total: float | None) -> float | None:
    """A sum as a JSON value: integers exact, floats rounded, None if not finite."""
    if total is None or isinstance(total, int):
        return total
    return _rounded(total, _SUM_DIGITS) if math.isfinite(total) else None


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")
