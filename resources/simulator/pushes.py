"""Push sessions: who pushed when, from where, and why it ended.

A daily show may run past midnight and may break into several pushes; a stream that runs round the
clock is pushed for some days at a time. Everything follows from the day on which it begins.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from resources.simulator.noise import key_of, uniform, uniform_index
from resources.simulator.places import client_address, isp_of, server_address
from resources.simulator.roster import Space, Stream

DAY_S = 86_400
SHANGHAI_S = 8 * 3600
LONGEST_DAYS = 7  # no push is longer

ENDED = ("主播正常下播", "推流端主动断开")
BROKEN = ("网络超时", "客户端异常断开", "服务端连接重置", "推流数据中断超过 30 秒")


def day_of(second: int) -> int:
    """Number of the calendar day in Asia/Shanghai that holds a Unix time."""
    return (second + SHANGHAI_S) // DAY_S


def day_start(day: int) -> int:
    """Unix time at which a day of `day_of` begins."""
    return day * DAY_S - SHANGHAI_S


@dataclass(frozen=True, slots=True)
class Push:
    """One push session, [start, end) in whole Unix seconds."""

    stream: int  # position in Space.streams
    start: int
    end: int
    id: str
    address: str
    isp: str
    server: str
    reason: str
    first_frame_ms: int
    key: int


class Pushes:
    """All push sessions of an account, by the day on which they were planned."""

    def __init__(self) -> None:
        self._days: dict[tuple[int, int], tuple[Push, ...]] = {}
        self._lock = threading.Lock()

    def between(self, space: Space, start: int, end: int) -> list[Push]:
        """Pushes that overlap [start, end), by stream and time."""
        days = range(day_of(start) - LONGEST_DAYS, day_of(end - 1) + 1)
        found = [
            push
            for day in days
            for push in self._of_day(space, day)
            if push.start < end and push.end > start
        ]
        return sorted(found, key=lambda push: (push.stream, push.start))

    def _of_day(self, space: Space, day: int) -> tuple[Push, ...]:
        key = (space.number, day)
        with self._lock:
            if key in self._days:
                return self._days[key]
        made = tuple(
            push
            for position, stream in enumerate(space.streams)
            for start, end in _shows(stream, day)
            for push in _split_show(stream, position, start, end)
        )
        with self._lock:
            if len(self._days) > 4000:  # bounded: a year of ten domains
                self._days.clear()
            self._days[key] = made
        return made


def _shows(stream: Stream, day: int) -> Iterator[tuple[int, int]]:
    """When the stream is live, for what begins on that day."""
    if stream.round_the_clock:
        length = 3 + stream.key % 4
        block, rest = divmod(day + stream.key % 97, length)
        if rest == 0:
            start = day_start(day) + _restart(stream, block)
            yield start, day_start(day + length) + _restart(stream, block + 1) - 45
        return
    if uniform(stream.key, "off", day) < 0.08:
        return
    start = day_start(day) + int(
        stream.start_hour * 3600 + 1200 * (uniform(stream.key, "late", day) - 0.5)
    )
    weekend = 1.25 if (day + 3) % 7 >= 5 else 1.0  # day 0 was a Thursday
    hours = stream.show_hours * weekend * (0.8 + 0.4 * uniform(stream.key, "length", day))
    yield start, start + int(hours * 3600)


def _restart(stream: Stream, block: int) -> int:
    """When a stream that runs round the clock is started anew: early in the morning."""
    return 4 * 3600 + uniform_index(3600, stream.key, "restart", block)


def _split_show(stream: Stream, position: int, start: int, end: int) -> Iterator[Push]:
    breaks = uniform_index(3, stream.key, "breaks", start)
    if stream.trouble == "stalls":
        breaks += 2 + uniform_index(4, stream.key, "stalls", start)
    room = (end - start) // (breaks + 1)
    began = start
    for number in range(breaks + 1):
        last = number == breaks
        key = key_of(stream.key, began)
        stop = (
            end if last else start + number * room + int(room * (0.6 + 0.39 * uniform(key, "at")))
        )
        reasons = ENDED if last and not stream.round_the_clock else BROKEN
        address = client_address(stream.key, began // (30 * DAY_S))
        yield Push(
            stream=position,
            start=began,
            end=stop,
            id=f"{key:016x}{stream.key & 0xFFFFFFFF:08x}",
            address=address,
            isp=isp_of(address),
            server=server_address(key),
            reason=reasons[uniform_index(len(reasons), key, "reason")],
            first_frame_ms=120 + uniform_index(400, key, "first frame"),
            key=key,
        )
        began = stop + 5 + uniform_index(55, key, "gap")
