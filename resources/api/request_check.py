"""Holds requests against their endpoint's own parameters.

The whole catalog is checked when resources/capture/capturer.py is imported: a fault in an entry is found when
livestats starts, not in the middle of a capture. Not here: what the
simulator refuses (resources/simulator/checks.py), which is the API's side of the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DomainRole, Endpoint, Method, Scope
from resources.api.catalog.parameters import (
    AllOrNone,
    Constraint,
    ExclusiveValue,
    MutuallyExclusive,
    Parameter,
    RequiresValue,
    WireType,
)
from resources.api.pagination import page_payload
from resources.api.request_plan import Domain, Inventory, Stream, requests_for
from resources.errors import LivestatsError

_DAY, _ZONE = date(2026, 3, 31), ZoneInfo("Asia/Shanghai")
_DOMAINS = (Domain("push.example", DomainRole.PUSH), Domain("pull.example", DomainRole.PULL))
_STREAMS = (Stream("push.example", "live", "one"), Stream("pull.example", "live", "one"))
_SMALL = Inventory(domains=_DOMAINS, isps=("a",), streams=_STREAMS, addresses=("192.0.2.1",))
_LARGER = Inventory(
    domains=(
        *_DOMAINS,
        Domain("push-2.example", DomainRole.PUSH),
        Domain("pull-2.example", DomainRole.PULL),
    ),
    isps=("a", "b"),
    streams=_STREAMS,
    addresses=("192.0.2.1", "192.0.2.2"),
)
"""Lists of one value and of several are requested in different ways."""


class WrongEntry(LivestatsError, ValueError):
    """An entry of the catalog plans requests that its own endpoint does not take."""


def check(datasets: Iterable[Dataset]) -> None:
    """Raise WrongEntry for the first dataset with a fault, naming it and the request."""
    for dataset in datasets:
        for fault in faults(dataset):
            raise WrongEntry(f"{dataset.name} ({dataset.endpoint.action}): {fault}")


def faults(dataset: Dataset) -> Iterator[str]:
    """What is wrong with the requests of a dataset, as its endpoint's parameters are declared."""
    endpoint = dataset.endpoint
    if dataset.bucket_s is not None and SLOT_START_AT not in dataset.column:
        yield f"bucket_s is {dataset.bucket_s}, and its rows have no {SLOT_START_AT}"
        return
    if endpoint.method is Method.GET and (lists := _lists(endpoint)):
        yield f"a GET has its parameters in the query, which holds no list: {', '.join(lists)}"
        return
    if endpoint.is_present_state and (endpoint.history or endpoint.window_limits):
        yield f"the action takes no {endpoint.times[0]}, and has a history or longest windows"
        return
    if dataset.is_dimension and dataset.scope is not Scope.ACCOUNT:
        yield (
            f"the action takes no {endpoint.times[0]}, so it is asked once about the account as it is "
            f"now: its scope is to be ACCOUNT and is {dataset.scope.name}"
        )
        return
    if not (endpoint.is_present_state or endpoint.window_limits):
        yield f"the action takes {endpoint.times[0]}, and has no window_limits"
        return
    if endpoint.window_limits and not _offers(endpoint, dataset.asked_width_s):
        yield f"no window_limits for slots of {dataset.asked_width_s} s"
        return
    for inventory in (_SMALL, _LARGER):
        for request in requests_for(dataset, _DAY, _ZONE, inventory):
            pages = page_payload(endpoint.paging, 1) if endpoint.paging else {}
            for complaint in complaints(endpoint, {**request.payload, **pages}):
                yield f"{complaint} (in the request {dict(request.payload)})"


def _lists(endpoint: Endpoint) -> list[str]:
    kinds = (WireType.TEXTS, WireType.INTEGERS, WireType.REGIONS)
    return [p.name for p in endpoint.parameters if p.wire_type in kinds]


def _offers(endpoint: Endpoint, width_s: int | None) -> bool:
    return any(limit.bucket_s == width_s for limit in endpoint.window_limits)


def complaints(endpoint: Endpoint, payload: Mapping[str, object]) -> Iterator[str]:
    """What an endpoint's parameters and the rules between them say against a request body."""
    for name in payload.keys() - endpoint.parameter.keys():
        yield f"{name} is no parameter of the action"
    for parameter in endpoint.parameters:
        if parameter.name in payload:
            yield from _of_value(parameter, payload[parameter.name])
        elif parameter.required:
            yield f"{parameter.name} is required"
    for constraint in endpoint.constraints:
        yield from _of_constraint(constraint, payload)


def _of_value(parameter: Parameter, value: object) -> Iterator[str]:
    if not _fits(parameter.wire_type, value):
        yield f"{parameter.name} is no {parameter.wire_type}: {value!r}"
        return
    items = value if isinstance(value, list) else [value]
    if parameter.max_items is not None and len(items) > parameter.max_items:
        yield f"{parameter.name} has more than {parameter.max_items} items"
    for item in items:
        if parameter.allowed and item not in parameter.allowed:
            yield f"{parameter.name} may not be {item!r}"
        number = int(item) if isinstance(item, int | str) and str(item).isdigit() else None
        if number is not None and (
            (parameter.minimum is not None and number < parameter.minimum)
            or (parameter.maximum is not None and number > parameter.maximum)
        ):
            yield f"{parameter.name} may not be {number}"


def _fits(wire_type: WireType, value: object) -> bool:
    """True if a value has the JSON type that a parameter takes."""
    match wire_type:
        case WireType.TEXT:
            return isinstance(value, str)
        case WireType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case WireType.INTEGER_TEXT:
            return isinstance(value, str) and value.isdigit()
        case WireType.TIME:
            return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    kind = {WireType.TEXTS: str, WireType.INTEGERS: int, WireType.REGIONS: dict}[wire_type]
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _of_constraint(constraint: Constraint, payload: Mapping[str, object]) -> Iterator[str]:
    match constraint:
        case AllOrNone(names=names):
            given = [name for name in names if name in payload]
            if given and len(given) < len(names):
                yield f"{', '.join(names)} belong together, and only {', '.join(given)} is there"
        case MutuallyExclusive(names=names):
            if len([name for name in names if name in payload]) > 1:
                yield f"{', '.join(names)} exclude each other"
        case ExclusiveValue(name=name, value=value):
            listed = payload.get(name)
            if isinstance(listed, list) and value in listed and len(listed) > 1:
                yield f"{name}: {value} admits no other value beside it"
        case RequiresValue(names=names, other=other, value=value):
            given = [name for name in names if name in payload]
            if given and payload.get(other) not in (value, [value]):
                yield f"{', '.join(given)} need {other} to be {value}"
