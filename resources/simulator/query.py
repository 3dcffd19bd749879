"""A request after its checks: typed, with defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from resources.api.catalog.model import SPLITS, Endpoint
from resources.simulator.noise import Ints
from resources.simulator.pushes import SHANGHAI_S
from resources.simulator.settings import AnswerOptions

MINUTE = 60
REGION_SPLITS = {
    "Area": ("node", "area"),
    "Country": ("node", "country"),
    "Province": ("node", "province"),
    "UserArea": ("user", "area"),
    "UserCountry": ("user", "country"),
    "UserProvince": ("user", "province"),
}
"""Split by region -> whose region, and its level. These need no list of values."""


@dataclass(frozen=True)
class Query:
    """What is asked. `sent` is the body as it came, `values` has the defaults too."""

    endpoint: Endpoint
    sent: Mapping[str, Any]
    values: Mapping[str, Any]
    start: int = 0  # Unix seconds
    end: int = 0  # exclusive, whatever the wire says
    now: int = 0
    options: AnswerOptions = field(default_factory=AnswerOptions)
    page_fault: str = ""  # "shift", "repeat" or "shrink"

    def text(self, name: str) -> str | None:
        """A parameter that is a string, or None."""
        value = self.values.get(name)
        return str(value) if value is not None else None

    def texts(self, name: str) -> list[str]:
        """A parameter that is a list of strings; [] if it was not given."""
        return list(self.values.get(name) or ())

    @property
    def bucket(self) -> int:
        """Bucket width in seconds."""
        return int(self.values.get("Aggregation") or MINUTE)

    @cached_property
    def slots(self) -> Ints:
        """Starts of the buckets that begin inside the window, in Unix seconds."""
        return self.grid(self.bucket)

    def grid(self, step: int) -> Ints:
        """Slots of `step` seconds that begin inside the window, counted from midnight in Shanghai."""
        first = -(-(self.start + SHANGHAI_S) // step) * step - SHANGHAI_S
        return np.arange(first, self.end, step, dtype=np.int64)

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The dimensions that come back split: those with a choice of at least two values."""
        return tuple(
            name
            for name in self.texts("DetailField")
            if name in REGION_SPLITS or self._is_filtered(name)
        )

    def _is_filtered(self, name: str) -> bool:
        split = SPLITS.get(name)
        return bool(split and split.filter and len(set(self.texts(split.filter))) >= 2)

    @property
    def page(self) -> tuple[int, int]:
        """Page number and page size."""
        paging = self.endpoint.paging
        assert paging is not None  # noqa: S101 - only asked of endpoints with pages
        size = self.values.get(paging.size_param) or paging.size
        return int(self.values.get(paging.number_param) or 1), int(size)
