"""Rankings that are not what was asked for: in another order, or of streams where domains were asked.

An echo of the question does not show that the server went by it. Not here: echoes
(api/parsing/echoes.py), variants of other datasets (variant_figures.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.columns import RANK
from resources.api.catalog.datasets import Dataset

_SORTED_BY: Mapping[str, str] = MappingProxyType(
    {
        "PeakBandwidth": "peak_bandwidth_mbps",
        "AvgBandwidth": "avg_bandwidth_mbps",
        "TotalTraffic": "traffic_bytes",
    }
)
_NAMED = {"query_type", "sort_by", "stream", *_SORTED_BY.values()}
_TOLERANCE = 0.01
"""Of a figure. The vendor may round what it sends otherwise than what it sorts by."""


class Rankings:
    """Looks at rankings as they are written."""

    def __init__(self, dataset: Dataset) -> None:
        """Start without rows."""
        self._is_ranked = dataset.ranked
        self._found: set[str] = set()

    def add(self, table: pa.Table) -> None:
        """Look at the rows of one answer."""
        if not self._is_ranked or not {*table.column_names} >= _NAMED:  # as of a cut
            return
        domains = table.filter(pc.equal(table.column("query_type"), "Domain"))
        if pc.any(pc.not_equal(domains.column("stream"), "")).as_py():
            self._found.add("the ranking of domains names streams")
        for name, column in _SORTED_BY.items():
            ranked = table.filter(pc.equal(table.column("sort_by"), name)).sort_by(
                [("query_type", "ascending"), (RANK, "ascending")]
            )
            values = np.nan_to_num(ranked.column(column).to_numpy())
            is_next = np.diff(ranked.column(RANK).to_numpy()) > 0  # of the same ranking
            rises = np.diff(values) > _TOLERANCE * values[:-1]
            if (is_next & rises).any():
                self._found.add(f"the ranking by {name} is in another order")

    @property
    def contradictions(self) -> list[str]:
        """What is not as asked, in words; sorted."""
        return sorted(self._found)
