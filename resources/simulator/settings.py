"""What a simulated account is like, and how the simulated API answers where the real one is unclear."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from resources.api.credentials import Credentials

DEFAULT_CREDENTIALS = Credentials("AKSIMULATED", "simulated-secret-key")
"""Accepted by a simulator that is given no others; worth nothing anywhere else."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A made-up account. Equal accounts have equal numbers, on every machine and for ever."""

    seed: int = 7
    domains: int = 4  # pull domains; each has a push domain of its own beside it
    streams_per_domain: int = 5
    deleted: int = 1  # further pull domains that were deleted; their statistics remain
    hostile: bool = False  # names with quotes, slashes, line ends, SQL and HTML among the streams
    audience: float = 1.0  # factor on all viewers
    zone: str = "sim.example"  # that the names of its domains end in


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """How to answer where the documentation leaves several readings open."""

    offset: Literal["+08:00", "Z"] = "+08:00"  # of every time in an answer
    end: Literal["inclusive", "exclusive"] = "exclusive"  # whether a slot may start at EndTime
    zeros: Literal["send", "omit"] = "send"  # slots in which nothing happened
    empty: Literal["list", "null", "absent"] = "list"  # an optional list without items
    push_match: Literal["overlap", "start", "end"] = "overlap"  # which pushes a window lists
    files_at: str = "https://logs.sim.example"  # where links to log files point


@dataclass(frozen=True, kw_only=True)
class LateData:
    """Usage of young days is preliminary: too low by `factor` until the day is `settled_after` old.

    The age counts from the end of the day in Asia/Shanghai, on the simulator's clock.
    """

    settled_after: timedelta = timedelta(0)
    factor: float = 0.97


FaultKind = Literal[
    "throttle",  # 429 FlowLimitExceeded
    "internal",  # 500 InternalError
    "gateway",  # 502 with an HTML page and no envelope
    "unavailable",  # 503 ServiceUnavailableTemp
    "timeout",  # 504 InternalServiceTimeout
    "reset",  # connection reset without an answer
    "stall",  # no answer for `stall_s`, then the connection closes
    "cut",  # Content-Length promises more than is sent
    "garbled",  # some bytes of the body are wrong
    "html",  # HTTP 200 with a login page of some proxy
    "error200",  # an error inside HTTP 200
    "no_result",  # a good envelope without Result
    "drip",  # the right answer, in small pieces
    "shift",  # pages: everything has moved on by one row
    "repeat",  # pages: the rows of the page before
    "shrink",  # pages: a row has gone, and the total with it
    "token",  # InvalidSecretToken: the temporary key has expired
]


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What goes wrong. Decided by (seed, number of the request) alone, so a run can be repeated."""

    seed: int = 0
    odds: dict[FaultKind, float] = field(default_factory=dict)  # kind -> probability per request
    first: dict[str, tuple[int, FaultKind]] = field(default_factory=dict)
    """Action (or "*") -> (n, kind): the first n requests of that action fail in that way."""
    stall_s: float = 60.0
    drip_s: float = 0.01  # pause between two pieces
    retry_after_s: int | None = None  # sent with a throttling answer
