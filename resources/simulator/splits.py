"""How a whole number is divided among carriers, protocols, regions and status codes.

Cells are cut off one after the other along the running sum of the shares and rounded there, so the
parts always add up to the whole, exactly, at every minute.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from resources.simulator.audience import MINUTES
from resources.simulator.noise import Floats, Ints, key_of, uniform, uniform_grid, uniform_index
from resources.simulator.places import ISPS, PROTOCOLS, SMALLEST_REGIONS
from resources.simulator.roster import Space

NODE, USER, ISP, PROTOCOL = "node", "user", "isp", "protocol"
DIMENSIONS = (NODE, USER, ISP, PROTOCOL)
"""In the order in which they are cut: node regions first, protocols inside of everything."""

_GOLDEN = 0.6180339887498949
_BELOW_ONE = 1.0 - 1e-6  # so that adding it never rounds up to the next whole number


@dataclass(frozen=True)
class Cells:
    """Whole numbers of one day: `values` is (..., minutes), `ids` names each of the first part.

    A cell's id depends on what it is, not on which others a request chose beside it.
    """

    values: Ints
    ids: Ints

    @classmethod
    def whole(cls, values: Ints) -> Cells:
        """Cells that have not been cut yet: one for everything, or one for each stream."""
        shape = values.shape[:-1]
        return cls(values, np.arange(math.prod(shape), dtype=np.int64).reshape(shape))

    def divide(
        self, edges: Floats, key: int, day: int, chosen: NDArray[np.intp] | None = None
    ) -> Ints:
        """(..., cells, minutes), of all cells or the chosen ones.

        `edges` are the running sums of the cells' shares, from 0 to 1: (cells + 1, minutes).
        """
        # Where a running sum is rounded is drawn for each minute: a single viewer is not always
        # one of the last carrier.
        drawn = uniform_grid(key, np.arange(day * MINUTES, (day + 1) * MINUTES))
        drawn = (drawn + self.ids[..., None] * _GOLDEN) % 1.0 * _BELOW_ONE
        values, drawn = self.values[..., None, :], drawn[..., None, :]
        if chosen is None or 2 * len(chosen) > len(edges):
            bounds = np.floor(values * edges + drawn)
            cut = bounds[..., 1:, :] - bounds[..., :-1, :]
            return np.asarray(cut if chosen is None else cut[..., chosen, :]).astype(np.int64)
        upper = np.floor(values * edges[chosen + 1] + drawn)
        return np.asarray(upper - np.floor(values * edges[chosen] + drawn)).astype(np.int64)

    def cut(self, space: Space, dimension: str, day: int, chosen: NDArray[np.intp]) -> Cells:
        """The chosen cells of a dimension, as the last axis before the minutes."""
        edges = _edges(space.key, dimension)
        values = self.divide(edges, key_of(space.key, "cut", dimension), day, chosen)
        return Cells(values, self.ids[..., None] * (len(edges) - 1) + chosen)


@lru_cache(maxsize=1024)
def _edges(key: int, dimension: str) -> Floats:
    """Running sums of the shares of a dimension of `DIMENSIONS`: (cells + 1, minutes)."""
    if dimension == ISP:
        weights = [share for _, share in ISPS.values()]
    elif dimension == PROTOCOL:
        weights = list(PROTOCOLS.values())
    elif dimension == USER:
        weights = [leaf.weight for leaf in SMALLEST_REGIONS]
    else:  # nodes stand in fewer places than viewers
        weights = [leaf.weight if leaf.weight >= 1 else 0.05 for leaf in SMALLEST_REGIONS]
    base = np.array(
        [w * (0.7 + 0.6 * uniform(key, dimension, i)) for i, w in enumerate(weights)], dtype=float
    )
    phase = np.array([uniform(key, dimension, "phase", i) for i in range(len(weights))])
    turn = 2.0 * np.pi * (np.arange(MINUTES) / MINUTES + phase[:, None])
    moving = base[:, None] * (1.0 + 0.15 * np.sin(turn))
    return _running(moving)


def _running(shares: Floats) -> Floats:
    sums = np.cumsum(shares / shares.sum(axis=0), axis=0)
    sums[-1] = 1.0  # what the sum misses by rounding must not be lost
    return np.concatenate([np.zeros((1, MINUTES)), sums])


ACCESS_CODES = {
    200: 0.905,
    302: 0.030,
    403: 0.006,
    404: 0.017,
    499: 0.008,
    500: 0.0006,
    502: 0.0014,
    504: 0.0020,
}
SOURCE_CODES = {200: 0.962, 404: 0.021, 499: 0.004, 502: 0.008, 504: 0.005}


@dataclass(frozen=True)
class Incident:
    """Some hours in which one carrier's viewers of one domain space got 5xx answers."""

    day: int
    isp: str
    start_minute: int
    minutes: int
    share: float  # of the requests that fail at its height


def incident_of(space: Space, day: int) -> Incident | None:
    """The incident of that day, if it has one: each space has one in two weeks, in the evening."""
    week, weekday = divmod(day + 3, 14)
    key = key_of(space.key, "incident", week)
    if weekday != uniform_index(14, key, "day"):
        return None
    return Incident(
        day=day,
        isp=("telecom", "unicom", "mobile")[uniform_index(3, key, "isp")],
        start_minute=20 * 60 + uniform_index(60, key, "minute"),
        minutes=40 + uniform_index(80, key, "length"),
        share=0.15 + 0.25 * uniform(key, "share"),
    )


def split_codes(
    space: Space, day: int, cells: Cells, isps: NDArray[np.intp], request_type: str
) -> tuple[tuple[int, ...], Ints]:
    """Status codes, and requests (..., carriers, minutes) cut into (..., carriers, codes, minutes).

    `isps` are the numbers of the carriers, among which the incident of the day may have struck one.
    """
    codes = ACCESS_CODES if request_type == "Access" else SOURCE_CODES
    key = key_of(space.key, "codes", request_type)
    shares = np.repeat(np.array(list(codes.values()))[:, None], MINUTES, axis=1)
    shares /= shares.sum(axis=0)
    cut = cells.divide(_running(shares), key, day)
    incident = incident_of(space, day)
    if incident is not None:
        minute = np.arange(MINUTES) - incident.start_minute
        bump = np.sin(np.pi * np.clip(minute / incident.minutes, 0.0, 1.0)) * incident.share
        broken = np.array([{502: 0.6, 504: 0.4}.get(code, 0.0) for code in codes])
        worse = _running(shares * (1.0 - bump) + broken[:, None] * bump)
        for row in np.flatnonzero(isps == list(ISPS).index(incident.isp)):
            struck = Cells(cells.values[..., row, :], cells.ids[..., row])
            cut[..., row, :, :] = struck.divide(worse, key, day)
    return tuple(codes), cut
