"""Compares what a response echoes of its request with the request.

Which forms of an echo mean the same is data of the catalog: `Parameter`. Not here: what the rows say
(convert.py) and their time slots (slot_steps.py, read it next).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from resources.api.catalog.model import Endpoint
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.spelling import Spelling
from resources.api.errors import WrongAnswer
from resources.api.request_plan import Request

_LISTS = (WireType.TEXTS, WireType.INTEGERS, WireType.REGIONS)


def check_echoes(endpoint: Endpoint, requests: Sequence[Request], results: pa.StructArray) -> None:
    """Raise WrongAnswer for an echo that is not what was asked. A missing one says nothing.

    `results` has the Result of each request's response.
    """
    if results.null_count == len(results):
        return  # Result is null
    for parameter in endpoint.parameters:
        if not parameter.echoed:
            continue
        echoes = results.field(results.type.get_field_index(parameter.name))
        if echoes.null_count == len(echoes):
            continue
        values = echoes.to_pylist()
        asked = [request.payload.get(parameter.name) for request in requests]
        if values == asked:
            continue
        for value, wanted, request in zip(values, asked, requests, strict=True):
            if value != wanted and not _is_same(parameter, value, wanted, request.payload):
                expected = parameter.default if wanted is None else wanted
                raise WrongAnswer(
                    endpoint.action,
                    f"Result.{parameter.name}",
                    value,
                    "empty" if expected is None else str(expected),
                )


def _is_same(
    parameter: Parameter, value: Any, asked: object, payload: Mapping[str, object]
) -> bool:
    """True if the echo `value` means `asked`; None: the parameter was not sent."""
    if value is None:
        return True
    if asked is None:
        return _may_stand_for_nothing(parameter, value, payload)
    if parameter.wire_type is WireType.TIME:
        return _is_same_time(value, str(asked), parameter.rounding_s)
    return _form(parameter, value) == _form(parameter, asked)


def _may_stand_for_nothing(parameter: Parameter, value: Any, payload: Mapping[str, object]) -> bool:
    """True if `value` may come back for a parameter that was not sent."""
    if parameter.fills_in or not value:
        return True
    if parameter.default is not None:
        return _form(parameter, value) == _form(parameter, parameter.default)
    others = payload.get(parameter.repeats or "")
    return isinstance(others, list) and _form(parameter, value) in {
        _form(parameter, other) for other in others
    }


def _form(parameter: Parameter, value: Any) -> Hashable:
    """The form in which two values are equal exactly if they ask for the same."""
    if parameter.wire_type in _LISTS:
        return frozenset(_item_form(parameter, item) for item in value)
    return _item_form(parameter, value)


def _item_form(parameter: Parameter, value: Any) -> Hashable:
    if isinstance(value, Mapping):  # a region; a level that is not given may be empty
        levels = (
            (name, Spelling.ANY_CASE.key(str(level))) for name, level in value.items() if level
        )
        return frozenset(levels)
    return parameter.spelling.key(str(value))


def _is_same_time(value: str, asked: str, rounding_s: int) -> bool:
    """True if both are one instant, to the second, whatever the offset."""
    try:
        echo = datetime.fromisoformat(value).replace(microsecond=0)
        return abs(echo - datetime.fromisoformat(asked)) <= timedelta(seconds=rounding_s)
    except (ValueError, TypeError, OverflowError):  # no time, none with an offset
        return False
