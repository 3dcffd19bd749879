"""The catalog: every API endpoint and every dataset kept from it, as data (API version 2023-01-01).

No code for single endpoints belongs here. Read model.py next, then edge.py as an example.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from resources.api.catalog import (
    account,
    billing,
    byteplus,
    callbacks,
    edge,
    events,
    health,
    logs,
    processing,
    relays,
    sessions,
    usage,
    whole,
)
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Endpoint, RowLayout
from resources.api.catalog.registry import DailyDatasets, Registry
from resources.api.catalog.vendors import Vendor
from resources.errors import near

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
    logs,
    byteplus,
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
        action: _of_vendor(e, vendor)
        for action, e in ENDPOINTS.items()
        if vendor not in e.absent_on
    }


def absent_parameters(vendor: Vendor) -> frozenset[str]:
    """What no request to a vendor may hold: names of parameters, and `NAME=VALUE` for single values."""
    known = [p for e in ENDPOINTS.values() for p in e.parameters]
    values = (f"{p.name}={value}" for p in known for value in p.lacks(vendor))
    return frozenset((*(p.name for p in known if vendor in p.absent_on), *values))


def _of_vendor(endpoint: Endpoint, vendor: Vendor) -> Endpoint:
    """The endpoint with the parameters, values and fields that a vendor has."""
    parameters = tuple(
        replace(p, allowed=tuple(v for v in p.allowed if v not in p.lacks(vendor)))
        if p.lacks(vendor)
        else p
        for p in endpoint.parameters
        if vendor not in p.absent_on
    )
    rows, split_rows = (
        layout and _layout_of_vendor(layout, vendor)
        for layout in (endpoint.rows, endpoint.split_rows)
    )
    if (parameters, rows, split_rows) == (endpoint.parameters, endpoint.rows, endpoint.split_rows):
        return endpoint
    return replace(
        endpoint, parameters=parameters, rows=rows or endpoint.rows, split_rows=split_rows
    )


def _layout_of_vendor(layout: RowLayout, vendor: Vendor) -> RowLayout:
    levels = tuple(
        replace(level, fields=tuple(f for f in level.fields if vendor not in f.absent_on))
        for level in layout.levels
    )
    return replace(layout, levels=levels)


def dataset(name: str) -> Dataset:
    """The dataset of that name; ValueError names the nearest valid one otherwise."""
    if name in DATASETS:
        return DATASETS[name]
    found = near.either(name, DATASETS)
    hint = f": did you mean {found}?" if found else "."
    raise ValueError(f"There is no dataset {name!r}{hint} All: {', '.join(sorted(DATASETS))}")
