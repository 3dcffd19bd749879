"""Sorted rows of a large response, read piece by piece.

Not here: what they are sorted by, and the check for duplicate keys (parse.py, read it next).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

PIECE_ROWS = 122_880


@dataclass(frozen=True)
class SortedView:
    """A table and the sort order of its rows. Rows are read in that order; no sorted copy is made."""

    _table: pa.Table
    _order: pa.Array

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return int(self._table.num_rows)

    @property
    def nbytes(self) -> int:
        """Bytes of memory in use."""
        return int(self._table.nbytes + self._order.nbytes)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The sorted rows in pieces of PIECE_ROWS, with the given columns or all."""
        table = self._table if columns is None else self._table.select(columns)
        for start in range(0, self.num_rows, PIECE_ROWS):
            yield table.take(self._order.slice(start, PIECE_ROWS))
