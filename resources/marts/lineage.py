"""From which columns of tables and marts each column of a mart is made.

Derived from the SQL by `python -m pipelines.docgen.lineage`, which needs sqlglot, and kept in a file
beside it: so the default install shows it without. A mart whose SQL has changed since has none until
the file is made again. Not here: which tables a mart reads (definition.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from resources.marts.definition import FOLDER, Mart

FILE = FOLDER / "column_lineage.json"
"""Mart -> `sql`, the digest of its SQL, and `columns`: column -> `table.column` of each source."""


class Source(NamedTuple):
    """A column of a table or mart."""

    table: str
    column: str


def digest(mart: Mart) -> str:
    """What tells the SQL of a mart from any other."""
    return hashlib.sha256(mart.sql.encode()).hexdigest()[:16]


def of(mart: Mart, file: Path = FILE) -> Mapping[str, Sequence[Source]]:
    """Column -> the columns that its values are made from, none for constants and counts.

    {} for a mart whose SQL is not the one that the file was made from.
    """
    found = _read(file).get(mart.name)
    if found is None or found["sql"] != digest(mart):
        return {}
    return {
        column: [Source(*source.split(".")) for source in sources]
        for column, sources in found["columns"].items()
    }


@cache
def _read(file: Path) -> Mapping[str, Mapping[str, Any]]:
    known: Mapping[str, Mapping[str, Any]] = json.loads(file.read_text("utf-8"))
    return known
