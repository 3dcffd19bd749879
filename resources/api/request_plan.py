"""Which requests one day of a dataset takes: windows x scopes x variants, as a pure function.

What the API accepts is in the catalog, page numbers are in `pagination`. Next: `capture.fetcher`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from resources.api.catalog.cuts import region_of, text_of_region
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import PROTOCOL_GROUPS, SPLITS, DomainRole, Scope
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.spelling import domain_key
from resources.api.windows import Window, asked_window, split, window_fields, window_of

DOMAINS_PER_REQUEST = 50
"""How many domains share one request. The API documents no limit; 50 domains x 12 carriers x 288
slots is an answer of about 20 MB."""

_FEWEST_SLOTS = 12  # a window is not cut into pieces of fewer slots

T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Domain:
    """A domain of the account and its role."""

    name: str
    role: DomainRole

    def serves(self, role: DomainRole) -> bool:
        """True if an endpoint that knows domains of `role` knows this one."""
        return DomainRole.ANY in (role, self.role) or role is self.role


@dataclass(frozen=True, order=True)
class Stream:
    """One stream of a domain."""

    domain: str
    app: str
    stream: str


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Domains, carriers, streams and addresses of the account when a day is planned."""

    domains: tuple[Domain, ...] = ()
    isps: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()  # regions as `region_of` reads them
    countries: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    streams: tuple[Stream, ...] = ()  # live that day
    addresses: tuple[str, ...] = ()  # seen that day
    absent: frozenset[str] = frozenset()  # what this vendor does not take: see absent_parameters


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request to the API; the answer is one body or several pages."""

    payload: Mapping[str, object]  # the request body, without page numbers
    window: Window | None = None
    is_split: bool = False  # the rows stand in the endpoint's split layout
    constants: Mapping[str, str] = field(default_factory=dict)  # column -> value the rows lack
    within: Mapping[str, frozenset[str]] = field(default_factory=dict)  # column -> values asked for
    is_any_width: bool = False  # its slots may be wider than asked for: the capture is suspect
    is_reduced: bool = False  # items were erased from its answer: its totals are above its rows

    def __str__(self) -> str:
        about = {k: v for k, v in self.payload.items() if k not in ("Aggregation", "DetailField")}
        return ", ".join(f"{k}={_short(v)}" for k, v in about.items()) or "the account"


def requests_for(
    dataset: Dataset, day: date, zone: ZoneInfo, inventory: Inventory
) -> Iterator[Request]:
    """The requests that together are one day of `dataset`, each row in exactly one answer.

    The fewest windows that the span rules allow; domains in lists, singly, or by stream; a
    dimension is split only if two or more of its values are requested. If no domain has the
    dataset's role, all domains are requested: a day without requests would count as empty.

    Raises ValueError if a split needs the carriers and none is known.
    """
    if dataset.is_dimension:
        yield request_of(dataset, dataset.parameters)
        return
    variants = _with_drawn(dataset, inventory, offered_variants(dataset, inventory.absent))
    filters = _filters(dataset, inventory)
    times_of: dict[int, list[Mapping[str, str]]] = {}  # the same for all that are split as much
    asked = ({**scope, **f} for scope in _scopes(dataset, inventory) for f in filters)
    for about in asked:
        details = [n for n in dataset.split if not _is_single(about.get(str(SPLITS[n].filter)))]
        splits = len(details)
        if splits not in times_of:
            times_of[splits] = _times(dataset, day, zone, splits)
        for variant in variants:
            payload = {**about, **dataset.parameters, **variant}
            if dataset.bucket_s is not None:
                payload["Aggregation"] = dataset.bucket_s
            if details:
                payload["DetailField"] = details
            for times in times_of[splits]:
                yield request_of(dataset, {**payload, **times})


def offered_variants(dataset: Dataset, absent: frozenset[str]) -> list[Mapping[str, object]]:
    """The variants that a vendor without the `absent` parameters and values offers, each once."""
    found: list[Mapping[str, object]] = []
    for variant in dataset.variants:
        left = {name: value for name, value in variant.items() if name not in absent}
        is_taken = absent.isdisjoint(f"{name}={_word(value)}" for name, value in left.items())
        if is_taken and left not in found:
            found.append(left)
    return found


def _with_drawn(
    dataset: Dataset, inventory: Inventory, variants: Sequence[Mapping[str, object]]
) -> list[Mapping[str, object]]:
    """The variants, each once for every value of the filters that are drawn from the account."""
    found = [*variants]
    for name, source in dataset.drawn.items():
        values = sorted(set(getattr(inventory, source)))
        if not values:
            raise ValueError(
                f"{dataset.name} asks once for each of the account's {source}, and none is known. "
                f"Capture the dataset {'isp' if source == 'isps' else 'region'} first."
            )
        items = [region_of(v) if source != "isps" else v for v in values]
        found = [{**variant, name: [item]} for variant in found for item in items]
    return found


def request_of(dataset: Dataset, payload: Mapping[str, object]) -> Request:
    """The request of a request body, with what it says of its rows.

    A stored request is therefore enough to read its answer again, without the plan of its day.
    What the rows may lack is a constant of the request: its variant, its one stream or domain, the
    one value of a filter. What was asked for is all that may come back. A dataset without a split
    reads the plain list beside the split one, where a request asked for both.
    """
    constants = {
        column: _word(payload[parameter])
        for parameter, column in dataset.variant_columns.items()
        if parameter in payload
    }
    for parameter, column in dataset.variant_columns.items():
        known = dataset.endpoint.parameter.get(parameter)
        if parameter not in payload and known and known.default is not None:
            constants[column] = str(known.default)  # what the API takes it for
    within: dict[str, frozenset[str]] = {}
    for name in ("Domain", "App", "Stream"):
        if name in payload:
            constants[name.lower()] = _word(payload[name])
    for name, dimension in SPLITS.items():
        values = payload.get(dimension.filter or "")
        if isinstance(values, list) and dimension.column in dataset.column:
            within[dimension.column] = frozenset(values)
            if _is_single(values) and (name in dataset.split or dataset.scope is Scope.DOMAIN):
                constants[dimension.column] = values[0]
    if dataset.scope is Scope.ADDRESSES:
        within["ip"] = frozenset(_texts(payload[_address_parameter(dataset).name]))
    return Request(
        payload=payload,
        window=window_of(dataset, payload),
        is_split="DetailField" in payload and bool(dataset.split),
        constants=constants,
        within=within,
    )


def reads_beside_split(dataset: Dataset, request: Request) -> bool:
    """True if the rows are those of the plain list in an answer that was asked for with a split."""
    return "DetailField" in request.payload and not dataset.split


def halves(dataset: Dataset, request: Request) -> tuple[Request, ...]:
    """The same request for the two halves of its window, for an answer that takes the API too long.

    () where the rows are figures of the whole window, or the window has only a few slots.
    """
    if request.window is None or dataset.bucket_s is None:
        return ()
    start, end = request.window
    slots = int((end - start).total_seconds()) // dataset.bucket_s
    if slots < _FEWEST_SLOTS * 2:
        return ()
    middle = start + timedelta(seconds=slots // 2 * dataset.bucket_s)
    edges = ((start, middle), (middle, end))
    asked = [{**request.payload, **window_fields(dataset, edge)} for edge in edges]
    return tuple(request_of(dataset, payload) for payload in asked)


def width_s(dataset: Dataset, request: Request) -> int:
    """The bucket width that a request of a dataset with buckets asks for, in seconds."""
    return int(str(request.payload.get("Aggregation", dataset.bucket_s)))


def items_of(dataset: Dataset, request: Request) -> tuple[str, ...]:
    """What a request asks about: domains, one stream (`domain/app/stream`) or addresses.

    () if it asks about the account as a whole and names nothing.
    """
    if (name := _list_parameter(dataset)) in request.payload:
        return tuple(_texts(request.payload[name]))
    parts = (request.payload.get(name) for name in ("Domain", "App", "Stream"))
    text = "/".join(str(part) for part in parts if part is not None)
    return (text,) if text else ()


def narrowed(dataset: Dataset, request: Request, items: Sequence[str]) -> Request:
    """The same request for some of its items. The request must have a list of them.

    The API does not split a list of one domain, so the split is left out for a single domain.
    """
    payload = {**request.payload, _list_parameter(dataset): [*items]}
    details = payload.get("DetailField")
    if len(items) == 1 and isinstance(details, list) and "Domain" in details:
        payload["DetailField"] = [name for name in details if name != "Domain"]
        if not payload["DetailField"]:
            del payload["DetailField"]
    return request_of(dataset, payload)


def alone(dataset: Dataset, request: Request, item: str) -> Request:
    """The same request for a single item, of its list or not."""
    if "Domain" in request.payload:
        return request_of(dataset, {**request.payload, "Domain": item})
    return narrowed(dataset, request, [item])


def _list_parameter(dataset: Dataset) -> str:
    """The request field that holds a list of items."""
    return _address_parameter(dataset).name if dataset.scope is Scope.ADDRESSES else "DomainList"


def _times(dataset: Dataset, day: date, zone: ZoneInfo, splits: int) -> list[Mapping[str, str]]:
    """The windows of a day as request fields; one without fields for an endpoint without times."""
    if dataset.endpoint.is_present_state:
        return [{}]
    longest = dataset.endpoint.longest(dataset.asked_width_s, splits)
    windows = split(*asked_window(dataset, day, zone), longest)
    return [window_fields(dataset, window) for window in windows]


def _scopes(dataset: Dataset, inventory: Inventory) -> Iterator[dict[str, object]]:
    """What each request is about, as request fields."""
    domains = domains_of(dataset, inventory.domains)
    match dataset.scope:
        case Scope.ACCOUNT if domains:  # all in one list: parts of an account do not add up
            yield {"DomainList": domains}
        case Scope.WHOLE:
            yield {}
        case Scope.DOMAINS:
            for chunk in even_chunks(domains, DOMAINS_PER_REQUEST):
                yield {"DomainList": [*chunk]}
        case Scope.DOMAIN:
            for name in domains:
                takes_one = dataset.endpoint.requires("Domain")
                yield {"Domain": name} if takes_one else {"DomainList": [name]}
        case Scope.STREAM if dataset.one_stream is not None:
            app, stream = dataset.one_stream
            for name in domains:
                yield {"Domain": name, "App": app, "Stream": stream}
        case Scope.STREAM:
            asked = {domain_key(name): name for name in domains}
            known = {(domain_key(s.domain), s.app, s.stream) for s in inventory.streams}
            for key, app, stream in sorted(known):
                if key in asked and dataset.includes_stream(app, stream):
                    yield {"Domain": asked[key], "App": app, "Stream": stream}
        case Scope.ADDRESSES:
            parameter = _address_parameter(dataset)
            for addresses in even_chunks(
                sorted(set(inventory.addresses)), parameter.max_items or 1
            ):
                yield {parameter.name: [*addresses]}


def domains_of(dataset: Dataset, known: Sequence[Domain]) -> list[str]:
    """The domains that a dataset requests: of its role, and selected by the settings."""
    serving = {d.name for d in known if d.serves(dataset.role)}
    return sorted(filter(dataset.includes_domain, serving or {d.name for d in known}))


def _filters(dataset: Dataset, inventory: Inventory) -> list[dict[str, object]]:
    """The filters of the split dimensions, one set of filters for each group of protocols.

    The API splits a dimension only if its filter holds two or more values.
    """
    filters: dict[str, object] = {}
    if "ISP" in dataset.split and "ISPList" not in dataset.parameters:
        if not inventory.isps:
            raise ValueError(
                f"{dataset.name} is split by carrier, and no carrier is known. "
                "Capture the dataset isp first."
            )
        filters["ISPList"] = sorted(set(inventory.isps))
    if "Protocol" not in dataset.split:
        return [filters]
    chosen = dataset.protocols or {p for group in PROTOCOL_GROUPS for p in group}
    taken = {p for p in chosen if f"ProtocolList={p}" not in inventory.absent}
    groups = ([p for p in group if p in taken] for group in PROTOCOL_GROUPS)
    return [{**filters, "ProtocolList": group} for group in groups if group]


def even_chunks(items: Sequence[T], largest: int) -> list[Sequence[T]]:
    """Consecutive pieces of at most `largest` items, as few and as equal as possible."""
    if not items:
        return []
    pieces = math.ceil(len(items) / largest)
    edges = [round(i * len(items) / pieces) for i in range(pieces + 1)]
    return [items[a:b] for a, b in pairwise(edges)]


def _address_parameter(dataset: Dataset) -> Parameter:
    (parameter,) = (p for p in dataset.endpoint.parameters if p.wire_type is WireType.TEXTS)
    return parameter


def _is_single(values: object) -> bool:
    return isinstance(values, list) and len(values) == 1


def _texts(values: object) -> list[str]:
    return [str(v) for v in values] if isinstance(values, list) else [str(values)]


def _word(value: object) -> str:
    """The first value as a column has it: a text; of a region its levels."""
    first = value[0] if isinstance(value, list) else value
    return text_of_region(first) if isinstance(first, Mapping) else str(first)


def _short(value: object, most: int = 3) -> str:
    if isinstance(value, list) and len(value) > most:
        return f"[{', '.join(map(str, value[:most]))}, … {len(value)} in all]"
    return str(value)
