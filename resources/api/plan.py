"""Which requests one day of a dataset takes: windows x scopes x variants, as a pure function."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from resources.api.catalogue.model import PROTOCOL_GROUPS, SPLITS, Dataset, Role, Scope, Wire
from resources.api.windows import Window, day_window, split, wire_window

DOMAINS_PER_REQUEST = 50
"""How many domains share one request. The API documents no limit; 50 domains x 12 carriers x 288
slots is an answer of about 20 MB."""

T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Domain:
    """A domain of the account and what it is for."""

    name: str
    role: Role

    def serves(self, role: Role) -> bool:
        """True if an endpoint that knows domains of `role` knows this one."""
        return Role.ANY in (role, self.role) or role is self.role


@dataclass(frozen=True, order=True)
class Stream:
    """One stream of a domain."""

    domain: str
    app: str
    stream: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of the account when a day is planned."""

    domains: tuple[Domain, ...] = ()
    isps: tuple[str, ...] = ()
    streams: tuple[Stream, ...] = ()  # live that day
    addresses: tuple[str, ...] = ()  # seen that day


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One question to the API, answered in one piece or page by page."""

    payload: Mapping[str, object]  # the request body, without page numbers
    window: Window | None = None
    is_split: bool = False  # the rows stand in the endpoint's split layout
    constants: Mapping[str, str] = field(default_factory=dict)  # column -> value the rows lack
    within: Mapping[str, frozenset[str]] = field(default_factory=dict)  # column -> values asked for

    def __str__(self) -> str:
        about = {k: v for k, v in self.payload.items() if k not in ("Aggregation", "DetailField")}
        return ", ".join(f"{k}={_short(v)}" for k, v in about.items()) or "the account"


def walks(dataset: Dataset, day: date, zone: ZoneInfo, known: Known) -> Iterator[Walk]:
    """The questions that together are one day of `dataset`, each row in exactly one answer.

    The fewest windows that the span rules allow; domains in lists, singly, or by stream; a
    dimension is split only if two or more of its values are asked for, otherwise its one value is
    a constant of the walk. Without domains of the dataset's role there is nothing to ask.

    Raises ValueError if a split needs the carriers and none is known.
    """
    if dataset.endpoint.is_present_state and dataset.scope is Scope.ACCOUNT:
        yield Walk(payload=dict(dataset.parameters))
        return
    for payload, constants, within in _scopes(dataset, known):
        details = [name for name in dataset.split if SPLITS[name].column not in constants]
        for variant in dataset.variants:
            fixed = {dataset.variant_columns[p]: _variant_value(v) for p, v in variant.items()}
            body = {**payload, **dataset.parameters, **variant}
            if dataset.bucket_s is not None:
                body["Aggregation"] = dataset.bucket_s
            if details:
                body["DetailField"] = details
            for window in _windows(dataset, day, zone, len(details)):
                yield Walk(
                    payload={**body, **(wire_window(window) if window else {})},
                    window=window,
                    is_split=bool(details),
                    constants={**constants, **fixed},
                    within=within,
                )


_ScopeParts = tuple[dict[str, object], dict[str, str], dict[str, frozenset[str]]]


def _windows(dataset: Dataset, day: date, zone: ZoneInfo, splits: int) -> list[Window | None]:
    if dataset.endpoint.is_present_state:
        return [None]
    longest = dataset.endpoint.longest(dataset.bucket_s, splits)
    return [*split(*day_window(day, zone), longest)]


def _scopes(dataset: Dataset, known: Known) -> Iterator[_ScopeParts]:
    """Payload, constant columns and asked values of each scope."""
    domains = sorted(d.name for d in known.domains if d.serves(dataset.role))
    match dataset.scope:
        case Scope.ACCOUNT:
            if domains:
                yield {"DomainList": domains}, {}, {"domain": frozenset(domains)}
        case Scope.DOMAINS:
            for chunk in even_chunks(domains, DOMAINS_PER_REQUEST):
                yield from _split_scopes(dataset, chunk, known)
        case Scope.DOMAIN:
            for name in domains:
                payload: dict[str, object] = (
                    {"Domain": name} if _takes_one_domain(dataset) else {"DomainList": [name]}
                )
                yield payload, {"domain": name}, {"domain": frozenset((name,))}
        case Scope.STREAM:
            asked = set(domains)
            for s in sorted(set(known.streams)):
                if s.domain in asked:
                    names = {"domain": s.domain, "app": s.app, "stream": s.stream}
                    yield {"Domain": s.domain, "App": s.app, "Stream": s.stream}, names, {}
        case Scope.ADDRESSES:
            (parameter,) = (p for p in dataset.endpoint.parameters if p.wire is Wire.TEXTS)
            largest = parameter.max_items or 1
            for addresses in even_chunks(sorted(set(known.addresses)), largest):
                yield {parameter.name: addresses}, {}, {"ip": frozenset(addresses)}


def _split_scopes(dataset: Dataset, domains: Sequence[str], known: Known) -> Iterator[_ScopeParts]:
    """One scope for each combination of filter values that the API answers together."""
    groups = PROTOCOL_GROUPS if "Protocol" in dataset.split else ((),)
    for protocols in groups:
        values: dict[str, Sequence[str]] = {"Domain": domains}
        if "ISP" in dataset.split:
            if not known.isps:
                raise ValueError(
                    f"{dataset.name} is split by carrier, and no carrier is known. "
                    "Capture the dataset isp first."
                )
            values["ISP"] = sorted(known.isps)
        if protocols:
            values["Protocol"] = protocols
        payload: dict[str, object] = {}
        constants: dict[str, str] = {}
        within: dict[str, frozenset[str]] = {}
        for name, chosen in values.items():
            dimension = SPLITS[name]
            payload[str(dimension.filter)] = list(chosen)
            within[dimension.column] = frozenset(chosen)
            # The API splits a dimension only if its filter holds two or more values: with one, the
            # rows are that value's and do not say so.
            if len(chosen) == 1 and name in dataset.split:
                constants[dimension.column] = chosen[0]
        yield payload, constants, within


def even_chunks(items: Sequence[T], largest: int) -> list[Sequence[T]]:
    """Consecutive pieces of at most `largest` items, as few and as equal as possible."""
    if not items:
        return []
    pieces = math.ceil(len(items) / largest)
    edges = [round(i * len(items) / pieces) for i in range(pieces + 1)]
    return [items[a:b] for a, b in pairwise(edges)]


def _takes_one_domain(dataset: Dataset) -> bool:
    parameter = dataset.endpoint.parameter.get("Domain")
    return parameter is not None and parameter.required


def _variant_value(value: object) -> str:
    return str(value[0]) if isinstance(value, list) else str(value)


def _short(value: object, most: int = 3) -> str:
    if isinstance(value, list) and len(value) > most:
        return f"[{', '.join(map(str, value[:most]))}, … {len(value)} in all]"
    return str(value)
