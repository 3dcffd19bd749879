"""Cells of Excel workbooks: what they cannot hold as it is becomes text, or is refused.

Text is never a formula, whatever it begins with. Not here: other formats (export.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from resources.serving.sql_sandbox import QueryError

MOST_ROWS = 2**20 - 1  # of a sheet, below the names of columns
MOST_COLUMNS = 2**14
_LONGEST_TEXT = 32_767
_MOST_DIGITS = 10**15  # a cell is a double: longer numbers would lose their last digits
_FIRST_YEAR = 1900

_AS_THEY_ARE = (
    *("boolean", "tinyint", "smallint", "integer", "bigint"),
    *("utinyint", "usmallint", "uinteger", "ubigint", "hugeint", "decimal", "float", "double"),
    *("varchar", "date", "timestamp", "timestamp_s", "timestamp_ms"),
)


def require() -> None:
    """Raise QueryError if the package that writes workbooks is not installed."""
    try:
        import xlsxwriter  # noqa: F401
    except ImportError as error:
        raise QueryError(
            "Excel files need a package that the default install does not have. In the checkout: "
            ".venv/bin/python -m pip install --no-build-isolation --editable '.[xlsx]'. Without it: "
            "--format csv --guard, which spreadsheets open."
        ) from error


def expression(kind: Any, value: str) -> str:
    """SQL for `value`, of type `kind` (a DuckDBPyType), as a cell can hold it.

    Excel knows no zones: instants are the wall-clock time of the session's zone.
    """
    if kind.id == "timestamp with time zone":
        return f"({value})::TIMESTAMP"
    return value if kind.id in _AS_THEY_ARE else f"({value})::VARCHAR"


def write(target: Path, names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> None:
    """Write one sheet, its first line the names of the columns.

    Raises QueryError if a sheet cannot hold that many rows or columns, or a cell its text; OSError.
    """
    import xlsxwriter

    if len(names) > MOST_COLUMNS:
        raise QueryError(f"A sheet holds {MOST_COLUMNS:,} columns, and these are more: name fewer.")
    with xlsxwriter.Workbook(str(target), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("answer")
        bold = book.add_format({"bold": True})
        formats: dict[type, Any] = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(names):
            sheet.set_column(column, column, max(12, min(40, len(name) + 2)))
            sheet.write_string(0, column, name, bold)
        number = 0
        for batch in batches:
            if number + batch.num_rows > MOST_ROWS:
                raise QueryError(
                    f"A sheet holds {MOST_ROWS:,} rows, and the answer has more: ask for fewer, or "
                    "write CSV or Parquet."
                )
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                for column, value in enumerate(row):
                    _write_cell(sheet, number, column, names[column], value, formats)


def _write_cell(
    sheet: Any, row: int, column: int, name: str, value: Any, formats: Mapping[type, Any]
) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, value)
        case float() if not math.isfinite(value):
            return  # as in JSON: a cell has no NaN
        case float():
            sheet.write_number(row, column, value)
        case int() | Decimal() if _is_exact(value):
            sheet.write_number(row, column, float(value))
        case date() if value.year >= _FIRST_YEAR:  # datetime is a date, too
            sheet.write_datetime(row, column, value, formats[type(value)])
        case _:
            text: str = str(value)
            if len(text) > _LONGEST_TEXT:
                raise QueryError(
                    f"A cell of Excel holds {_LONGEST_TEXT:,} characters, and one of {name} has "
                    f"{len(text):,}: leave the column out, or write CSV or Parquet."
                )
            sheet.write_string(row, column, text)


def _is_exact(value: int | Decimal) -> bool:
    """True if a cell shows the number as it is."""
    return -_MOST_DIGITS < value < _MOST_DIGITS and Decimal(str(float(value))) == value
