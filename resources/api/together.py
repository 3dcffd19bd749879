"""Small answers of one dataset read together: one start of the parser, one call of each kernel.

Most answers are small, and to read one alone costs more for what is begun than for its rows. What
comes out is what `rows.read_page` and `rows.join` make of each answer by itself; each is proven by
itself. Where anything is odd about any of them, nothing comes out: those two then say what it is.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.answers import decode_together
from resources.api.catalogue.model import Dataset, Kind
from resources.api.errors import ApiError
from resources.api.flatten import flatten
from resources.api.plan import Walk
from resources.api.rows import Rows, rows_inside
from resources.api.totals import Totals
from resources.api.values import table_of

MOST_BYTES = 4_000_000
"""Of answers that are read together: many more cost no less for each byte, and take memory."""


def likeness(dataset: Dataset, walk: Walk) -> Hashable | None:
    """Answers to walks of which this is equal can be read together; None: not with any other."""
    if dataset.endpoint.paging is not None or dataset.ranked:
        return None
    if any(dataset.column[name].kind is Kind.FLOAT for name in dataset.key):
        return None  # equal numbers that are not the same, and NaN, have no place of their own
    within = {name: asked for name, asked in walk.within.items() if name not in walk.constants}
    return (
        dataset.name,
        walk.is_split,
        walk.window is None,
        frozenset(walk.constants),
        frozenset(within.items()),
    )


def read_together(
    dataset: Dataset, walks: Sequence[Walk], bodies: Sequence[bytes]
) -> list[Rows] | None:
    """The rows of each answer, or None if they are to be read one by one.

    The `walks` are alike, see `likeness`; the rows of all lie in one piece of memory.
    """
    results = decode_together(dataset.endpoint, bodies)
    if results is None:
        return None
    split_rows = dataset.endpoint.split_rows if walks[0].is_split else None
    flat = flatten(results, split_rows or dataset.endpoint.rows)
    came = np.bincount(flat.answer, minlength=len(walks))
    if walks[0].is_split and not came.all():
        return None  # there may have been nothing to split
    try:
        table = table_of(dataset, walks, flat)
    except ApiError:
        return None
    totals = Totals(dataset, is_split=walks[0].is_split, answers=len(walks))
    totals.add(flat)
    disagreeing = totals.disagreeing(results)
    answer = flat.answer
    inside = rows_inside(dataset, table, walks, answer)
    if inside is not None:
        table, answer = table.filter(inside), answer[_booleans(inside)]
    sorted_table = _sorted(dataset, walks, table, answer)
    if sorted_table is None:
        return None
    kept = np.bincount(answer, minlength=len(walks))
    starts = np.cumsum(kept) - kept
    return [
        Rows(
            table=sorted_table.slice(start, rows),
            outside=outside,
            unknown=(),
            disagreeing=() if outside else tuple(sorted(names)),
        )
        for start, rows, outside, names in zip(
            starts.tolist(), kept.tolist(), (came - kept).tolist(), disagreeing, strict=True
        )
    ]


def _booleans(mask: pa.ChunkedArray) -> np.ndarray:
    found: np.ndarray = mask.fill_null(False).to_numpy()
    return found


def _sorted(
    dataset: Dataset, walks: Sequence[Walk], table: pa.Table, answer: np.ndarray
) -> pa.Table | None:
    """The rows by answer and key, as `rows.join` sorts those of each; None if a key came twice.

    One number for each row stands for both: it says whether they are in order already.
    """
    place, places = answer.astype(np.int64), len(walks)
    for name in dataset.key:
        if name not in table.column_names or name in walks[0].constants:
            continue  # of one value within each answer
        values, count = _ranked(table.column(name))
        places *= count
        if places >= 2**63:
            return None
        place = place * count + values
    if (np.diff(place) > 0).all():
        return table
    order = np.argsort(place, kind="stable")
    if not np.diff(place[order]).all():
        return None
    return table.take(pa.array(order))


def _ranked(column: pa.ChunkedArray) -> tuple[np.ndarray, int]:
    """For each value its place among the different ones, null behind all; and how many places."""
    found = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(found.dictionary).to_numpy()
    places = np.empty(len(order) + 1, dtype=np.int64)
    places[order], places[-1] = np.arange(len(order)), len(order)
    return places[found.indices.fill_null(len(order)).to_numpy()], len(places)
