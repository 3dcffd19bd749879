"""The simulated account as one thing: which domains there are, and what happened on them when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from resources.simulator.audience import Audience
from resources.simulator.noise import Ints
from resources.simulator.pushes import Pushes, day_of, day_start
from resources.simulator.query import MINUTE, Query
from resources.simulator.roster import Space, spaces_of
from resources.simulator.settings import Account, LateData
from resources.simulator.usage import GroupedUsage, Labels, dimension_filters, group_day

_NOTHING_ON_PUSH = (
    "plays",
    "online",
    "addresses",
    "sightings",
    "down_kbps",
    "billed_down_kbps",
    "origin_kbps",
    "origin_requests",
)
_SAME_ON_PULL = (*_NOTHING_ON_PUSH[1:], "requests", "up_kbps", "billed_up_kbps")


@dataclass(frozen=True)
class Site:
    """One domain: the push side or the pull side of a space."""

    name: str
    space: Space
    is_push: bool


@dataclass(frozen=True)
class Series:
    """Numbers per minute from `first` (Unix seconds) on, over whole days.

    `whole` is everything that was asked for, (minutes); `groups` is (groups, minutes).
    """

    first: int
    whole: Mapping[str, Ints]
    labels: Sequence[Labels]
    groups: Mapping[str, Ints]

    def fold(self, values: Ints, slots: Ints, bucket: int, how: str) -> Ints:
        """(..., minutes) into (..., slots): the "sum" or the "max" of each slot's minutes."""
        if not len(slots):
            return values[..., :0]
        begin = int(slots[0] - self.first) // MINUTE
        each = bucket // MINUTE
        inside = values[..., begin : begin + each * len(slots)]
        cells = inside.reshape(*values.shape[:-1], len(slots), each)
        return np.asarray(cells.sum(axis=-1) if how == "sum" else cells.max(axis=-1))


class World:
    """Everything the account ever did, worked out when somebody asks."""

    def __init__(self, account: Account, late: LateData | None = None) -> None:
        self.account = account
        self.late = late
        self.spaces = spaces_of(account)
        self.pushes = Pushes()
        self.audience = Audience(self.pushes)
        self.points: dict[tuple[str, int, float], Ints] = {}  # of relayed.py: domain, day, share
        self.sites = {
            site.name: site
            for space in self.spaces
            for site in (Site(space.pull, space, False), Site(space.push, space, True))
        }

    def sites_of(self, query: Query) -> list[Site]:
        """The domains a request is about: all of the account if it names none."""
        one = query.text("Domain")
        names = list(dict.fromkeys([one] if one else query.texts("DomainList")))
        vhosts = query.texts("VhostList")
        return [
            site
            for site in (map(self.sites.__getitem__, names) if names else self.sites.values())
            if not vhosts or site.space.vhost in vhosts
        ]

    def rows_of(self, space: Space, query: Query) -> list[int]:
        """Positions of the streams that a request is about."""
        app, stream = query.text("App"), query.text("Stream")
        apps, streams = query.texts("AppList"), query.texts("StreamList")
        return [
            row
            for row, s in enumerate(space.streams)
            if (app is None or s.app == app)
            and (stream is None or s.name == stream)
            and (not apps or s.app in apps)
            and (not streams or s.name in streams)
        ]

    def day(self, site: Site, day: int, now: int) -> dict[str, Ints]:
        """The usage of one domain: quantity -> (streams, minutes), as known at `now`."""
        of_space = self.audience.day(site.space, day)
        if site.is_push:
            nothing = np.zeros_like(of_space["live"])
            values = dict.fromkeys(_NOTHING_ON_PUSH, nothing)
            values |= {
                "requests": of_space["pushes_begun"],
                "up_kbps": of_space["push_kbps"],
                "billed_up_kbps": of_space["billed_push_kbps"],
            }
        else:
            values = {name: of_space[name] for name in _SAME_ON_PULL}
            values["plays"] = of_space["requests"]  # pushes are requests as well, but no sessions
        factor = self.known_share(day, now)
        if factor == 1.0:
            return values
        return {name: (array * factor).astype(np.int64) for name, array in values.items()}

    def known_share(self, day: int, now: int) -> float:
        """How much of a day's usage is known at `now`: less than all while late data is on its way."""
        if self.late is None:
            return 1.0
        age_s = now - day_start(day + 1)
        return self.late.factor if age_s < self.late.settled_after.total_seconds() else 1.0

    def series(self, query: Query, names: Sequence[str]) -> Series:
        """Quantities per minute over the days of the window, cut as the request asks."""
        choices, quic = dimension_filters(query)
        return self.cut(
            query,
            lambda site, day: group_day(
                site.space, day, self._pooled(query, site, day, names), choices, quic
            ),
        )

    def cut(self, query: Query, of_day: Callable[[Site, int], GroupedUsage]) -> Series:
        """Days beside each other, domains added up or kept apart as the request asks."""
        days = range(day_of(query.start), day_of(max(query.start, query.end - 1)) + 1)
        by_domain = "Domain" in query.splits
        labels: list[Labels] = []
        groups: dict[str, list[Ints]] = {}
        whole: dict[str, Ints] = {}
        for site in self.sites_of(query):
            cuts = [of_day(site, day) for day in days]
            joined = {
                n: np.concatenate([c.groups[n] for c in cuts], axis=-1) for n in cuts[0].groups
            }
            for name in cuts[0].whole:
                total = np.concatenate([c.whole[name] for c in cuts], axis=-1)
                whole[name] = whole[name] + total if name in whole else total
            if by_domain:
                labels += [(("Domain", site.name), *label) for label in cuts[0].labels]
                for name, array in joined.items():
                    groups.setdefault(name, []).append(array)
            else:
                labels = list(cuts[0].labels)
                for name, array in joined.items():
                    groups[name] = [groups[name][0] + array if name in groups else array]
        stacked = {name: np.concatenate(arrays) for name, arrays in groups.items()}
        return Series(day_start(days[0]), whole, labels, stacked)

    def _pooled(self, query: Query, site: Site, day: int, names: Sequence[str]) -> dict[str, Ints]:
        rows = self.rows_of(site.space, query)
        values = self.day(site, day, query.now)
        everything = len(rows) == len(site.space.streams)
        return {n: (values[n] if everything else values[n][rows]).sum(axis=0) for n in names}

    def per_stream(self, query: Query, site: Site, names: Sequence[str]) -> dict[str, Ints]:
        """Quantity -> (streams, minutes of the window) of one domain, filters applied."""
        choices, quic = dimension_filters(query)
        grid = query.grid(MINUTE)
        if not len(grid):
            return {name: np.zeros((len(site.space.streams), 0), dtype=np.int64) for name in names}
        days = range(day_of(int(grid[0])), day_of(int(grid[-1])) + 1)
        parts = []
        for day in days:
            values = self.day(site, day, query.now)
            picked = {name: values[name] for name in names}
            parts.append(group_day(site.space, day, picked, choices, quic).whole)
        begin = int(grid[0] - day_start(days[0])) // MINUTE
        return {
            name: np.concatenate([p[name] for p in parts], axis=-1)[:, begin : begin + len(grid)]
            for name in names
        }
