"""The smallest parts of the usage: one stream, protocol, carrier, node region and client region.

Bytes are kept in units of 100, so that every minute has a whole share of its 5 minutes. A minute is
numbered within its day in Shanghai; arrays hold one value a minute (1440) or 5 minutes (288).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tests.second_server.times import DAY_S, day_start_s
from tests.second_server.world import (
    BEIJING,
    CARRIERS,
    GUANGDONG,
    SINGAPORE,
    STREAMS,
    Stream,
    pushed,
    spans,
)

Region = tuple[str, str, str]
NODE_AND_CLIENT = ((BEIJING, GUANGDONG), (GUANGDONG, BEIJING), (SINGAPORE, SINGAPORE))
_SHARE = (17, 19, 20, 21, 23)
_UNIT = 100


@dataclass(frozen=True)
class Atom:
    """A part of the usage on one domain. protocols: all the filter values that it belongs to."""

    number: int
    domain: str
    stream: Stream
    is_push: bool
    protocols: tuple[str, ...]
    carrier: str
    node: Region
    client: Region


def _all_atoms() -> tuple[Atom, ...]:
    found: list[Atom] = []
    for stream in STREAMS:
        for protocols in stream.protocols:
            for carrier in CARRIERS:
                for node, client in NODE_AND_CLIENT:
                    found.append(
                        Atom(
                            len(found),
                            stream.pull_domain,
                            stream,
                            False,
                            protocols,
                            carrier,
                            node,
                            client,
                        )
                    )
    for stream in pushed():
        found.append(
            Atom(len(found), stream.push_domain, stream, True, ("RTMP",), stream.carrier, BEIJING, stream.region)
        )  # fmt: skip
    return tuple(found)


ATOMS = _all_atoms()


def _on_minutes(stream: Stream, day: int) -> list[bool]:
    """Per 5 minutes of the day: whether the stream runs at their start."""
    begin = day_start_s(day)
    running = spans(stream, begin, begin + DAY_S)
    return [any(s.start <= t < s.end for s in running) for t in range(begin, begin + DAY_S, 300)]


@lru_cache(maxsize=20_000)
def units(number: int, day: int) -> array[int]:
    """Units of 100 bytes of an atom in each 5 minutes: pulled bytes, or pushed ones of a push."""
    atom = ATOMS[number]
    on = _on_minutes(atom.stream, day)
    values = array("q", [0]) * 288
    for slot in range(288):
        if on[slot]:
            noise = (number * 7919 + (day * 288 + slot) * 104_729) % 9973
            curve = 500 + 4 * min(slot, 400 - slot) + (day % 7) * 20
            values[slot] = (
                1_100_000 + noise if atom.is_push else (200 + 13 * (number % 37)) * curve + noise
            )
    return values


def _minutes_of(atom: Atom, day: int, measure: str) -> array[int]:
    per_slot = units(atom.number, day)
    out = array("q", [0]) * 1440
    if measure == "requests" and atom.is_push:
        begin = day_start_s(day)
        for span in spans(atom.stream, begin, begin + DAY_S):
            if begin <= span.start < begin + DAY_S:
                out[(span.start - begin) // 60] += 1
        return out
    for slot in range(288):
        if per_slot[slot]:
            for k in range(5):
                minute = 5 * slot + k
                out[minute] = _value(atom, per_slot[slot], slot, minute, measure)
    return out


def _value(atom: Atom, unit: int, slot: int, minute: int, measure: str) -> int:
    share = _SHARE[(minute + slot + atom.stream.number) % 5]
    if measure == "down":
        return 0 if atom.is_push else unit * share
    if measure == "up":
        return unit * share if atom.is_push else unit // 200 * share
    if atom.is_push:
        return 0
    if measure == "source":
        return unit // 25 * share
    viewers = 1 + unit // 100_000 + (minute * 7 + atom.number) % 3
    if measure == "online":
        return viewers
    if measure == "viewer":
        return viewers + 1 + viewers // 5
    if measure == "clientip":
        return viewers - viewers // 4
    if measure == "requests":
        return viewers // 3 + 1 + (atom.number + minute) % 2
    raise ValueError(measure)


@lru_cache(maxsize=60_000)
def atom_minutes(number: int, day: int, measure: str) -> array[int]:
    """One value a minute: bytes (down, up, source), viewers (online, viewer, clientip), requests."""
    return _minutes_of(ATOMS[number], day, measure)


@lru_cache(maxsize=20_000)
def minutes(numbers: tuple[int, ...], day: int, measure: str) -> array[int]:
    """The sum of several atoms, one value a minute."""
    if not numbers:
        return array("q", [0]) * 1440
    return array("q", map(sum, zip(*(atom_minutes(n, day, measure) for n in numbers), strict=True)))


@lru_cache(maxsize=20_000)
def billed(numbers: tuple[int, ...], day: int, way: str) -> array[int]:
    """Billed bytes of several atoms in each 5 minutes: the measured ones and 7 % on top."""
    out = array("q", [0]) * 288
    for number in numbers:
        atom = ATOMS[number]
        for slot, unit in enumerate(units(number, day)):
            if way == "down":
                base = 0 if atom.is_push else unit
            else:
                base = unit if atom.is_push else unit // 200
            out[slot] += (base + base * 7 // 100) * _UNIT
    return out


def status_counts(numbers: Sequence[int], day: int, minute: int, kind: str) -> dict[int, int]:
    """How often each status code occurred in a minute, for kind "Access" or "Source"."""
    found: dict[int, int] = {}
    for number in numbers:
        requests = atom_minutes(number, day, "requests")[minute]
        if not requests:
            continue
        for code, count in _codes(number, minute, requests, kind).items():
            if count:
                found[code] = found.get(code, 0) + count
    return found


def _codes(number: int, minute: int, requests: int, kind: str) -> dict[int, int]:
    if ATOMS[number].is_push:
        return {200: requests} if kind == "Access" else {}
    if kind == "Source":
        half = requests // 2
        missing = min(half, 1) if (minute + number) % 31 == 0 else 0
        return {200: half - missing, 404: missing}
    missing = 1 if (minute + number) % 17 == 0 else 0
    broken = 1 if requests > missing and (minute + number) % 59 == 0 else 0
    moved = (requests - missing - broken) // 4
    return {200: requests - missing - broken - moved, 302: moved, 404: missing, 502: broken}
