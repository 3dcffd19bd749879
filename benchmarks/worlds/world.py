"""One seed makes one world: everything that will happen in it, as data.

What happens is done in play.py. A seed makes the same world in every run of one version.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from resources.api.catalog import DAILY, DATASETS, ENDPOINTS
from resources.simulator import Account, AnswerOptions

BEGIN = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
FIRST_DAY, LAST_DAY = "2026-11-19", "2026-11-21"
NAMES = [dataset.name for dataset in DAILY]
ACTIONS = sorted({dataset.endpoint.action for dataset in DAILY})
RANKING = "DescribeLiveTopPlayData"
DIVISIBLE = [action for action in ACTIONS if action != RANKING]
"""Rankings of two halves of a list are not the ranking of the whole."""

CONTRADICTED = (
    *("DescribeLiveStreamSessionData", "DescribeLiveEdgeStatData", "DescribeLiveStreamCountData"),
    *("DescribeLiveBatchStreamTrafficData", "DescribeLivePlayStatusCodeData", RANKING),
    "DescribeLivePushStreamInfoData",
)
"""Where others tell that an empty answer is false: no other dataset knows of the rest."""

WITH_WIDTH = [action for action in ACTIONS if "Aggregation" in ENDPOINTS[action].parameter]
EVENTS = ("DescribeLivePushStreamInfoData", "DescribeLiveTranscodeInfoData")

FAULTS = (
    *("throttle", "internal", "gateway", "unavailable", "timeout", "reset", "cut", "garbled"),
    *("html", "error200", "no_result", "shift", "repeat"),
)  # a row that leaves a single page with its total leaves no trace: no shrink
HOURLY = ("stream_session", "stream_session_by_domain", "source_traffic", "play_status_code")

ASKED_AGAIN_NEXT_DAY = frozenset(
    {"false-empty", "late-domains", "redirect"}
    | {"refuse-domain", "refuse-stream", "refuse-action", "deny-key"}
)
"""A suspect day, the list of domains, and what was refused: none of it is asked twice a day."""


@dataclass(frozen=True)
class Shape:
    """An account. Worlds of one shape share the answers of its simulator and one faultless run."""

    number: int
    account: Account
    options: AnswerOptions

    @property
    def toml(self) -> str:
        """Settings that are the same in all worlds of the shape: large accounts have wide slots."""
        if self.account.domains < 3:
            return ""
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
    killed_after_s: float = 0.0  # 0: it is not
    token: str = ""  # session token that it has

    def __str__(self) -> str:
        told = ["livestats", *self.words, f"at {self.now:%d %H:%M}", *self.manners]
        told += [f"read-only raw/{self.read_only}"] if self.read_only else []
        told += ["temp files vanish"] if self.removes_temp else []
        told += [f"SIGKILL after {self.killed_after_s:.2f} s"] if self.killed_after_s else []
        told += [f"settings {self.toml!r}"] if self.toml else []
        return " ".join(told)


@dataclass(frozen=True)
class WorldPlan:
    """All that a seed decides."""

    seed: int
    shape: Shape
    lasting: tuple[str, ...]
    steps: tuple[Step, ...]
    end: datetime  # of the plain backfills after the faults
    kinds: frozenset[str] = field(default_factory=frozenset)  # names of manners, for the report


Maker = Callable[[random.Random, Shape], str]


def _part(chance: random.Random, text: str) -> str:
    """The manner for ever, for some days, or for some of its calls."""
    match chance.randrange(4):
        case 0:
            day = chance.choice(("2026-11-19", "2026-11-20", "2026-11-21"))
            return f"{text}@days={day}"
        case 1:
            first = chance.randint(1, 20)
            return f"{text}@from-call={first}@until-call={first + chance.randint(0, 30)}"
    return text


def _some_action(chance: random.Random, _shape: Shape) -> str:
    return chance.choice(ACTIONS)


def _refuse_action(chance: random.Random, shape: Shape) -> str:
    status, code = chance.choice(
        [
            *(
                (403, "OperationDenied.ServiceNotOpen"),
                (403, "RequestForbidden"),
                (403, "New.Code"),
            ),
            *((400, "InvalidParam"), (404, "InvalidActionOrVersion"), (405, "MethodNotAllowed")),
        ]
    )
    body = chance.choice(("json", "json", "html"))
    action = _some_action(chance, shape)
    return _part(chance, f"refuse-action={action}@status={status}@code={code}@body={body}")


def _other_width(chance: random.Random, shape: Shape) -> str:
    """Where slots without anything are left out, an echo alone tells of another width."""
    sparse = shape.options.zeros == "omit"
    echo = "answered" if sparse else chance.choice(("asked", "answered"))
    dense = [action for action in WITH_WIDTH if action != "DescribeLivePlayStatusCodeData"]
    only = f"@action={','.join(dense)}" if echo == "asked" else ""
    return _part(chance, f"other-width=3600@asked=300@echo={echo}{only}")


def _other_window(chance: random.Random, shape: Shape) -> str:
    """Rows without a time cannot tell that they are of another day: then the echo does."""
    action = _some_action(chance, shape)
    has_times = action in (*WITH_WIDTH, *EVENTS)
    echo = chance.choice(("asked", "answered")) if has_times else "answered"
    return _part(chance, f"other-window=1@action={action}@echo={echo}")


def _short_pages(chance: random.Random, _shape: Shape) -> str:
    """Where pages are counted as asked for, no rows can be had by pages that may not be asked."""
    most, counts = chance.choice((2, 5, 100)), chance.choice(("asked", "given"))
    paged = {d.endpoint.action: d.endpoint.paging for d in DATASETS.values()}
    fits = [
        a
        for a, paging in paged.items()
        if paging and (counts == "given" or paging.smallest <= most)
    ]
    return f"short-pages={most}@counts={counts}@action={','.join(sorted(fits))}"


PASSING: dict[str, Maker] = {
    "refuse-domain": lambda c, s: _part(c, f"refuse-domain={c.choice(s.domains)}"),
    "refuse-stream": lambda c, _: _part(c, f"refuse-stream={c.choice(('01', '101', '1', 'a'))}"),
    "refuse-action": _refuse_action,
    "deny-key": lambda c, s: (
        f"deny-key={_some_action(c, s)}@code="
        + c.choice(("AccessDenied", "InvalidAccessKey", "SignatureDoesNotMatch"))
    ),
    "false-empty": lambda c, _: f"false-empty={c.choice(CONTRADICTED)}",
    "other-width": _other_width,
    "other-window": _other_window,
    "other-echo": lambda c, _: _part(
        c, f"other-echo={c.choice(('DomainList', 'Aggregation'))}@how={c.choice(('drop', 'add'))}"
    ),
    "skip-domain": lambda c, s: f"skip-domain={c.choice(s.domains)}@echo=answered",
    "quoted-numbers": lambda c, s: _part(c, f"quoted-numbers@action={_some_action(c, s)}"),
    "missing-field": lambda c, s: _part(c, f"missing-field@action={_some_action(c, s)}"),
    "moving-total": lambda c, _: _part(c, "moving-total"),
    "late-domains": lambda c, s: (
        "late-domains=" + ",".join(c.sample(s.domains, c.randint(1, max(1, len(s.domains) // 2))))
    ),
    "redirect": lambda c, _: _part(c, f"redirect={c.choice((301, 302, 307))}"),
    "proxy-login": lambda c, _: f"proxy-login@from-call={c.randint(1, 60)}",
    "html-200": lambda c, _: _part(c, "html-200"),
    "throttle-storm": lambda c, _: f"throttle-storm=1@until-call={c.randint(1, 60)}",
    "cut": lambda c, s: _part(c, f"cut@action={_some_action(c, s)}"),
    "bad-gzip": lambda c, s: _part(
        c, f"bad-gzip={c.choice(('garbage', 'cut'))}@action={_some_action(c, s)}"
    ),
    "stall": lambda c, s: f"stall=0@action={_some_action(c, s)}@until-call={c.randint(1, 9)}",
    "token-expiry": lambda c, _: f"token-expiry=new@from-call={c.randint(1, 60)}",
}
LASTING: dict[str, Maker] = {
    "list-limit": lambda c, _: (
        f"list-limit={c.choice((1, 2, 5, 20))}@parameter=DomainList,Ips"
        f"@action={','.join(DIVISIBLE)}"
    ),
    "name-case": lambda _c, _s: "name-case",
    "null-result": lambda _c, _s: "null-result",
    "new-field": lambda c, s: f"new-field=Extra@action={_some_action(c, s)}",
    "short-pages": _short_pages,
    "slow": lambda c, s: f"slow=0.02@action={_some_action(c, s)}",
    "huge-answer": lambda c, s: (
        f"huge-answer=1@packed={c.choice(('no', 'yes'))}@action={_some_action(c, s)}"
    ),
}


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
    return WorldPlan(seed, shape, kept, tuple(steps), end, frozenset(kinds))


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
        killed_after_s=chance.uniform(0.1, 5.0) if chance.random() < 0.08 else 0.0,
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
            return (chance.choice(("replay", "publish", "verify", "status")),)
    return ("backfill",)
