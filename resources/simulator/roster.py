"""Who is in the account: domains, streams, and what each stream is like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from resources.simulator.noise import key_of, uniform, uniform_index
from resources.simulator.settings import Account

APPS = ("live", "event")

HOSTILE_NAMES = (
    ("live", 'o\'brien "quoted"'),
    ("a/b", "../../etc/passwd"),
    ("live", "line\nbreak\tand tab"),
    ("live", "x'); DROP TABLE region; --"),
    ("<b>app</b>", "<script>alert(1)</script>"),
    ("live", "直播间-①-🎥"),
    ("live", "NULL"),
    ("100%", "a,b;c=d&e?f#g{h}"),
    ("live", "\u202ereversed"),
    ("live", " blanks "),
)


@dataclass(frozen=True)
class Stream:
    """One stream; its push domain and its pull domain share application and name."""

    app: str
    name: str
    key: int
    rank: int  # 0 is the most watched of its domain
    round_the_clock: bool
    trouble: str  # "", "stalls", "dips" or "drift"
    start_hour: float  # of the daily show, Asia/Shanghai
    show_hours: float
    bitrate_kbps: int
    fps: int
    resolution: str
    codec: str
    transcodes: int  # number of its transcoding presets, 0 to 3

    @property
    def share(self) -> float:
        """Weight of its audience: a few streams have most of the viewers."""
        return float((1.0 + self.rank) ** -0.9)


@dataclass(frozen=True)
class Space:
    """A domain space: one pull domain, its push domain, their streams."""

    number: int
    pull: str
    push: str
    vhost: str
    scale: float  # viewers of the whole space at its peak
    deleted: bool
    streams: tuple[Stream, ...]
    key: int

    @cached_property
    def index(self) -> dict[tuple[str, str], int]:
        """Position of a stream by application and name."""
        return {(s.app, s.name): i for i, s in enumerate(self.streams)}


_TIERS = ((1800, 25, "720P"), (2500, 25, "720P"), (4000, 30, "1080P"), (6000, 60, "1080P"))
_TROUBLES = {1: "stalls", 2: "dips", 3: "drift"}


def spaces_of(account: Account) -> tuple[Space, ...]:
    """All domain spaces of the account, the deleted ones last."""
    return tuple(_space(account, number) for number in range(account.domains + account.deleted))


def _space(account: Account, number: int) -> Space:
    key = key_of(account.seed, "space", number)
    names = [
        (APPS[i % 8 == 7], f"room-{number + 1}{i + 1:02d}")
        for i in range(account.streams_per_domain)
    ]
    if account.hostile:
        names[len(names) :] = HOSTILE_NAMES
    scale = (
        account.audience * 12_000.0 / (1.0 + number) ** 0.7 * (0.8 + 0.4 * uniform(key, "scale"))
    )
    return Space(
        number=number,
        pull=f"pull-{number + 1}.{account.zone}",
        push=f"push-{number + 1}.{account.zone}",
        vhost=f"sim-space-{number + 1}",
        scale=scale,
        deleted=number >= account.domains,
        streams=tuple(_stream(key, rank, app, name) for rank, (app, name) in enumerate(names)),
        key=key,
    )


def _stream(space: int, rank: int, app: str, name: str) -> Stream:
    key = key_of(space, app, name)
    bitrate, fps, resolution = _TIERS[uniform_index(len(_TIERS), key, "tier")]
    return Stream(
        app=app,
        name=name,
        key=key,
        rank=rank,
        round_the_clock=rank % 5 == 0,
        trouble=_TROUBLES.get(rank % 7, "") if uniform(key, "trouble") < 0.6 else "",
        # Shows of the evening: some start so late that they run past midnight.
        start_hour=(9.0, 14.0, 19.0, 20.0, 22.5)[rank % 5] + 0.5 * uniform(key, "hour"),
        show_hours=2.0 + 4.0 * uniform(key, "length"),
        bitrate_kbps=bitrate,
        fps=fps,
        resolution=resolution,
        codec="H265" if uniform(key, "codec") < 0.3 else "H264",
        transcodes=uniform_index(4, key, "transcodes"),
    )
