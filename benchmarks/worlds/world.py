"""One seed makes one world: everything that will happen in it, as data.

What happens is done in play.py. A seed makes the same world in every run of one version. Which
manners there are, and what is left out, is in manners.py.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from benchmarks.worlds.manners import (
    ASKED_AGAIN_NEXT_DAY,
    FAULTS,
    LASTING,
    NAMES,
    OPTIONAL_NUMBERS,
    PASSING,
    TRUTHS,
    Maker,
)
from resources.simulator import Account, AnswerOptions

KILLED = 0.22
"""Share of the steps that are to be killed; some end before."""

BEGIN = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
FIRST_DAY, LAST_DAY = "2026-11-19", "2026-11-21"
HOURLY = ("source_traffic", "play_status_code")


MINUTES = "[dataset.source_traffic]\nbucket_seconds = 60\n"


@dataclass(frozen=True)
class Shape:
    """An account. Worlds of one shape share the answers of its simulator and one faultless run."""

    number: int
    account: Account
    options: AnswerOptions

    @property
    def toml(self) -> str:
        """Settings that are the same in all worlds of the shape.

        Large accounts have wide slots; some of the others a dataset that takes several windows a day.
        """
        if self.account.domains < 3:
            return MINUTES if self.number % 2 else ""
        return "".join(f"[dataset.{name}]\nbucket_seconds = 3600\n" for name in HOURLY)

    @property
    def domains(self) -> list[str]:
        """Names of the pull and push domains."""
        every = range(1, self.account.domains + self.account.deleted + 1)
        return [f"{side}-{n}.sim.example" for n in every for side in ("pull", "push")]


def _shape(number: int, domains: int, streams: int, **more: object) -> Shape:
    chance = random.Random(number)
    account = Account(
        seed=number,
        domains=domains,
        streams_per_domain=streams,
        deleted=number % 2 if domains < 10 else 0,
        audience=0.01,
        hostile=number == 3,
    )
    options = AnswerOptions(
        offset=chance.choice(("+08:00", "Z")),
        zeros="omit" if domains > 2 or number % 2 else "send",
        empty=chance.choice(("list", "null", "absent")),
        **more,
    )
    return Shape(number, account, options)


SHAPES = [
    _shape(number, domains, streams)
    for number, (domains, streams) in enumerate(
        [(1, 1), (1, 2), (1, 3), (1, 1), (2, 1), (2, 2), (3, 1), (4, 1), (8, 1), (15, 1)]
    )
]
WEIGHTS = [5, 5, 4, 2, 5, 4, 3, 2, 1, 1]


@dataclass(frozen=True)
class Step:
    """One command, and what goes on while it runs."""

    words: tuple[str, ...]
    now: datetime
    manners: tuple[str, ...] = ()
    toml: str = ""  # beside the shape's
    read_only: str = ""  # a dataset whose folder in raw/ cannot be written
    removes_temp: bool = False  # half-made files vanish while it runs
    killed_at: float = 0.0  # share of the CPU of a whole backfill; 0: it is not killed
    token: str = ""  # session token that it has

    def __str__(self) -> str:
        told = ["livestats", *self.words, f"at {self.now:%d %H:%M}", *self.manners]
        told += [f"read-only raw/{self.read_only}"] if self.read_only else []
        told += ["temp files vanish"] if self.removes_temp else []
        told += [f"SIGKILL at {self.killed_at:.0%}"] if self.killed_at else []
        told += [f"settings {self.toml!r}"] if self.toml else []
        return " ".join(told)

    @property
    def kinds(self) -> list[str]:
        """Names of its manners."""
        return [kind_of(manner) for manner in self.manners]


def kind_of(manner: str) -> str:
    """The name of a manner."""
    return re.split("[=@]", manner)[0]


@dataclass(frozen=True)
class WorldPlan:
    """All that a seed decides."""

    seed: int
    shape: Shape
    lasting: tuple[str, ...]
    steps: tuple[Step, ...]
    end: datetime  # of the plain backfills after the faults

    @property
    def truth(self) -> tuple[str, ...]:
        """Manners that are another account, rather than a fault of the same."""
        return tuple(manner for manner in self.lasting if kind_of(manner) in TRUTHS)

    @property
    def hides_domains(self) -> bool:
        """Whether domains are seen late."""
        return any(kind_of(manner) == "late-domains" for manner in self._passing)

    @property
    def hides_carriers(self) -> bool:
        """Whether carriers are seen late."""
        return any(kind_of(manner) == "late-carriers" for manner in self._passing)

    @property
    def emptied(self) -> frozenset[str]:
        """Actions that answer nothing though there is something, which only others contradict."""
        texts = [m for m in self._passing if kind_of(m) == "false-empty" and "how=zeros" not in m]
        return frozenset(text.split("=")[1] for text in texts)

    @property
    def falsified(self) -> frozenset[str]:
        """Actions with well-formed answers that are wrong: complete days must be asked again."""
        zeroed = [m.split("=")[1].split("@")[0] for m in self._passing if "how=zeros" in m]
        cut = [m for m in self._passing if kind_of(m) in ("missing-slots", "missing-field")]
        asked = [(kind_of(m), m.split("@action=")[1].split("@")[0]) for m in cut]
        wrong = [a for kind, a in asked if kind == "missing-slots" or a in OPTIONAL_NUMBERS]
        return frozenset((*zeroed, *wrong))

    @property
    def mending(self) -> list[tuple[str, ...]]:
        """Commands after the faults, for days that are complete and wrong.

        In half of the worlds only the first day is asked again; the others are young enough to be
        asked again by themselves on the day after.
        """
        if not self.falsified:
            return []
        if self.is_reread:
            first = ("backfill", "--force", "--from", FIRST_DAY, "--to", FIRST_DAY)
            return [first, ("backfill", "--reread")]
        return [("backfill", "--force")]

    @property
    def is_reread(self) -> bool:
        """Whether wrong days are left to the re-reads of the day after."""
        return bool(self.falsified) and self.seed % 2 == 0

    @property
    def _passing(self) -> list[str]:
        return [manner for step in self.steps for manner in step.manners]

    @property
    def moments(self) -> list[list[str]]:
        """The names of the manners that there are at a time: during each step, and at the end."""
        lasting = [kind_of(manner) for manner in self.lasting]
        return [sorted({*lasting, *step.kinds}) for step in self.steps] + [lasting]

    @property
    def new_domains(self) -> frozenset[str]:
        """Domains that did not exist before NEW_SINCE."""
        texts = [m for m in self.lasting if kind_of(m) == "new-domains"]
        return frozenset(name for m in texts for name in m.split("@")[0].split("=")[1].split(","))


def world_of(seed: int, only: frozenset[str] = frozenset(), most_pairs: int = 15) -> WorldPlan:
    """The world of a seed; with `only`, the manners are drawn from these."""
    chance = random.Random(seed)
    shape = chance.choices(SHAPES, WEIGHTS)[0]
    while shape.account.domains > most_pairs:
        shape = chance.choices(SHAPES, WEIGHTS)[0]
    passing = [name for name in PASSING if not only or name in only]
    lasting = [name for name in LASTING if not only or name in only]
    kinds: set[str] = set()

    def drawn(makers: dict[str, Maker], names: list[str], count: int) -> tuple[str, ...]:
        found = chance.sample(names, min(count, len(names)))
        kinds.update(found)
        return tuple(makers[name](chance, shape) for name in found)

    kept = drawn(LASTING, lasting, chance.choices((0, 1, 2), (6, 3, 1))[0])
    now, steps = BEGIN, []
    for _ in range(chance.choices((1, 2, 3), (3, 4, 2))[0]):
        manners = drawn(PASSING, passing, chance.choices((0, 1, 2), (3, 5, 4))[0])
        step = _step(chance, shape, now, manners)
        steps.append(step)
        now += timedelta(minutes=chance.choice((1, 30, 90, 180)))
    if not any(step.words[0] == "backfill" for step in steps):
        steps[0] = replace(steps[0], words=("backfill",))
    end = now
    if ASKED_AGAIN_NEXT_DAY & kinds:
        end += timedelta(days=1)
    found = WorldPlan(seed, shape, kept, tuple(steps), end)
    if found.is_reread and end == now:
        found = replace(found, end=end + timedelta(days=1))
    return found


def _step(chance: random.Random, shape: Shape, now: datetime, manners: tuple[str, ...]) -> Step:
    """One command and the ordinary, the local and the deadly faults around it."""
    if chance.random() < 0.3:
        kind, odds = chance.choice(FAULTS), chance.choice((0.05, 0.2))
        manners += (f"fault={kind}@odds={odds}@seed={chance.randrange(1000)}@seconds=0",)
    toml = ""
    if chance.random() < 0.12 and shape.account.domains > 1:
        pairs = [f"{{}}-{n}.sim.example" for n in range(1, shape.account.domains)]
        toml = "[domains]\n" + "".join(
            f"{side} = {[name.format(side) for name in pairs]!r}\n" for side in ("pull", "push")
        )
    return Step(
        _command(chance),
        now,
        manners,
        toml,
        read_only=chance.choice(NAMES) if chance.random() < 0.1 else "",
        removes_temp=chance.random() < 0.05,
        killed_at=chance.uniform(0.02, 1.0) if chance.random() < KILLED else 0.0,
        token="old" if any(m.startswith("token-expiry") for m in manners) else "",
    )


def _command(chance: random.Random) -> tuple[str, ...]:
    match chance.randrange(10):
        case 0 | 1:
            first, last = sorted(chance.choices((FIRST_DAY, "2026-11-20", LAST_DAY), k=2))
            return ("backfill", "--from", first, "--to", last)
        case 2:
            some = chance.sample(NAMES, chance.randint(1, 4))
            return ("backfill", *(word for name in some for word in ("--dataset", name)))
        case 3:
            return ("backfill", "--force")
        case 4:
            return (chance.choice(("replay", "publish", "verify", "status")),)
    return ("backfill",)
