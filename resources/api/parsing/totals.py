"""Compares the totals that a response states with the sums or maxima of its rows.

Not here: rules across datasets (system_tables/reconciliation). Read parse.py next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import SPLITS, ResponseTotal
from resources.api.parsing.flatten import FlatRows

_AGREE = 1e-4
"""Relative tolerance. The vendor computes in 32-bit floats, and sums them."""

_ZERO = 1e-6


class Totals:
    """Sums or maxima of rows per response and per item, compared with the stated totals.

    The rows of a split must also add up to the total of Result; otherwise a value of the split is
    missing. Peaks, and dimensions whose values overlap, do not add up: their total lies between the
    largest item and the sum of all. A dimension that leaves something out has no such sum.
    """

    def __init__(self, dataset: Dataset, *, is_split: bool, answers: int = 1) -> None:
        """Start without rows, for `answers` responses."""
        self._totals = [t for t in dataset.endpoint.totals if t.of is not None]
        self._listed = dataset.endpoint.listed_totals
        self._is_split, self._answers = is_split, answers
        splits = [SPLITS[name] for name in dataset.split]
        self._overlaps = any(split.overlaps for split in splits)
        self._is_partial = any(split.partial for split in splits)  # leaves something out
        self._folded: dict[str, np.ndarray] = {}  # total -> value per response
        self._largest: dict[str, np.ndarray] = {}  # of a split: total -> largest item per response
        self._summed: dict[str, np.ndarray] = {}  # of a split: total -> sum of items per response
        self._agree: dict[str, np.ndarray] = {}  # total -> per response: all items agree

    def add(self, flat: FlatRows) -> None:
        """Add rows. Of a split, `flat` must hold whole items of the outermost list."""
        for total in self._totals:
            values = next((v for f, v in flat.fields.values() if f.name == total.of), None)
            if values is None:
                continue
            numbers, groups = np.nan_to_num(_floats(values)), flat.answer
            if self._is_split:
                told = _floats(pc.struct_field(flat.items, total.name))
                numbers = _fold(total, np.zeros(len(told)), numbers, flat.top)
                agree = np.isnan(told) | _is_close(numbers, told)
                so_far = self._agree.setdefault(total.name, np.ones(self._answers, dtype=bool))
                so_far[flat.answer_of_item[~agree]] = False
                groups = flat.answer_of_item
                np.maximum.at(self._of(self._largest, total), groups, numbers)
                np.add.at(self._of(self._summed, total), groups, numbers)
            _fold(total, self._of(self._folded, total), numbers, groups)
        for name, field in self._listed:
            values = next(v for f, v in flat.fields.values() if f.name == field)
            summed = self._folded.setdefault(name, np.zeros(self._answers))
            np.add.at(summed, flat.answer, np.nan_to_num(_floats(values)))

    def _of(self, values: dict[str, np.ndarray], total: ResponseTotal) -> np.ndarray:
        return values.setdefault(total.name, np.zeros(self._answers))

    def disagreeing(self, results: pa.StructArray) -> list[tuple[str, ...]]:
        """Per response: names of totals, of Result or of an item, that differ from its rows."""
        found: list[tuple[str, ...]] = [()] * self._answers
        for total in self._totals:
            if total.name not in self._folded:
                continue
            agree = self._agree.get(total.name, np.ones(self._answers, dtype=bool))
            told = _floats(pc.struct_field(results, total.name))
            adds_up = total.how == "sum" and not self._overlaps and not self._is_partial
            if not self._is_split or adds_up:
                is_right = _is_close(self._folded[total.name], told)
            else:
                least, most = self._largest[total.name], self._summed[total.name]
                is_right = (told >= least) & ((told <= most) | self._is_partial)
                is_right |= _is_close(least, told) | _is_close(most, told)
            agree = agree & (np.isnan(told) | is_right)
            for at in np.flatnonzero(~agree):
                found[at] += (total.name,)
        for name, field in () if self._overlaps or self._is_partial else self._listed:
            told = _sums_of(pc.struct_field(results, name), field)
            for at in np.flatnonzero(~(np.isnan(told) | _is_close(self._folded[name], told))):
                found[at] += (name,)
        return found

    def sums(self, results: pa.StructArray) -> tuple[str, ...]:
        """Of a single response: names of the totals in Result that must be the sums of all rows."""
        if self._is_split and (self._overlaps or self._is_partial):
            return ()
        return tuple(
            total.name
            for total in self._totals
            if total.how == "sum"
            and total.name in self._folded
            and not np.isnan(_floats(pc.struct_field(results, total.name))).all()
        )


def _sums_of(lists: pa.ListArray, field: str) -> np.ndarray:
    """Per response: the sum of a field over its list; NaN if the list is empty or says none."""
    sums = np.full(len(lists), np.nan)
    values = _floats(pc.struct_field(lists.flatten(), field))
    answer = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    sums[answer] = 0.0
    np.add.at(sums, answer, values)
    return sums


def _is_close(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    close: np.ndarray = np.isclose(one, other, rtol=_AGREE, atol=_ZERO)
    return close


def _fold(
    total: ResponseTotal, folded: np.ndarray, numbers: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """`folded` (changed in place) with the numbers of each group added, or their maximum taken."""
    (np.maximum if total.how == "max" else np.add).at(folded, groups, numbers)
    return folded


def disagreeing_pages(
    dataset: Dataset, totals: Mapping[str, float], tables: Sequence[pa.Table]
) -> Iterator[str]:
    """Names of totals over all pages that differ from the sums of the converted columns."""
    by_field = {c.field: c for c in dataset.columns}
    for total in dataset.endpoint.totals:
        column = by_field.get(total.of)
        if total.of is None or column is None or total.name not in totals:
            continue
        summed = sum(np.nansum(_floats(table.column(column.name))) for table in tables)
        if not np.isclose(summed / column.factor, totals[total.name], rtol=_AGREE, atol=_ZERO):
            yield total.name


def changed_sums(
    dataset: Dataset, names: Sequence[str], before: pa.Table, after: pa.Table
) -> Iterator[str]:
    """Those of the totals `names` whose rows add up to something else after some were dropped."""
    columns = {c.field: c.name for c in dataset.columns}
    for total in dataset.endpoint.totals:
        if total.name in names and total.of in columns:
            one, other = (
                np.nansum(_floats(table.column(columns[total.of]))) for table in (before, after)
            )
            if not _is_close(one, other):
                yield total.name


def _floats(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """64-bit floats, NaN for null. Integers above 2^53 lose digits; Arrow alone would refuse them."""
    floats: np.ndarray = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats
