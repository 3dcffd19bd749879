"""Numbers that look random and depend on nothing but their coordinates.

There is no generator with a state anywhere in the simulator: a value is a hash of the seed, the
thing and the time, so any request finds the same numbers in any order.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


def key_of(*parts: object) -> int:
    """64 bits that stand for a thing, e.g. `key_of(seed, "audience", "pull-1.sim.example")`."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(*parts: object) -> float:
    """One number in [0, 1)."""
    return (key_of(*parts) >> 11) / 2.0**53


def uniform_index(count: int, *parts: object) -> int:
    """One of 0 .. count - 1."""
    return int(uniform(*parts) * count)


def uniform_grid(keys: NDArray[np.uint64] | int, at: NDArray[Any]) -> Floats:
    """Numbers in [0, 1): one for each key (rows) and each integer of `at` (columns).

    A single key gives one row without the outer dimension. SplitMix64, vectorised.
    """
    key = np.asarray(keys, dtype=np.uint64)
    if key.ndim:
        key = key[:, None]
    with np.errstate(over="ignore"):  # arithmetic modulo 2**64 is the point
        z = key + at.astype(np.int64).view(np.uint64) * _STEP + _STEP
        z = (z ^ (z >> _S30)) * _MIX_1
        z = (z ^ (z >> _S27)) * _MIX_2
        z = z ^ (z >> _S31)
    return np.asarray((z >> _S11).astype(np.float64) / 2.0**53)


def smooth_curve(keys: NDArray[np.uint64] | int, at: NDArray[Any], every: int) -> Floats:
    """A smooth curve in [0, 1) through a new value at each multiple of `every`."""
    knot, rest = np.divmod(at.astype(np.int64), every)
    first, then = np.unique(knot, return_inverse=True)
    here, there = uniform_grid(keys, first), uniform_grid(keys, first + 1)
    share = rest / every
    ease = share * share * (3.0 - 2.0 * share)
    return np.asarray(here[..., then] * (1.0 - ease) + there[..., then] * ease)
