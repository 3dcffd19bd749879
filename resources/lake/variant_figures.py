"""Answers to different questions of one dataset that are the same: the server ignored what was asked.

A dataset asks for variants, as viewers by session and by address, and not every answer echoes which. Not
here: echoes (api/parsing/echoes.py), what is suspect (ledger/contradictions.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from resources.api.catalog.datasets import Dataset


@dataclass(frozen=True)
class Figure:
    """A figure that is another one for each variant."""

    variant: str  # column with the variant's name
    column: str
    plenty: int  # in a row, from which it is no chance that all variants have the same
    least_variants: int = 2  # that are compared


_ONLINE, _ONLINE_PEAK = (
    Figure("online_user_type", name, 50) for name in ("online_users", "peak_online_users")
)
_CODES = Figure("request_type", "status_count", 100)
_STREAMS = Figure(
    "stream_type", "peak_streams", 2, least_variants=3
)  # all pushes may be transcoded

FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "stream_session": _ONLINE,
        "stream_session_by_domain": _ONLINE,
        "stream_session_account": _ONLINE,
        "batch_stream_session": _ONLINE_PEAK,
        "play_status_code": _CODES,
        "play_status_code_by_domain": _CODES,
        "play_status_code_account": _CODES,
        "stream_count": _STREAMS,
        "stream_count_account": _STREAMS,
    }
)
"""Dataset -> its figure. Greatest and mean value of a minute may be the same: they have none."""


class VariantFigures:
    """Sums of a dataset's figure by variant and domain."""

    def __init__(self, dataset: Dataset) -> None:
        """Start without rows."""
        self._figure = FIGURES.get(dataset.name)
        self._asked = len(dataset.variants)
        self._sums: dict[str, Counter[str]] = {}
        self._greatest = 0

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        if self._figure is None or self._asked < self._figure.least_variants or not table.num_rows:
            return
        by = [self._figure.variant, *(["domain"] if "domain" in table.column_names else [])]
        column = self._figure.column
        sums = table.group_by(by, use_threads=False).aggregate([(column, "sum"), (column, "max")])
        for row in sums.to_pylist():
            found = self._sums.setdefault(row[self._figure.variant], Counter())
            found[row.get("domain", "")] += row[f"{column}_sum"] or 0
            self._greatest = max(self._greatest, row[f"{column}_max"] or 0)

    @property
    def contradictions(self) -> list[str]:
        """In words, that all variants have the same figures, and plenty of them; else nothing."""
        if self._figure is None or self._greatest < self._figure.plenty:
            return []
        first, *others = self._sums.values()
        if len(others) + 1 < self._asked or any(one != first for one in others):
            return []
        return [f"the same {self._figure.column} came for every {self._figure.variant}"]
