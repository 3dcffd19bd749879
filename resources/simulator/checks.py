"""Refuses what the real API refuses: every rule comes from the catalog's data.

A refusal names the parameter and the limit.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from resources.api.catalog.model import Endpoint
from resources.api.catalog.parameters import (
    AllOrNone,
    Constraint,
    ExclusiveValue,
    MutuallyExclusive,
    Parameter,
    RequiresValue,
    WireType,
)
from resources.simulator.places import ISPS, SMALLEST_REGIONS
from resources.simulator.query import Query
from resources.simulator.refusals import Refused, invalid_parameter
from resources.simulator.settings import AnswerOptions

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
_LEVELS = ("Area", "Country", "Province")


def check(
    endpoint: Endpoint,
    body: object,
    *,
    now: datetime,
    owned: Container[str],
    options: AnswerOptions,
    page_fault: str = "",
) -> Query:
    """The request, typed and with defaults; raises `Refused` for anything not allowed."""
    if not isinstance(body, Mapping):
        raise Refused("InvalidParam.BindError", "The body must be a JSON object.")
    for name in body:
        if name not in endpoint.parameter:
            raise invalid_parameter(f"{name} is not a parameter of {endpoint.action}.")
    # The vendor's encoders write empty values for what was not set.
    sent = {name: value for name, value in body.items() if value not in (None, "", [])}
    values: dict[str, Any] = {}
    for parameter in endpoint.parameters:
        if parameter.name in sent:
            values[parameter.name] = _typed_value(parameter, sent[parameter.name])
        elif parameter.required:
            raise Refused("MissingParameter", f"{parameter.name} is required.")
        elif parameter.default is not None:
            values[parameter.name] = parameter.default
    for constraint in endpoint.constraints:
        _check_constraint(constraint, sent)
    for name in [values.get("Domain"), *(values.get("DomainList") or ())]:
        if name is not None and name not in owned:
            raise Refused(
                "RequestForbidden.AccountIDNotAllow", f"Domain {name} is not of this account."
            )
    at = int(now.timestamp())
    if endpoint.is_present_state:
        return Query(endpoint, body, values, now=at, options=options, page_fault=page_fault)
    start, end = (values[name] for name in endpoint.times)
    _check_window(endpoint, values, start, end, now)
    # An inclusive end still has its own second in it.
    until = int(end.timestamp()) + (options.end == "inclusive")
    begin = int(start.timestamp())
    return Query(endpoint, body, values, begin, until, at, options, page_fault)


def _check_window(
    endpoint: Endpoint, values: Mapping[str, Any], start: datetime, end: datetime, now: datetime
) -> None:
    begins, ends = endpoint.times
    if end <= start:
        raise invalid_parameter(
            f"{ends} {end.isoformat()} must be later than {begins} {start.isoformat()}."
        )
    if end > now:
        raise invalid_parameter(
            f"{ends} {end.isoformat()} is in the future: it is {now.isoformat()}."
        )
    if endpoint.history is not None and start < now - endpoint.history:
        raise invalid_parameter(
            f"{begins} {start.isoformat()} is older than {endpoint.history.days} days "
            f"(the earliest is {(now - endpoint.history).isoformat()})."
        )
    bucket = values.get("Aggregation")
    longest = endpoint.longest(bucket, len(set(values.get("DetailField") or ())))
    # A window of whole days may name its last second (23:59:59) or the midnight after it.
    if end - start > longest:
        at = f" at Aggregation {bucket}" if bucket else ""
        raise invalid_parameter(
            f"{begins} to {ends} is {end - start} long{at}: the limit is {_days_or_hours(longest)}."
        )


def _days_or_hours(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return f"{hours // 24} d" if hours % 24 == 0 else f"{hours} h"


def _typed_value(parameter: Parameter, value: Any) -> Any:
    """The typed value, all its own rules checked."""
    items = [value]
    typed: Any = value
    match parameter.wire_type:
        case WireType.TEXT:
            _require_type(parameter, isinstance(value, str))
        case WireType.INTEGER:
            _require_type(parameter, isinstance(value, int) and not isinstance(value, bool))
        case WireType.INTEGER_TEXT:
            _require_type(parameter, isinstance(value, str) and value.isascii() and value.isdigit())
            typed = int(value)
            items = [typed]
        case WireType.TIME:
            typed = _time(parameter, value)
            items = []
        case WireType.TEXTS:
            _require_type(parameter, _list_of(value, str))
            items = value
        case WireType.INTEGERS:
            _require_type(parameter, _list_of(value, int))
            items = value
        case WireType.REGIONS:
            _require_type(parameter, _list_of(value, dict))
            for region in value:
                _region(parameter, region)
    _check_limits(parameter, value, items)
    return typed


def _require_type(parameter: Parameter, fits: bool) -> None:
    if not fits:
        raise Refused(
            "InvalidParam.BindError", f"{parameter.name} has the wrong type: {parameter.wire_type}."
        )


def _list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, kind) and not isinstance(item, bool) for item in value
    )


def _check_limits(parameter: Parameter, value: Any, items: list[Any]) -> None:
    for item in items:
        if parameter.allowed and item not in parameter.allowed:
            raise invalid_parameter(
                f"{parameter.name} {item!r} is none of {list(parameter.allowed)}."
            )
        if parameter.minimum is not None and item < parameter.minimum:
            raise invalid_parameter(f"{parameter.name} {item} is less than {parameter.minimum}.")
        if parameter.maximum is not None and item > parameter.maximum:
            raise invalid_parameter(f"{parameter.name} {item} is more than {parameter.maximum}.")
        if parameter.name == "ISPList" and item not in ISPS:
            raise invalid_parameter(f"ISPList {item!r} is no carrier: see DescribeLiveISPData.")
    if parameter.max_items is not None and len(value) > parameter.max_items:
        raise invalid_parameter(
            f"{parameter.name} has {len(value)} items: at most {parameter.max_items}."
        )


def _time(parameter: Parameter, value: Any) -> datetime:
    _require_type(parameter, isinstance(value, str))
    if not _RFC3339.fullmatch(value):
        raise invalid_parameter(
            f"{parameter.name} {value!r} is not RFC 3339 with offset and whole seconds, "
            "like 2025-01-01T00:00:00+08:00."
        )
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid_parameter(f"{parameter.name} {value!r} is no time that exists.") from None


def _region(parameter: Parameter, region: Mapping[str, Any]) -> None:
    for name, value in region.items():
        if name not in _LEVELS or not isinstance(value, str):
            raise Refused(
                "InvalidParam.BindError", f"{parameter.name}.{name} is none of {_LEVELS}."
            )
    area, country, province = (region.get(level, "") for level in _LEVELS)
    if not area or (province and not country):
        raise invalid_parameter(
            f"{parameter.name}: Country needs Area, Province needs Area and Country."
        )
    if province and area != "CN":
        raise invalid_parameter(f"{parameter.name}: Province is for Area CN only.")
    if not any(leaf.inside(area, country, province) for leaf in SMALLEST_REGIONS):
        raise invalid_parameter(
            f"{parameter.name}: no region {dict(region)}, see DescribeLiveRegionData."
        )


def _check_constraint(constraint: Constraint, sent: Mapping[str, Any]) -> None:
    match constraint:
        case AllOrNone(names=names):
            given = [name for name in names if name in sent]
            if given and len(given) < len(names):
                raise invalid_parameter(f"{', '.join(names)} belong together: only {given} given.")
        case MutuallyExclusive(names=names):
            given = [name for name in names if name in sent]
            if len(given) > 1:
                raise invalid_parameter(f"Give at most one of {', '.join(names)}.")
        case ExclusiveValue(name=name, value=value):
            if value in sent.get(name, ()) and len(set(sent[name])) > 1:
                raise invalid_parameter(f"{name}: {value} cannot be combined with another value.")
        case RequiresValue(names=names, other=other, value=value):
            given = [name for name in names if name in sent]
            if given and sent.get(other) not in (value, [value]):
                raise invalid_parameter(f"{', '.join(given)} need {other} to be {value}.")
