"""Flattens the nested lists of a response into columns with one value per innermost row.

Not here: conversion to the declared types (convert.py, read it next).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.model import SPLITS, Field, RowLayout

_SPLIT_COLUMN: Mapping[str, str] = {name: split.column for name, split in SPLITS.items()}


@dataclass(frozen=True)
class FlatRows:
    """Fields of all levels by column name, repeated per innermost row, and where each row came from."""

    fields: Mapping[str, tuple[Field, pa.Array]]
    rows: int
    answer: np.ndarray  # per row: index of its response
    top: np.ndarray  # per row: index of its item in `items`
    items: pa.StructArray  # the outermost lists of all responses, concatenated
    answer_of_item: np.ndarray  # per item of `items`: index of its response

    def filtered(self, mask: np.ndarray) -> FlatRows:
        """Some of the rows, of all items."""
        kept = pa.array(mask)
        fields = {
            name: (field, values.filter(kept)) for name, (field, values) in self.fields.items()
        }
        rows = int(mask.sum())
        return replace(self, fields=fields, rows=rows, answer=self.answer[mask], top=self.top[mask])


def flatten(results: pa.StructArray, layout: RowLayout) -> FlatRows:
    """The rows of the lists that `layout` describes; `results` has one Result struct per response."""
    parents, above = results, list[tuple[Field, pa.Array]]()
    items, top = results, np.arange(len(results))
    answer = answer_of_item = top
    if layout.is_the_answer:
        fields = {
            f.column or f.name: (f, pc.struct_field(results, f.name))
            for f in layout.levels[0].fields
        }
        return FlatRows(fields, len(results), answer, top, items, answer_of_item)
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
    fields = {}
    for f, values in above:
        # Two lists may use the same field name (Code, Name); only the column name is unique.
        fields[f.column or _SPLIT_COLUMN.get(f.name, f.name)] = (f, values)
    return FlatRows(fields, len(parents), answer, top, items, answer_of_item)


def _children(lists: pa.ListArray, *, outer: bool) -> tuple[np.ndarray, pa.Array | None]:
    """Per child row: the index of its parent, and its position among the flattened items.

    Positions are None if rows and items are the same. With `outer`, an empty list gives one row
    without an item.
    """
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    origin = np.repeat(np.arange(len(lists)), np.maximum(lengths, 1) if outer else lengths)
    if not outer:
        return origin, None
    empty = lengths[origin] == 0
    return origin, pa.array(np.cumsum(~empty) - 1, mask=empty)
