"""The manners of a world: how one is drawn, and which combinations are left out because nobody could tell.

Left out, each because no program could tell from the answers:

- `list-limit` of rankings and of actions with account-wide figures: those of two halves of a list are
  not those of the whole, so such days cannot be had.
- `null-result` of actions whose documented types do not let Result be null: it is refused.
- `false-empty` with nothing: only of datasets that others contradict; of the rest nobody knows. A
  green day of that dataset may be empty until it is asked again, as a whole or of the domains that were
  asked apart (a supplement, a domain that was refused later). At the end it may not; where it is empty
  of some domains, a `backfill --force` comes first.
- `missing-field` where the vendor's types let the field be missing: it is NULL, as where it is missing
  for good. Treated as the next two.
- `false-empty` with zeros, `missing-slots`: well-formed answers without a mistake in themselves. They
  are told as disagreements, not as states, and go away when the day is asked again, as the schedule
  does with young ones: so such a world ends with a `backfill --force`, and until then what is green
  may be wrong in that dataset.
- `other-width` that echoes what was asked: where slots without anything are left out, and of status
  codes, which are always so, wide slots look like quiet times.
- `other-window` that echoes what was asked, or of actions that echo no window (closed streams): rows
  without a time do not tell of which day they are, nor does a list of pushes that all go on into the day
  that was asked about, nor an empty one.
- `skip-domain` that echoes what was asked: it looks like a domain without traffic.
- `short-pages` that counts pages as asked for, below the fewest rows that a page may be asked for.
- `doubled-key` of datasets whose key cannot come twice: such an answer is refused as long as it lasts.
- the fault `shrink`: a row that leaves a single page together with its total leaves no trace.
- rows of push domains where pull domains have figures, and the other way round: while none of its side
  is known (`late-domains`), a dataset asks about the other, which may be answered with zeros.
- `growing-files`, and those of downloads: worlds keep the list of log files, not the files.
- figures of carriers that no list names yet (`late-carriers`): until then the days are green.
- figures of domains that were created later (`new-domains`), for the days before: asking is optional.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from benchmarks.offered import DAILY, DATASETS
from resources.api.catalog import ENDPOINTS
from resources.api.catalog.model import ColumnType, Scope

if TYPE_CHECKING:
    from benchmarks.worlds.world import Shape

NAMES = [dataset.name for dataset in DAILY]
ACTIONS = sorted({dataset.endpoint.action for dataset in DAILY})
RANKING = "DescribeLiveTopPlayData"
_OF_THE_ACCOUNT = {d.endpoint.action for d in DAILY if d.scope is Scope.ACCOUNT}
DIVISIBLE = [action for action in ACTIONS if action not in {RANKING, *_OF_THE_ACCOUNT}]
"""Rankings and account-wide figures of two halves of a list are not those of the whole."""

NULLABLE = [name for name in ACTIONS if ENDPOINTS[name].null_result]
"""Of the rest nothing says that a Result may be null, so it is no answer."""

CONTRADICTED = (
    *("DescribeLiveStreamSessionData", "DescribeLiveEdgeStatData", "DescribeLiveStreamCountData"),
    *("DescribeLiveBatchStreamTrafficData", "DescribeLivePlayStatusCodeData", RANKING),
    "DescribeLivePushStreamInfoData",
)
"""Where others tell that an empty answer is false: no other dataset knows of the rest."""

ZEROED = CONTRADICTED[:2] + CONTRADICTED[3:5]
"""Whose rows are numbers beside their keys."""

WITH_WIDTH = [action for action in ACTIONS if "Aggregation" in ENDPOINTS[action].parameter]

OPTIONAL_NUMBERS = frozenset(
    action
    for action in ACTIONS
    for layout in (ENDPOINTS[action].rows, ENDPOINTS[action].split_rows)
    if layout is not None
    for field in layout.levels[-1].fields
    if field.kind in (ColumnType.INTEGER, ColumnType.FLOAT) and not field.required
)
"""Actions with rows in which a number may be missing."""

FAULTS = (
    *("throttle", "internal", "gateway", "unavailable", "timeout", "reset", "cut", "garbled"),
    *("html", "error200", "no_result", "shift", "repeat"),
)  # a row that leaves a single page with its total leaves no trace: no shrink
ASKED_AGAIN_NEXT_DAY = frozenset(
    {"false-empty", "other-width", "late-domains", "late-carriers", "late-regions", "redirect"}
    | {"refuse-domain", "refuse-stream", "refuse-action", "deny-key"}
)
"""A suspect day, lists of domains and carriers, and what was refused: none is asked twice a day."""

NEW_SINCE = datetime.fromisoformat("2026-11-20T18:00:00+08:00")
"""When new domains were created: on the second day."""

TRUTHS = frozenset({"doubled-key", "new-domains"})
"""Manners that are no fault but another account: the faultless run has them too."""


Maker = Callable[[random.Random, "Shape"], str]


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
    """Rows without a slot cannot tell that they are of another day: then the echo does."""
    action = _some_action(chance, shape)
    while action not in WITH_WIDTH and not _echoes_its_window(action):
        action = _some_action(chance, shape)
    has_times = action in WITH_WIDTH
    echo = chance.choice(("asked", "answered")) if has_times else "answered"
    return _part(chance, f"other-window=1@action={action}@echo={echo}")


def _echoes_its_window(action: str) -> bool:
    endpoint = ENDPOINTS[action]
    times = [name for name in endpoint.times if name in endpoint.parameter]
    return all(endpoint.parameter[name].echoed for name in times)


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


def _false_empty(chance: random.Random, _shape: Shape) -> str:
    if chance.randrange(2):
        return f"false-empty={chance.choice(ZEROED)}@how=zeros"
    return f"false-empty={chance.choice(CONTRADICTED)}"


def _missing_slots(chance: random.Random, _shape: Shape) -> str:
    text = f"missing-slots={chance.choice((1, 12, 100))}@action={chance.choice(WITH_WIDTH)}"
    return _part(chance, text)


def _doubled_key(chance: random.Random, _shape: Shape) -> str:
    actions = ("DescribeLivePushStreamInfoData", "ListDomainDetail")
    some = chance.sample(actions, chance.choice((1, 1, 2)))
    kind = chance.choice(("other", "equal"))
    return f"doubled-key={chance.randint(1, 3)}@kind={kind}@action={','.join(sorted(some))}"


def _new_domains(chance: random.Random, shape: Shape) -> str:
    some = chance.sample(shape.domains, chance.randint(1, max(1, len(shape.domains) // 2)))
    return f"new-domains={','.join(some)}@created={NEW_SINCE.isoformat()}"


PASSING: dict[str, Maker] = {
    "refuse-domain": lambda c, s: _part(c, f"refuse-domain={c.choice(s.domains)}"),
    "refuse-stream": lambda c, _: _part(c, f"refuse-stream={c.choice(('01', '101', '1', 'a'))}"),
    "refuse-action": _refuse_action,
    "deny-key": lambda c, s: (
        f"deny-key={_some_action(c, s)}@code="
        + c.choice(("AccessDenied", "InvalidAccessKey", "SignatureDoesNotMatch"))
    ),
    "false-empty": _false_empty,
    "missing-slots": _missing_slots,
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
    "late-carriers": lambda c, _: f"late-carriers={c.randint(1, 6)}",
    "late-regions": lambda c, _: f"late-regions={c.randint(1, 3)}",
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
    "null-result": lambda _c, _s: f"null-result@action={','.join(NULLABLE)}",
    "new-field": lambda c, s: f"new-field=Extra@action={_some_action(c, s)}",
    "short-pages": _short_pages,
    "doubled-key": _doubled_key,
    "new-domains": _new_domains,
    "slow": lambda c, s: f"slow=0.02@action={_some_action(c, s)}",
    "huge-answer": lambda c, s: (
        f"huge-answer=1@packed={c.choice(('no', 'yes'))}@action={_some_action(c, s)}"
    ),
}
