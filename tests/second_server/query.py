"""What an answer is about: a window, filters and a split, free of the wire's spelling."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.second_server.atoms import ATOMS, Atom, Region
from tests.second_server.choices import Choices
from tests.second_server.times import slots


@dataclass(frozen=True)
class Query:
    """The window is [start, stop) in seconds; `stop` has the choice about EndTime in it already.

    A filter of None takes everything. `dims` are the dimensions that the rows are split by.
    now_s: data of slots that end later does not exist yet; None: everything exists.
    """

    start: int
    stop: int
    width_s: int = 300
    domains: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    carriers: tuple[str, ...] | None = None
    nodes: tuple[Region, ...] | None = None
    clients: tuple[Region, ...] | None = None
    apps: tuple[str, ...] | None = None
    streams: tuple[str, ...] | None = None
    dims: tuple[str, ...] = ()
    options: dict[str, object] = field(default_factory=dict)
    now_s: int | None = None
    choices: Choices = field(default_factory=Choices)

    def slots(self) -> list[int]:
        """The starts of the slots that are asked for and over."""
        found = slots(self.start, self.stop, self.width_s, self.choices.day_start)
        if self.choices.unaligned_start == "next":
            found = [at for at in found if at >= self.start]
        if self.now_s is None:
            return found
        return [at for at in found if at + self.width_s <= self.now_s]

    def takes_stream(self, app: str, stream: str) -> bool:
        """Whether the filters on App and Stream take this one."""
        return (self.apps is None or app in self.apps) and (
            self.streams is None or stream in self.streams
        )

    def takes_domain(self, domain: str) -> bool:
        """Whether the filter on the domain takes this one."""
        return self.domains is None or domain in self.domains

    def atoms(self) -> list[Atom]:
        """The parts of the usage that the filters take."""
        return [atom for atom in ATOMS if self._takes(atom)]

    def _takes(self, atom: Atom) -> bool:
        return (
            self.takes_domain(atom.domain)
            and self.takes_stream(atom.stream.app, atom.stream.name)
            and (self.protocols is None or bool(set(self.protocols) & set(atom.protocols)))
            and (self.carriers is None or atom.carrier in self.carriers)
            and _in(atom.node, self.nodes)
            and _in(atom.client, self.clients)
        )

    def groups(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        """Atoms (their numbers) by the values of the split's dimensions, in the order of `dims`.

        A part that belongs to several protocols counts for each of those that are asked for, so
        the sum over protocols exceeds the total. Provinces exist only in China.
        """
        found: dict[tuple[str, ...], list[int]] = {}
        for atom in self.atoms():
            keys: list[tuple[str, ...]] = [()]
            for dim in self.dims:
                keys = [(*key, value) for key in keys for value in self._values(atom, dim)]
            for key in keys:
                found.setdefault(key, []).append(atom.number)
        return {key: tuple(found[key]) for key in sorted(found)}

    def _values(self, atom: Atom, dim: str) -> list[str]:
        if dim == "Protocol":
            return [p for p in atom.protocols if self.protocols is None or p in self.protocols]
        if dim == "Domain":
            return [atom.domain]
        if dim == "ISP":
            return [atom.carrier]
        region = atom.client if dim.startswith("User") else atom.node
        value = region[("Area", "Country", "Province").index(dim.removeprefix("User"))]
        return [value] if value else []


def _in(region: Region, wanted: tuple[Region, ...] | None) -> bool:
    """Whether a region lies in one of the wanted ones; "" in a wanted one takes all below it."""
    if wanted is None:
        return True
    return any(all(not w or w == r for w, r in zip(one, region, strict=True)) for one in wanted)
