"""Rows whose key comes more than once, where the dataset declares how to keep them.

Pure functions on a table. Which dataset keeps what is in the catalog (DuplicateKeys). Not here: the
proof that such rows are no moved page (parse.py and api/pagination.py, read them next).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.columns import OCCURRENCE
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DuplicateKeys, Preference


def repeats_last(table: pa.Table, names: Sequence[str]) -> np.ndarray:
    """Per row: whether it equals the row before it in the columns `names`; null equals null."""
    same = np.ones(max(0, table.num_rows - 1), dtype=bool)
    for name in names:
        values = table.column(name).combine_chunks()
        below, above = values.slice(0, len(same)), values.slice(1)
        equal = pc.fill_null(pc.equal(below, above), False)
        both_null = pc.and_(pc.is_null(below), pc.is_null(above))
        same &= pc.or_(equal, both_null).to_numpy(zero_copy_only=False)
    return np.concatenate([np.zeros(min(1, table.num_rows), dtype=bool), same])


def repeated_key(tables: Iterable[pa.Table], key: Sequence[str]) -> str | None:
    """The first key that occurs twice in sorted tables, as text; None if there is none."""
    last: list[pa.Table] = []  # last row of the previous table
    for table in tables if key else ():
        both = pa.concat_tables([*last, table.select(key)])
        last = [both.slice(max(0, both.num_rows - 1))]
        same = repeats_last(both, key)
        if same.any():
            at = int(same.argmax())
            return ", ".join(f"{name}={both.column(name)[at].as_py()}" for name in key)
    return None


def key_on_two_pages(pages: Sequence[pa.Table], key: Sequence[str]) -> str | None:
    """The first key that two of the tables hold, as text; None if there is none."""
    if len(pages) < 2 or not key:
        return None
    both = pa.concat_tables([page.group_by(key).aggregate([]) for page in pages])
    return repeated_key([both.sort_by([(name, "ascending") for name in key])], key)


def is_table_repeated(tables: Iterable[pa.Table]) -> bool:
    """True if two tables that are not empty hold the same rows, in whatever order."""
    ordered = [sorted_by_content(table) for table in tables if table.num_rows]
    return any(one.equals(other) for one, other in combinations(ordered, 2))


def keep_one(dataset: Dataset, table: pa.Table) -> pa.Table:
    """One row of each key, sorted by key: the one that the dataset prefers.

    Rows that it prefers alike are told apart by their content, so that the choice is always the same.
    """
    key = _key(dataset, table)
    ranks = {f"preference {i}": _rank(table, one) for i, one in enumerate(dataset.prefer)}
    ordered = _sorted_by_content(table, key, ranks)
    return ordered.filter(pa.array(~repeats_last(ordered, key)))


def number_occurrences(dataset: Dataset, table: pa.Table) -> pa.Table:
    """All rows, sorted by key and content; `occurrence` counts the rows of each key from 1."""
    key = _key(dataset, table)
    ordered = _sorted_by_content(table, key, {})
    is_first = ~repeats_last(ordered, key)
    place = np.arange(len(is_first))
    first = np.maximum.accumulate(np.where(is_first, place, 0)) if len(place) else place
    at = ordered.schema.get_field_index(OCCURRENCE)
    return ordered.set_column(at, ordered.field(at), pa.array(place - first + 1, pa.int64()))


def states_once(dataset: Dataset) -> bool:
    """True if equal rows of an answer state one fact: no page can have moved, and none is numbered."""
    return dataset.duplicate_keys is DuplicateKeys.REFUSE and dataset.endpoint.paging is None


def without_repeats(dataset: Dataset, table: pa.Table) -> pa.Table:
    """The rows sorted by key, those that are equal in all columns once: they state one fact.

    Where no page can have moved, a series that is listed twice says nothing new. Rows with one key and
    other values stay: they contradict each other.
    """
    once = table.filter(pa.array(is_first_of_equal(table)))
    return _sorted_by_content(once, _key(dataset, table), {})


def is_first_of_equal(table: pa.Table) -> np.ndarray:
    """Per row: False if it equals another one in all columns that counts in its place."""
    order = _order_by_content(table, [], {})
    mask = np.ones(table.num_rows, dtype=bool)
    mask[order.to_numpy()[repeats_last(table.take(order), table.column_names)]] = False
    return mask


def sorted_by_content(table: pa.Table) -> pa.Table:
    """The rows in an order that depends on nothing but their values."""
    return _sorted_by_content(table, [], {})


def _key(dataset: Dataset, table: pa.Table) -> list[str]:
    return [name for name in dataset.key if name in table.column_names and name != OCCURRENCE]


def _rank(table: pa.Table, preference: Preference) -> pa.Array:
    """A number per row; of two rows, the one with the lower number is preferred."""
    values = table.column(preference.column).combine_chunks()
    if preference.last:
        return pc.is_in(values, value_set=pa.array(preference.last, values.type)).cast(pa.int8())
    return pc.negate(values.cast(pa.int64())) if preference.is_largest_first else values


def _sorted_by_content(table: pa.Table, key: Sequence[str], ranks: dict[str, pa.Array]) -> pa.Table:
    """The rows by key, then by `ranks`, then by all other columns; nulls last."""
    return table.take(_order_by_content(table, key, ranks)).combine_chunks()


def _order_by_content(table: pa.Table, key: Sequence[str], ranks: dict[str, pa.Array]) -> pa.Array:
    sortable: dict[str, pa.Array | pa.ChunkedArray] = {name: table.column(name) for name in key}
    sortable |= ranks
    sortable |= {name: table.column(name) for name in table.column_names if name not in key}
    plain = {
        name: values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
        for name, values in sortable.items()
    }
    return pc.sort_indices(pa.table(plain), [(name, "ascending") for name in plain])
