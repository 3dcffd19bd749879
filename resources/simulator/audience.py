"""Viewers, bandwidth and requests of every stream and minute, as whole numbers.

Bandwidth is counted in kbps and traffic follows from it (1 kbps for a minute is 7500 bytes), so
whatever is added up in whatever order is the same to the last byte.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from resources.simulator.noise import Floats, Ints, smooth_curve, uniform_grid, uniform_index
from resources.simulator.pushes import DAY_S, Pushes, day_start
from resources.simulator.roster import Space

MINUTES = 1440
BYTES_PER_KBPS_MINUTE = 7500

Day = Mapping[str, Ints]
"""Quantity -> (streams, minutes of the day)."""


def _billed(kbps: Ints, overhead: int) -> Ints:
    """What the bill says where the edge measured `kbps`: `overhead` thousandths more."""
    more: Ints = kbps * (1000 + overhead) // 1000
    return more


def _daily_curve() -> Floats:
    """Share of the peak audience at each minute of the day, Asia/Shanghai: noon and evening."""
    hour = np.arange(MINUTES) / 60.0
    curve = 0.10 + 0.25 * _gaussian(hour, 12.5, 1.8) + 0.85 * _gaussian(hour, 21.0, 2.4)
    return np.asarray(curve / curve.max())


def _gaussian(hour: Floats, middle: float, width: float) -> Floats:
    away = (hour - middle + 12.0) % 24.0 - 12.0
    return np.asarray(np.exp(-((away / width) ** 2) / 2.0))


DAILY_CURVE = _daily_curve()
_LIMIT = 200 * 5 * MINUTES  # cells kept: some hundred domain days of ordinary size


class Audience:
    """The usage of whole days, made on demand and kept for a while."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes
        self._kept: OrderedDict[tuple[int, int], Day] = OrderedDict()
        self._cells = 0
        self._lock = threading.Lock()

    def day(self, space: Space, day: int) -> Day:
        """All quantities of a domain space and a day of `pushes.day_of`."""
        key = (space.number, day)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._make(space, day)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._cells += made["online"].size
            while self._cells > _LIMIT and len(self._kept) > 1:
                self._cells -= self._kept.popitem(last=False)[1]["online"].size
        return made

    def _make(self, space: Space, day: int) -> Day:
        live, begun = self._live(space, day)
        keys = np.array([s.key for s in space.streams], dtype=np.uint64)
        share = np.array([s.share for s in space.streams])
        bitrate = np.array([float(s.bitrate_kbps) for s in space.streams])
        minute = np.arange(day * MINUTES, (day + 1) * MINUTES)
        swing = 0.6 + 0.8 * smooth_curve(keys, minute, 45)
        jitter = 0.97 + 0.06 * uniform_grid(keys, minute)
        weekend = 1.2 if (day + 3) % 7 >= 5 else 1.0
        peak = space.scale * share / share.sum()
        viewers = peak[:, None] * (DAILY_CURVE * weekend) * swing * jitter * live
        online = viewers.astype(np.int64)
        network = 0.82 + 0.15 * smooth_curve(keys + np.uint64(1), minute, 30)
        dipping = np.array([s.trouble == "dips" for s in space.streams])
        network[dipping] *= 0.75 + 0.25 * smooth_curve(keys[dipping] + np.uint64(2), minute, 10)
        kbps = (online * bitrate[:, None] * network).astype(np.int64)
        requests = (viewers * (0.35 + 0.3 * smooth_curve(keys + np.uint64(3), minute, 20))).astype(
            np.int64
        )
        up = (bitrate[:, None] * (0.93 + 0.07 * jitter) * live).astype(np.int64)
        overhead = 6 + uniform_index(10, space.key, "overhead", day)
        return {
            "online": online,
            "addresses": (online * 0.04 + requests * 0.25).astype(np.int64),
            "sightings": (online * 0.02 + requests * 0.15).astype(np.int64),
            "requests": requests,
            "down_kbps": kbps,
            "up_kbps": kbps // 256,  # acknowledgements and requests
            "origin_kbps": (kbps * 0.06).astype(np.int64)
            + live * bitrate.astype(np.int64)[:, None],
            "origin_requests": (requests * 0.03).astype(np.int64),
            "push_kbps": up,
            "billed_down_kbps": _billed(kbps, overhead),
            "billed_up_kbps": _billed(kbps // 256, overhead),
            "billed_push_kbps": _billed(up, overhead),
            "pushes_begun": begun,
            "live": live,
        }

    def _live(self, space: Space, day: int) -> tuple[Ints, Ints]:
        """1 for each minute in which the stream is pushed, and how many pushes begin in it."""
        start = day_start(day)
        steps = np.zeros((len(space.streams), MINUTES + 1), dtype=np.int64)
        begun = np.zeros((len(space.streams), MINUTES), dtype=np.int64)
        for push in self._pushes.between(space, start, start + DAY_S):
            steps[push.stream, max(0, (push.start - start) // 60)] += 1
            steps[push.stream, min(MINUTES, -((start - push.end) // 60))] -= 1
            if push.start >= start:
                begun[push.stream, (push.start - start) // 60] += 1
        on_air: NDArray[np.bool_] = steps.cumsum(axis=1)[:, :-1] > 0
        return on_air.astype(np.int64), begun
