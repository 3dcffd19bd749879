"""Usage of domains cut by filters and splits: the numbers behind sessions, traffic and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resources.simulator.audience import MINUTES
from resources.simulator.noise import Ints
from resources.simulator.places import ISPS, PROTOCOLS, QUIC_SHARE, SMALLEST_REGIONS
from resources.simulator.query import REGION_SPLITS, Query
from resources.simulator.roster import Space
from resources.simulator.splits import DIMENSIONS, ISP, NODE, PROTOCOL, Cells, split_codes

Labels = tuple[tuple[str, str], ...]
"""DetailField name and value, in the order asked for."""


@dataclass(frozen=True)
class DimensionFilter:
    """The cells of one dimension that a request is about, and the group that each falls into."""

    dimension: str
    chosen: NDArray[np.intp]  # numbers of the cells
    group: NDArray[np.intp]  # one for each chosen cell, -1 for a cell without a label
    labels: list[Labels]


def dimension_filters(query: Query) -> tuple[list[DimensionFilter], float]:
    """The dimensions that matter to a request, and the share that a QUIC filter leaves."""
    found = []
    for dimension in DIMENSIONS:
        if dimension == ISP:
            choice = _listed(query, ISP, "ISP", "ISPList", list(ISPS))
        elif dimension == PROTOCOL:
            choice = _listed(query, PROTOCOL, "Protocol", "ProtocolList", list(PROTOCOLS))
        else:
            choice = _regions(query, dimension)
        if choice is not None:
            found.append(choice)
    return found, QUIC_SHARE if "QUIC" in query.texts("ProtocolList") else 1.0


def _listed(
    query: Query, dimension: str, split: str, filter_name: str, cells: list[str]
) -> DimensionFilter | None:
    asked = list(dict.fromkeys(v for v in query.texts(filter_name) if v in cells))
    if not asked:
        return None
    chosen = np.array([cells.index(value) for value in asked])
    if split in query.splits:
        named: list[Labels] = [((split, value),) for value in asked]
        return DimensionFilter(dimension, chosen, np.arange(len(asked)), named)
    return DimensionFilter(dimension, chosen, np.zeros(len(asked), dtype=np.intp), [()])


def _regions(query: Query, dimension: str) -> DimensionFilter | None:
    asked = query.values.get("RegionList" if dimension == NODE else "UserRegionList") or ()
    levels = [(s, *REGION_SPLITS[s]) for s in query.splits if s in REGION_SPLITS]
    wanted = [(split, level) for split, whose, level in levels if whose == dimension]
    if not asked and not wanted:
        return None
    bounds = [(r["Area"], r.get("Country", ""), r.get("Province", "")) for r in asked]
    chosen = [
        i
        for i, leaf in enumerate(SMALLEST_REGIONS)
        if not bounds or any(leaf.inside(*b) for b in bounds)
    ]
    labels: dict[Labels, int] = {}
    group = []
    for cell in chosen:
        label = tuple(
            (split, str(getattr(SMALLEST_REGIONS[cell], level))) for split, level in wanted
        )
        named = all(value for _, value in label)  # provinces exist in China only
        group.append(labels.setdefault(label, len(labels)) if named else -1)
    return DimensionFilter(dimension, np.array(chosen), np.array(group), list(labels))


@dataclass(frozen=True)
class GroupedUsage:
    """Numbers per minute: the whole of what was asked, and its groups.

    An array is (..., minutes); groups stand along the first axis, in the order of `labels`.
    """

    whole: Mapping[str, Ints]
    labels: Sequence[Labels]
    groups: Mapping[str, Ints]


def group_day(
    space: Space,
    day: int,
    values: Mapping[str, Ints],
    choices: Sequence[DimensionFilter],
    quic: float,
) -> GroupedUsage:
    """Cut whole days (..., minutes) of one space; the groups are those of the dimensions."""
    whole: dict[str, Ints] = {}
    parts: dict[str, Ints] = {}
    labels = _product([choice.labels for choice in choices])
    for name, array in values.items():
        some = array if quic == 1.0 else (array * quic).astype(np.int64)
        cells = _split_cells(space, day, some, choices).values
        axes = tuple(range(array.ndim - 1, array.ndim - 1 + len(choices)))
        whole[name] = cells.sum(axis=axes)
        parts[name] = _grouped(cells, choices, array.ndim - 1)
    return GroupedUsage(whole, labels, parts)


def _split_cells(space: Space, day: int, array: Ints, choices: Sequence[DimensionFilter]) -> Cells:
    cells = Cells.whole(array)
    for choice in choices:
        cells = cells.cut(space, choice.dimension, day, choice.chosen)
    return cells


def _grouped(cells: Ints, choices: Sequence[DimensionFilter], first_axis: int) -> Ints:
    """Cells added up by group; the group axes are joined into one, which comes first."""
    for offset, choice in enumerate(choices):
        axis = first_axis + offset
        here = np.moveaxis(cells, axis, 0)
        summed = np.zeros((len(choice.labels), *here.shape[1:]), dtype=np.int64)
        named = choice.group >= 0
        np.add.at(summed, choice.group[named], here[named])
        cells = np.moveaxis(summed, 0, axis)
    lead = cells.shape[:first_axis]
    joined = cells.reshape(*lead, -1, cells.shape[-1])
    return np.moveaxis(joined, first_axis, 0)


def _product(lists: Sequence[list[Labels]]) -> list[Labels]:
    labels: list[Labels] = [()]
    for choice in lists:
        labels = [(*left, *right) for left in labels for right in choice]
    return labels


def status_counts(
    space: Space, day: int, requests: Ints, choices: Sequence[DimensionFilter], kind: str
) -> tuple[tuple[int, ...], Ints, list[Labels], Ints]:
    """Codes, their counts (codes, minutes), labels of the groups, and (groups, codes, minutes).

    Carriers are always cut, because an incident strikes one of them.
    """
    everything = DimensionFilter(
        ISP, np.arange(len(ISPS)), np.zeros(len(ISPS), dtype=np.intp), [()]
    )
    if not any(choice.dimension == ISP for choice in choices):
        choices = [*choices, everything]
    # Status codes know no protocols: carriers come last.
    codes, coded = split_codes(
        space, day, _split_cells(space, day, requests, choices), choices[-1].chosen, kind
    )
    flat = coded.reshape(*coded.shape[:-2], len(codes) * MINUTES)
    groups = _grouped(flat, choices, 0).reshape(-1, len(codes), MINUTES)
    axes = tuple(range(coded.ndim - 2))
    return codes, coded.sum(axis=axes), _product([c.labels for c in choices]), groups
