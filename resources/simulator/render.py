"""Numbers into the objects that the API answers with, following the layouts of the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.api.catalog.model import ColumnType, Field, ListLevel, ResponseTotal
from resources.simulator.noise import Ints
from resources.simulator.query import Query
from resources.simulator.settings import AnswerOptions
from resources.simulator.usage import Labels

Result = dict[str, Any]
Arrays = Mapping[str, NDArray[Any]]

_SHANGHAI_S = 8 * 3600
_ROUGHLY = 10  # an approximate total is a multiple of it


def times(seconds: Ints, answers: AnswerOptions) -> list[str]:
    """RFC 3339 texts of Unix times."""
    shift = _SHANGHAI_S if answers.offset == "+08:00" else 0
    local = (np.asarray(seconds, dtype=np.int64) + shift).astype("datetime64[s]")
    return [f"{text}{answers.offset}" for text in np.datetime_as_string(local).tolist()]


def json_values(array: NDArray[Any], kind: ColumnType) -> list[Any]:
    """Python values as the vendor's encoder writes them: a whole float has no decimal point."""
    if kind is not ColumnType.FLOAT:
        listed: list[Any] = array.tolist()
        return listed
    return [int(v) if v.is_integer() else v for v in array.astype(np.float64).tolist()]


def number(value: float) -> float | int:
    """One float of an answer; sums lose the noise of their last digits."""
    rounded = round(float(value), 9)
    return int(rounded) if rounded.is_integer() else rounded


def echo(query: Query) -> Result:
    """The request's values that come back: as they were sent, or their defaults."""
    found: Result = {}
    for parameter in query.endpoint.parameters:
        if not parameter.echoed:
            continue
        value = query.sent.get(parameter.name)
        if value in (None, "", []):
            value = parameter.default
        if value is not None:
            found[parameter.name] = value
    return found


def put_list(result: Result, level: ListLevel, items: list[Any], answers: AnswerOptions) -> None:
    """Put a list into `result`; without items an optional one may be null or missing."""
    if items or level.required or answers.empty == "list":
        result[level.name] = items
    elif answers.empty == "null":
        result[level.name] = None


def objects_of(columns: Mapping[str, Sequence[Any]]) -> list[Result]:
    """Columns of equal length into one object per row."""
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def series(query: Query, whole: Arrays, labels: Sequence[Labels], groups: Arrays) -> Result:
    """A time series: `whole` is field -> (slots), `groups` is field -> (groups, slots)."""
    endpoint, answers = query.endpoint, query.options
    level = endpoint.rows.levels[-1]
    stamps = times(query.slots, answers)
    result = echo(query)
    result |= totals(endpoint.totals, whole)
    put_list(result, level, _slots(level, stamps, whole, answers), answers)
    if not query.splits or endpoint.split_rows is None:
        return result
    detail = endpoint.split_rows.levels[0]
    items = []
    for row, label in enumerate(labels):
        part = {name: array[row] for name, array in groups.items()}
        slots = _slots(level, stamps, part, answers)
        if slots:
            sums = totals([total for total in endpoint.totals if total.in_splits], part)
            items.append({**dict(label), **sums, level.name: slots})
    put_list(result, detail, items, answers)
    return result


def _slots(
    level: ListLevel, stamps: list[str], arrays: Arrays, answers: AnswerOptions
) -> list[Result]:
    columns: dict[str, Sequence[Any]] = {"TimeStamp": stamps}
    for field in level.fields:
        if field.name in arrays:
            columns[field.name] = json_values(arrays[field.name], field.kind)
    if answers.zeros == "omit":
        happened = np.any([array != 0 for array in arrays.values()], axis=0)
        columns = {
            name: [v for v, keep in zip(column, happened, strict=True) if keep]
            for name, column in columns.items()
        }
    return objects_of(columns)


def totals(wanted: Sequence[ResponseTotal], arrays: Arrays) -> Result:
    """The figures over all slots."""
    found: Result = {}
    for total in wanted:
        if total.of is None or total.of not in arrays:
            continue
        array = arrays[total.of]
        value = (array.sum() if total.how == "sum" else array.max()) if array.size else 0
        found[total.name] = number(value) if total.kind is ColumnType.FLOAT else int(value)
    return found


def page_of(query: Query, rows: list[Result]) -> Result:
    """One page of `rows`, with the paging block as the catalog describes it.

    A fault may let the list move on by a row, come again, or lose a row during the request.
    """
    paging = query.endpoint.paging
    assert paging is not None  # noqa: S101 - only asked of endpoints with pages
    page, size = query.page
    rows = rows[: paging.most_rows]
    if query.page_fault == "shrink":
        rows = rows[:-1]
    first = (page - 1) * size
    if query.page_fault == "shift":
        first += 1
    elif query.page_fault == "repeat" and page > 1:
        first -= size
    write = str if paging.as_text else int
    total = -(-len(rows) // _ROUGHLY) * _ROUGHLY if paging.is_rough else len(rows)
    block = {paging.size_param: write(size), paging.total: write(total)}
    if paging.echo is not None:
        block[paging.echo] = write(page)
    level = query.endpoint.rows.levels[-1]
    result: Result = {level.name: rows[first : first + size]}
    if paging.block is None:
        return {**result, paging.total: total}
    return {**result, paging.block: block}


def kind_of(fields: Sequence[Field], name: str) -> ColumnType:
    """Kind of a field by name."""
    return next(field.kind for field in fields if field.name == name)
