"""Manners by name, and how one is written: NAME[=VALUE][@KEY=VALUE]...

What they do is in the modules beside this one.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

from resources.api.catalog import ENDPOINTS
from resources.simulator.exchange import moment
from resources.simulator.manners import figures, files, listing, refusing, wire
from resources.simulator.manners.manner import Manner
from resources.simulator.settings import FaultKind

REGISTRY: dict[str, type[Manner]] = {
    manner.name: manner
    for module in (refusing, figures, listing, wire, files)
    for manner in module.MANNERS
}

_LIMITS = tuple(field.name for field in dataclasses.fields(Manner))


def all_of(manners: Iterable[Manner | str]) -> list[Manner]:
    """Manners, those that are texts made from them."""
    return [read(manner) if isinstance(manner, str) else manner for manner in manners]


def read(text: str) -> Manner:
    """The manner that a text describes; raises ValueError with what is wrong."""
    head, *limits = re.split(r"@(?=[a-z-]+=)", text)
    name, given, value = head.partition("=")
    if name not in REGISTRY:
        raise ValueError(f"There is no manner {name!r}. {_near(name, REGISTRY)}")
    kind = REGISTRY[name]
    own = [f.name for f in dataclasses.fields(kind) if f.init and f.name not in _LIMITS]
    values: dict[str, Any] = {}
    if given and not own:
        raise ValueError(f"{name} takes no value: write it like {kind.example}.")
    if given:
        values[own[0]] = _typed(kind, own[0], value)
    for limit in limits:
        key, _, value = limit.partition("=")
        field = key.replace("-", "_")
        if field not in (*own[1:], *_LIMITS):
            known = [n.replace("_", "-") for n in (*own[1:], *_LIMITS)]
            raise ValueError(f"{name} has no limit {key!r}. {_near(key, known)}")
        values[field] = _typed(kind, field, value)
    try:
        return kind(**values)
    except TypeError:
        raise ValueError(f"{name} needs a value: write it like {kind.example}.") from None


def usage_lines() -> list[tuple[str, str]]:
    """Of each manner: an example of how it is written, and what it does."""
    return [(kind.example, (kind.__doc__ or "").strip()) for kind in REGISTRY.values()]


def _near(word: str, known: Iterable[str]) -> str:
    known = list(known)
    near = get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."


def _typed(kind: type[Manner], field: str, text: str) -> Any:
    """The value of a field; raises ValueError with what is allowed."""
    wanted = get_type_hints(kind)[field]
    options = kind.options.get(field)
    if wanted == FaultKind:
        options = get_args(FaultKind)
    if options is not None and text not in options:
        raise ValueError(f"{kind.name}: {field} {text!r} is none of {', '.join(options)}.")
    reader, form = _READERS.get(wanted, (str, "a text"))
    try:
        value = reader(text)
    except ValueError:
        named = field.replace("_", "-")
        raise ValueError(f"{kind.name}: {named} {text!r} is not {form}.") from None
    if field == "action" or (field == "which" and kind.takes_actions):
        for action in value:
            if action not in ENDPOINTS:
                raise ValueError(f"There is no action {action}. {_near(action, ENDPOINTS)}")
    return value


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _days(text: str) -> tuple[date, date]:
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last or first)


_READERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    int: (int, "a whole number"),
    float: (float, "a number"),
    tuple[str, ...]: (_names, "a list of names"),
    tuple[date, date] | None: (_days, "a day or two, like 2026-11-20..2026-11-21"),
    datetime | None: (moment, "a time, like 2026-11-22T08:00:00+08:00"),
}
