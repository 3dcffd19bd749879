"""From nested lists of an answer to flat columns, one value for each innermost row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.model import SPLITS, Field, RowLayout

_SPLIT_COLUMN: Mapping[str, str] = {name: split.column for name, split in SPLITS.items()}


@dataclass(frozen=True)
class FlatRows:
    """Fields of all levels, repeated for each innermost row, by name; and where rows came from."""

    fields: Mapping[str, tuple[Field, pa.Array]]
    rows: int
    answer: np.ndarray  # for each row, the number of the answer that it stands in
    top: np.ndarray  # for each row, the item of the outermost list that it stands in
    items: pa.StructArray  # the outermost list, of one answer after the other
    answer_of_item: np.ndarray  # for each of these items


def flatten(results: pa.StructArray, layout: RowLayout) -> FlatRows:
    """The rows that stand in the lists of `layout`; `results` has a struct for each answer."""
    parents, above = results, list[tuple[Field, pa.Array]]()
    items, top = results, np.arange(len(results))
    answer = answer_of_item = top
    for depth, level in enumerate(layout.levels):
        lists = pc.struct_field(parents, level.name)
        origin, position = _children(lists, outer=layout.outer and depth > 0)
        children = lists.flatten()
        if position is not None:
            children = children.take(position)
        if above:
            repeated = pa.array(origin)
            above = [(f, values.take(repeated)) for f, values in above]
        above += [(f, pc.struct_field(children, f.name)) for f in level.fields]
        answer = answer[origin]
        if depth == 0:
            items, top, answer_of_item = children, np.arange(len(children)), answer
        else:
            top = top[origin]
        parents = children
    fields: dict[str, tuple[Field, pa.Array]] = {}
    for f, values in above:
        # Two lists may name a scalar alike (Code, Name): the column, not the field, is unique.
        fields[f.column or _SPLIT_COLUMN.get(f.name, f.name)] = (f, values)
    return FlatRows(fields, len(parents), answer, top, items, answer_of_item)


def _children(lists: pa.ListArray, *, outer: bool) -> tuple[np.ndarray, pa.Array | None]:
    """For each child row: the index of its parent, and its position among the flattened items.

    None instead of positions: the rows are the items.
    """
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    origin = np.repeat(np.arange(len(lists)), np.maximum(lengths, 1) if outer else lengths)
    if not outer:
        return origin, None
    empty = lengths[origin] == 0
    return origin, pa.array(np.cumsum(~empty) - 1, mask=empty)
