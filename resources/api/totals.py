"""Whether the totals that an answer tells are what its rows add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalogue.model import SPLITS, Dataset, Total
from resources.api.flatten import Flat

_AGREE = 1e-4
"""Relative: the vendor's own types are 32-bit floats, and sums of them."""

_ZERO = 1e-6


class Totals:
    """What the rows of one answer add up to, beside what it tells of itself and of its items.

    A split adds up to the total of Result besides, or one of its values is missing: except for
    peaks, and for dimensions whose values overlap.
    """

    def __init__(self, dataset: Dataset, *, is_split: bool) -> None:
        """No rows have come yet."""
        self._totals = [t for t in dataset.endpoint.totals if t.of is not None]
        self._is_split = is_split
        self._overlaps = any(SPLITS[name].overlaps for name in dataset.split)
        self._folded: dict[str, float] = {}
        self._odd: set[str] = set()  # totals that those of some item contradict

    def add(self, flat: Flat) -> None:
        """Count rows; of a split, whole items of the outermost list."""
        for total in self._totals:
            values = next((v for f, v in flat.fields.values() if f.name == total.of), None)
            if values is None:
                continue
            if self._is_split:
                told = _floats(pc.struct_field(flat.items, total.name))
                folded = _fold(total, values, flat.top, len(told))
                known = ~np.isnan(told)
                if not np.allclose(folded[known], told[known], rtol=_AGREE, atol=_ZERO):
                    self._odd.add(total.name)
            else:
                folded = _fold(total, values, np.zeros(flat.rows, int), 1)
            before = self._folded.get(total.name, 0.0)
            if total.how == "max":
                self._folded[total.name] = float(folded.max(initial=before))
            else:
                self._folded[total.name] = before + float(folded.sum())

    def disagreeing(self, result: pa.StructArray) -> Iterator[str]:
        """Names of totals, of Result or of any item, that the rows do not add up to."""
        for total in self._totals:
            if total.name not in self._folded:
                continue
            agree = total.name not in self._odd
            if not self._is_split or (total.how == "sum" and not self._overlaps):
                (told,) = _floats(pc.struct_field(result, total.name))
                agree &= np.isnan(told) or np.isclose(
                    self._folded[total.name], told, rtol=_AGREE, atol=_ZERO
                )
            if not agree:
                yield total.name


def _fold(total: Total, values: pa.Array, groups: np.ndarray, count: int) -> np.ndarray:
    numbers = np.nan_to_num(_floats(values))
    folded = np.zeros(count)
    (np.maximum if total.how == "max" else np.add).at(folded, groups, numbers)
    return folded


def disagreeing_pages(
    dataset: Dataset, totals: Mapping[str, float], tables: Sequence[pa.Table]
) -> Iterator[str]:
    """Names of totals over all pages that the finished columns do not add up to."""
    by_field = {c.field: c for c in dataset.columns}
    for total in dataset.endpoint.totals:
        column = by_field.get(total.of)
        if total.of is None or column is None or total.name not in totals:
            continue
        summed = sum(np.nansum(_floats(table.column(column.name))) for table in tables)
        if not np.isclose(summed / column.factor, totals[total.name], rtol=_AGREE, atol=_ZERO):
            yield total.name


def _floats(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """As 64-bit floats, null as NaN; beyond 2^53 the last digits of integers go, unlike Arrow's."""
    floats: np.ndarray = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats
