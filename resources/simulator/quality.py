"""Stream health: samples every 5 seconds of a push, folded into the slots of an answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resources.simulator.noise import Floats, Ints, smooth_curve, uniform_grid
from resources.simulator.pushes import Push
from resources.simulator.roster import Stream

SAMPLE_S = 5
LAST_VALUE = ("VideoPts", "AudioPts")
"""Fields of which a slot gives the last sample; of the others its maximum or average."""


@dataclass(frozen=True)
class Samples:
    """Field -> one value per sample; `at` are the samples' starts in Unix seconds."""

    at: Ints
    fields: dict[str, Floats]

    def fold(self, bucket: int, how: str) -> tuple[Ints, dict[str, Floats]]:
        """Slot starts that have samples, and field -> one value per slot."""
        slot = self.at // bucket
        first = np.flatnonzero(np.diff(slot, prepend=slot[:1] - 1))
        if not len(first):
            return slot, dict(self.fields)
        last = np.append(first[1:], len(slot)) - 1
        count = last - first + 1
        folded = {}
        for name, values in self.fields.items():
            if name in LAST_VALUE:
                folded[name] = values[last]
            elif how == "max":
                folded[name] = np.maximum.reduceat(values, first)
            else:
                folded[name] = np.round(np.add.reduceat(values, first) / count, 2)
        return slot[first] * bucket, folded


def samples(stream: Stream, push: Push, start: int, end: int, at_origin: bool) -> Samples:
    """The samples of one push that start in [start, end) and inside the push."""
    begin, stop = max(start, push.start), min(end, push.end)
    tick = np.arange(-(-begin // SAMPLE_S), -(-stop // SAMPLE_S), dtype=np.int64)
    at = tick * SAMPLE_S
    key = stream.key + (1 if at_origin else 0)  # origins see the same stream a little differently
    noise = [uniform_grid(key + 10 * n & 0xFFFFFFFFFFFFFFFF, tick) for n in range(5)]
    slow = smooth_curve(stream.key, tick, 360)
    bitrate = stream.bitrate_kbps * (0.86 + 0.1 * slow + 0.1 * (noise[0] - 0.5))
    framerate = stream.fps * (0.985 + 0.015 * noise[1])
    video_gap = 1000.0 / stream.fps * (1.0 + 0.5 * noise[2])
    stalled = _stalled(stream, tick)
    framerate[stalled] *= 0.25
    video_gap[stalled] = 800.0 + 3000.0 * noise[2][stalled]
    bitrate[stalled] *= 0.4
    if stream.trouble == "dips":
        bitrate *= np.where(smooth_curve(stream.key + 7, tick, 120) < 0.3, 0.35, 1.0)
    drift = 12.0 + 20.0 * noise[3]
    if stream.trouble == "drift":
        drift += np.minimum(0.05 * (at - push.start), 5000.0)
    video_pts = (np.minimum(at + SAMPLE_S, push.end) - push.start) * 1000.0
    drift = np.round(drift, 2)
    fields = {
        "Bitrate": np.round(bitrate, 2),
        "AudioBitrate": np.round(128.0 + 4.0 * (noise[4] - 0.5), 2),
        "Framerate": np.round(framerate, 2),
        "AudioFramerate": np.round(np.where(stalled, 20.0, 46.0) + noise[4], 2),
        "VideoFrameGap": np.round(video_gap, 2),
        "AudioFrameGap": np.round(21.0 + 3.0 * noise[1] + np.where(stalled, 400.0, 0.0), 2),
        "PtsDelta": drift,
        "VideoPts": video_pts,
        "AudioPts": np.maximum(np.round(video_pts - drift, 2), 0.0),
    }
    return Samples(at, fields)


def _stalled(stream: Stream, tick: Ints) -> NDArray[np.bool_]:
    if stream.trouble != "stalls":
        return np.zeros(len(tick), dtype=bool)
    bad_minutes = smooth_curve(stream.key + 3, tick, 24) > 0.78
    return np.asarray(bad_minutes & (uniform_grid(stream.key + 4, tick) < 0.5))


def concatenate(parts: list[Samples]) -> Samples:
    """The samples of several pushes of one stream, in time order."""
    names = parts[0].fields
    return Samples(
        np.concatenate([p.at for p in parts]),
        {name: np.concatenate([p.fields[name] for p in parts]) for name in names},
    )
