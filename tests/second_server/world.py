"""Who streams what and when: domains, streams, carriers, regions, pushes, tasks.

Everything follows from the calendar day (in Shanghai) by a fixed rule, so that any day can be asked.
All pushes start and end at a multiple of 5 s, the narrowest slot of the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tests.second_server.times import day_start_s, shanghai_day

HOUR_S = 3600
CARRIERS = {"telecom": "China Telecom", "unicom": "China Unicom"}
BEIJING = ("CN", "CN", "Beijing")
GUANGDONG = ("CN", "CN", "Guangdong")
SINGAPORE = ("AP", "SG", "")
REGIONS = (BEIJING, GUANGDONG, SINGAPORE)
AREA_NAMES = {"CN": "Chinese mainland", "AP": "Asia Pacific"}
COUNTRY_NAMES = {"CN": "China", "SG": "Singapore"}

PUSH_ONE, PUSH_TWO = "push-one.example.com", "push-two.example.com"
PULL_ONE, PULL_TWO = "pull-one.example.com", "pull-two.example.com"
PULL_OLD = "pull-old.example.com"
VHOST_ONE, VHOST_TWO = "space-one", "space-two"


@dataclass(frozen=True)
class Domain:
    """A domain of the account; status 3 is deleted, its statistics stay."""

    name: str
    vhost: str
    kind: str
    status: int
    push_domain: str
    created: str


DOMAINS = (
    Domain(PUSH_ONE, VHOST_ONE, "push", 0, "", "2024-01-10T02:00:00Z"),
    Domain(PULL_ONE, VHOST_ONE, "pull", 0, PUSH_ONE, "2024-01-10T02:05:00Z"),
    Domain(PUSH_TWO, VHOST_TWO, "push", 0, "", "2024-03-01T16:30:00Z"),
    Domain(PULL_TWO, VHOST_TWO, "pull", 0, PUSH_TWO, "2024-03-01T16:31:00Z"),
    Domain(PULL_OLD, VHOST_TWO, "pull", 3, PUSH_TWO, "2023-11-20T09:00:00Z"),
)


@dataclass(frozen=True)
class Preset:
    """How a stream is transcoded."""

    suffix: str
    codec: str
    resolution: str
    rate_kbps: int


@dataclass(frozen=True)
class Stream:
    """A stream: where it comes in, where it is watched, and its plan of a day in hours of Shanghai.

    source is "push", "relay" (pulled from elsewhere) or "" (only watched, a rest of old days).
    """

    number: int
    push_domain: str
    pull_domain: str
    app: str
    name: str
    source: str
    carrier: str
    region: tuple[str, str, str]
    plan_h: tuple[tuple[float, float], ...]
    protocols: tuple[tuple[str, ...], ...]
    presets: tuple[Preset, ...] = ()
    recorded: bool = False
    snapshots: bool = False

    @property
    def vhost(self) -> str:
        """The space that the stream's domains belong to."""
        return next(d.vhost for d in DOMAINS if d.name == self.pull_domain)


_HD = Preset("_hd", "Normal_H264", "720P", 1500)
_SD = Preset("_sd", "ByteHD_H265", "480P", 800)
_AUDIO = Preset("_audio", "Audio", "0P", 64)
_FLV, _FLV_QUIC, _HLS, _RTMP = ("HTTP-FLV",), ("HTTP-FLV", "QUIC"), ("HTTP-HLS",), ("RTMP",)

STREAMS = (
    Stream(0, PUSH_ONE, PULL_ONE, "live", "alpha", "push", "telecom", BEIJING,
           ((9.0, 15.5), (16.0, 25.5)), (_FLV, _FLV_QUIC), (_HD, _SD), True),
    Stream(1, PUSH_ONE, PULL_ONE, "live", "beta-2.x", "push", "unicom", GUANGDONG,
           ((8.0, 23.75),), (_HLS, _RTMP), (), False, True),
    Stream(2, PUSH_ONE, PULL_ONE, "shop", "gamma", "push", "telecom", GUANGDONG,
           ((2.0, 6.0), (19.5, 23.0)), (_FLV, _HLS), (_AUDIO,)),
    Stream(3, PUSH_TWO, PULL_TWO, "live", "delta", "push", "unicom", SINGAPORE,
           ((18.0, 27.0),), (_FLV, _RTMP), (_HD,), True, True),
    Stream(4, PUSH_TWO, PULL_TWO, "live", "epsilon", "relay", "telecom", BEIJING,
           ((7.0, 11.0), (12.0, 21.0)), (_FLV_QUIC, _HLS)),
    Stream(5, "", PULL_OLD, "live", "rerun", "", "telecom", BEIJING,
           ((13.0, 14.5),), (_FLV, _HLS)),
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A stretch of time [start, end) of a stream, a task or a relay."""

    start: int
    end: int

    def cut(self, start: int, stop: int) -> int:
        """Seconds inside [start, stop), counted in steps of 5 s by their start."""
        first = max(self.start, -(-start // 5) * 5)
        last = min(self.end, -(-stop // 5) * 5)
        return max(0, last - first)


@lru_cache(maxsize=100_000)
def spans_of_day(
    number: int, plan_h: tuple[tuple[float, float], ...], day: int
) -> tuple[Span, ...]:
    """The spans that begin on that day; each day shifts them by up to 5 min."""
    found = []
    for part, (begin_h, end_h) in enumerate(plan_h):
        shift = 5 * ((number * 31 + day * 17 + part * 7) % 60)
        at = day_start_s(day) + shift
        found.append(Span(at + int(begin_h * HOUR_S), at + int(end_h * HOUR_S)))
    return tuple(found)


def spans(stream: Stream, start: int, stop: int) -> list[Span]:
    """The stream's spans that overlap [start, stop), in order."""
    found: list[Span] = []
    for day in range(shanghai_day(start) - 1, shanghai_day(stop) + 1):
        found += spans_of_day(stream.number, stream.plan_h, day)
    return [span for span in found if span.start < stop and span.end > start]


def is_on(stream: Stream, at: int) -> bool:
    """Whether the stream is running at that instant."""
    return bool(spans(stream, at, at + 1))


@dataclass(frozen=True)
class Relay:
    """A pull-to-push task group and the stream that it relays."""

    number: int
    group: str
    stream: Stream
    plan_h: tuple[tuple[float, float], ...]
    rate_mbps: float

    def spans(self, start: int, stop: int) -> list[Span]:
        """The spans of the relay that overlap [start, stop)."""
        found: list[Span] = []
        for day in range(shanghai_day(start) - 1, shanghai_day(stop) + 1):
            found += spans_of_day(50 + self.number, self.plan_h, day)
        return [span for span in found if span.start < stop and span.end > start]


RELAYS = (
    Relay(0, "group-a", STREAMS[0], ((10.0, 14.0),), 3.2),
    Relay(1, "group-b", STREAMS[3], ((20.0, 26.0),), 2.4),
)


def pushed() -> list[Stream]:
    """The streams that come in by a push."""
    return [stream for stream in STREAMS if stream.source == "push"]


def usage_domain(stream: Stream, choice: str) -> str:
    """The domain that the stream's transcoding, recordings and snapshots are counted on."""
    return stream.push_domain if choice == "push" and stream.push_domain else stream.pull_domain
