"""The catalog: every API endpoint and every dataset kept from it, as data (API version 2023-01-01).

No code for single endpoints belongs here. Read model.py next, then edge.py as an example.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from resources.api.catalog import (
    account,
    billing,
    callbacks,
    edge,
    events,
    health,
    processing,
    relays,
    sessions,
    usage,
    whole,
)
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Endpoint
from resources.api.catalog.registry import DailyDatasets, Registry
from resources.api.catalog.vendors import Vendor

API_VERSION = "2023-01-01"

_PARTS = (
    account,
    sessions,
    usage,
    edge,
    events,
    health,
    whole,
    billing,
    processing,
    relays,
    callbacks,
)

DATASETS = Registry(d for part in _PARTS for d in part.DATASETS)
"""Every dataset by name, with the cuts that the settings define or the archive has captured."""

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {d.endpoint.action: d.endpoint for d in DATASETS.values()}
)
"""Every endpoint by action."""

DIMENSIONS: tuple[Dataset, ...] = tuple(d for d in DATASETS.values() if d.is_dimension)
"""Datasets of the present state: one table, no days."""

DAILY: Sequence[Dataset] = DailyDatasets(DATASETS)
"""Datasets with one capture a day, cuts included."""


def endpoints_of(vendor: Vendor) -> Mapping[str, Endpoint]:
    """The endpoints that a vendor has, by action, with the parameters that it takes."""
    return {
        action: replace(e, parameters=tuple(p for p in e.parameters if vendor not in p.absent_on))
        if any(vendor in p.absent_on for p in e.parameters)
        else e
        for action, e in ENDPOINTS.items()
        if vendor not in e.absent_on
    }


def absent_parameters(vendor: Vendor) -> frozenset[str]:
    """Names of the parameters that no request to a vendor may hold."""
    return frozenset(
        p.name for e in ENDPOINTS.values() for p in e.parameters if vendor in p.absent_on
    )


def dataset(name: str) -> Dataset:
    """The dataset of that name; ValueError names the nearest valid one otherwise."""
    if name in DATASETS:
        return DATASETS[name]
    near = difflib.get_close_matches(name, DATASETS, n=1, cutoff=0.4)
    hint = f": did you mean {near[0]}?" if near else "."
    raise ValueError(f"There is no dataset {name!r}{hint} All: {', '.join(sorted(DATASETS))}")
