"""The catalogue: every endpoint of the API and every dataset that we keep, as data.

Facts come from the vendor's documentation and official SDKs, version 2023-01-01. Planner, pager,
normaliser, assets, checks, comments, dictionary and simulator all follow from the entries here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from resources.api.catalogue import account, events, health, usage
from resources.api.catalogue.model import Dataset, Endpoint

API_VERSION = "2023-01-01"

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {d.name: d for d in (*account.DATASETS, *usage.DATASETS, *events.DATASETS, *health.DATASETS)}
)
"""Every dataset by name."""

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {d.endpoint.action: d.endpoint for d in DATASETS.values()}
)
"""Every endpoint by action."""

DIMENSIONS: tuple[Dataset, ...] = tuple(d for d in DATASETS.values() if d.is_dimension)
"""Datasets of the present state: one table, no days."""

DAILY: tuple[Dataset, ...] = tuple(d for d in DATASETS.values() if not d.is_dimension)
"""Datasets with one capture a day."""


def dataset(name: str) -> Dataset:
    """The dataset of that name; ValueError names the nearest valid one otherwise."""
    if name in DATASETS:
        return DATASETS[name]
    near = difflib.get_close_matches(name, DATASETS, n=1, cutoff=0.4)
    hint = f": did you mean {near[0]}?" if near else "."
    raise ValueError(f"There is no dataset {name!r}{hint} All: {', '.join(sorted(DATASETS))}")
