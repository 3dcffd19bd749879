"""Many rows in the order of their key, some at a time: in memory once, or on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from resources.api.body import Scratch

PIECE_ROWS = 122_880


@dataclass(frozen=True)
class SortedView:
    """Rows as they came, and the order that they are read in: no second copy is made of them."""

    _table: pa.Table
    _order: pa.Array

    @property
    def num_rows(self) -> int:
        """How many there are."""
        return int(self._table.num_rows)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that they take."""
        return int(self._table.nbytes + self._order.nbytes)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in their order, of these columns or all."""
        table = self._table if columns is None else self._table.select(columns)
        for start in range(0, self.num_rows, PIECE_ROWS):
            yield table.take(self._order.slice(start, PIECE_ROWS))

    def spilled(self, folder: Path | None) -> SpilledRows:
        """The same in a file without a name in `folder`, which ends with the process."""
        scratch = Scratch(folder)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(scratch.file, self._table.schema, options=options) as writer:
            for table in self.tables():
                writer.write_table(table)
        scratch.file.flush()
        return SpilledRows(scratch, self.num_rows)


@dataclass(frozen=True)
class SpilledRows:
    """Sorted rows that wait on the disk; one at a time may read them."""

    _scratch: Scratch
    num_rows: int
    nbytes: int = 0  # of memory

    def tables(self) -> Iterator[pa.Table]:
        """The rows in their order."""
        self._scratch.file.seek(0)
        with pa.ipc.open_stream(self._scratch.file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])
