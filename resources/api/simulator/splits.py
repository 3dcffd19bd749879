"""How a whole number is divided among carriers, protocols, regions and status codes.

Cells are cut off one after the other along the running sum of the shares and rounded down there,
so the parts always add up to the whole, exactly, at every minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from resources.api.simulator.audience import MINUTES
from resources.api.simulator.noise import Floats, Ints, chance, key_of, pick
from resources.api.simulator.places import ISPS, LEAVES, PROTOCOLS
from resources.api.simulator.roster import Space

NODE, USER, ISP, PROTOCOL = "node", "user", "isp", "protocol"
DIMENSIONS = (NODE, USER, ISP, PROTOCOL)
"""In the order in which they are cut: node regions first, protocols inside of everything."""


def divide(values: Ints, shares: Floats) -> Ints:
    """(..., minutes) into (..., cells, minutes). `shares` is (cells, minutes), each sum 1."""
    edges = np.cumsum(shares, axis=0)
    edges[-1] = 1.0  # what the sum misses by rounding must not be lost
    cut = np.floor(values[..., None, :] * edges).astype(np.int64)
    cut[..., 1:, :] -= cut[..., :-1, :].copy()
    return cut


def shares_of(space: Space, dimension: str) -> Floats:
    """(cells, minutes of the day) of a dimension of `DIMENSIONS` for one domain space."""
    return _shares(space.key, dimension)


@lru_cache(maxsize=2048)
def _shares(key: int, dimension: str) -> Floats:
    if dimension == ISP:
        weights = [share for _, share in ISPS.values()]
    elif dimension == PROTOCOL:
        weights = list(PROTOCOLS.values())
    elif dimension == USER:
        weights = [leaf.weight for leaf in LEAVES]
    else:  # nodes stand in fewer places than viewers
        weights = [leaf.weight if leaf.weight >= 1 else 0.05 for leaf in LEAVES]
    base = np.array(
        [w * (0.7 + 0.6 * chance(key, dimension, i)) for i, w in enumerate(weights)], dtype=float
    )
    phase = np.array([chance(key, dimension, "phase", i) for i in range(len(weights))])
    turn = 2.0 * np.pi * (np.arange(MINUTES) / MINUTES + phase[:, None])
    moving = base[:, None] * (1.0 + 0.15 * np.sin(turn))
    return np.asarray(moving / moving.sum(axis=0))


ACCESS_CODES = {
    200: 0.905,
    206: 0.022,
    302: 0.030,
    304: 0.008,
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
    if weekday != pick(14, key, "day"):
        return None
    return Incident(
        day=day,
        isp=("telecom", "unicom", "mobile")[pick(3, key, "isp")],
        start_minute=20 * 60 + pick(60, key, "minute"),
        minutes=40 + pick(80, key, "length"),
        share=0.15 + 0.25 * chance(key, "share"),
    )


def code_shares(space: Space, day: int, request_type: str) -> tuple[tuple[int, ...], Floats]:
    """Status codes, and (carriers, codes, minutes) shares, each sum over the codes 1."""
    codes = ACCESS_CODES if request_type == "Access" else SOURCE_CODES
    usual = np.array(list(codes.values()))
    shares = np.repeat(usual[None, :, None] / usual.sum(), len(ISPS), axis=0)
    shares = np.repeat(shares, MINUTES, axis=2)
    incident = incident_of(space, day)
    if incident is not None:
        minute = np.arange(MINUTES) - incident.start_minute
        bump = np.sin(np.pi * np.clip(minute / incident.minutes, 0.0, 1.0)) * incident.share
        broken = np.array([{502: 0.6, 504: 0.4}.get(code, 0.0) for code in codes])
        row = list(ISPS).index(incident.isp)
        shares[row] = shares[row] * (1.0 - bump) + broken[:, None] * bump
    return tuple(codes), shares
