"""Sorted rows in pieces."""

import pyarrow as pa
import pytest

from resources.api.parsing import sorting
from resources.api.parsing.sorting import SortedView

TABLE = pa.table({"n": [2, 0, 1, 3], "s": ["c", "a", "b", "d"]})


@pytest.fixture
def view(monkeypatch):
    monkeypatch.setattr(sorting, "PIECE_ROWS", 3)
    return SortedView(TABLE, pa.array([1, 2, 0, 3]))


def test_rows_come_in_their_order_piece_by_piece(view):
    pieces = [*view.tables()]
    assert [piece.num_rows for piece in pieces] == [3, 1]
    assert pa.concat_tables(pieces)["s"].to_pylist() == ["a", "b", "c", "d"]
    assert next(view.tables(["n"])).column_names == ["n"]
