"""Sorted rows of a large response, read piece by piece from memory or from a temporary file.

Not here: what they are sorted by, and the check for duplicate keys (parse.py, read it next).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from resources.api.body import Scratch

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

    def spilled(self, folder: Path | None) -> SpilledRows:
        """The sorted rows in an unnamed file in `folder`, which disappears with the process."""
        scratch = Scratch(folder)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(scratch.file, self._table.schema, options=options) as writer:
            for table in self.tables():
                writer.write_table(table)
        scratch.file.flush()
        return SpilledRows(scratch, self.num_rows)


@dataclass(frozen=True)
class SpilledRows:
    """Sorted rows in a temporary file. Only one reader at a time: readers share the file position."""

    _scratch: Scratch
    num_rows: int
    nbytes: int = 0  # bytes of memory

    def tables(self) -> Iterator[pa.Table]:
        """The sorted rows in pieces."""
        self._scratch.file.seek(0)
        with pa.ipc.open_stream(self._scratch.file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])
