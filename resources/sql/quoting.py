"""Names and values as DuckDB's SQL writes them, for statements that take no parameters.

Prefer a parameter (`?`) where DuckDB takes one: SET, ATTACH, COMMENT and column lists do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date


def identifier(name: str) -> str:
    """A table or column name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string constant in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def dates(days: Iterable[date]) -> str:
    """Date constants, separated by commas: the inside of a list or of IN (...)."""
    return ", ".join(f"DATE '{day}'" for day in days)
