"""Builds the declared columns: values from the rows, else from the request, converted and checked.

Not here: flattening (flatten.py), sorting and windows (parse.py, read it next).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.columns import BUSINESS_DATE, OCCURRENCE, RANK, SLOT_SECONDS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Column, ColumnType, Field
from resources.api.errors import WrongAnswer
from resources.api.parsing.flatten import FlatRows
from resources.api.request_plan import Request

TIMESTAMP = pa.timestamp("us", "UTC")
_CALENDAR = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

_ARROW: Mapping[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.FLOAT: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.INSTANT: TIMESTAMP,
    ColumnType.INSTANT_MS: TIMESTAMP,
}


@cache
def _schema(columns: tuple[Column, ...]) -> pa.Schema:
    return pa.schema(
        [
            pa.field(
                c.name,
                _ARROW[c.kind],
                nullable=c.nullable,
                metadata={
                    k: v
                    for k, v in {"comment": c.comment, "unit": c.unit, "field": c.field}.items()
                    if v
                },
            )
            for c in columns
        ]
    )


def row_schema(dataset: Dataset) -> pa.Schema:
    """The Arrow schema of the dataset's rows as responses give them: without `business_date`."""
    return _schema(tuple(c for c in dataset.columns if c.name != BUSINESS_DATE))


def table_of(
    dataset: Dataset, requests: Sequence[Request], flat: FlatRows, before: int = 0
) -> pa.Table:
    """The rows of the responses to `requests`, concatenated, each in the API's order.

    `before` is the number of rows in earlier slices of the response; ranks continue from there.

    Raises WrongAnswer for a value that is not a time or a number, a row about something that was not
    requested, or a required column without a value.
    """
    schema = row_schema(dataset)
    columns = []
    for target in schema:
        column = dataset.column[target.name]
        values = _values(dataset, requests, flat, column, before)
        if not column.nullable and values.null_count:
            raise WrongAnswer(dataset.endpoint.action, f"a row's {column.field}", None, "filled")
        columns.append(values)
    return pa.table(columns, schema=schema)


def _values(
    dataset: Dataset,
    requests: Sequence[Request],
    flat: FlatRows,
    column: Column,
    before: int,
) -> pa.Array:
    kind = _ARROW[column.kind]
    if column.name == SLOT_SECONDS:
        widths = [request.payload.get("Aggregation", dataset.bucket_s) for request in requests]
        if len(set(widths)) == 1:  # settings may override the catalog's width
            return pa.repeat(pa.scalar(widths[0], kind), flat.rows)
        return pa.array(widths, kind).take(pa.array(flat.answer))
    if column.name == RANK:
        first = np.searchsorted(flat.answer, np.arange(len(requests)))
        above = before - first  # rank offset per response
        return pa.array(np.arange(1, flat.rows + 1) + above[flat.answer], kind)
    if column.name == OCCURRENCE:
        return pa.repeat(pa.scalar(1, kind), flat.rows)  # counted when pages are joined
    constants = [request.constants.get(column.name) for request in requests]
    is_same = len(set(constants)) == 1
    if column.name not in flat.fields:
        if None in constants:
            raise WrongAnswer(
                dataset.endpoint.action, f"a row's {column.field}", "missing", "there"
            )
        if is_same:
            return pa.repeat(pa.scalar(constants[0], kind), flat.rows)
        return pa.array(constants, kind).take(pa.array(flat.answer))
    source, raw = flat.fields[column.name]
    values = _convert(dataset, source, column, raw)
    if not is_same:
        wanted = pa.array(constants, kind).take(pa.array(flat.answer))
        return _as_requested_per_row(dataset, column, pc.coalesce(values, wanted), wanted)
    if constants[0] is not None:
        values = values.fill_null(constants[0])
        return _as_requested(dataset, column, values, frozenset((constants[0],)))
    within = [request.within.get(column.name, frozenset()) for request in requests]
    if len(set(within)) == 1:
        return _as_requested(dataset, column, values, within[0])
    first = np.searchsorted(flat.answer, np.arange(len(requests) + 1)).tolist()
    return pa.concat_arrays(
        [
            _as_requested(dataset, column, values.slice(start, end - start), asked)
            for asked, (start, end) in zip(within, pairwise(first), strict=True)
        ]
    )


def _convert(dataset: Dataset, source: Field, column: Column, raw: pa.Array) -> pa.Array:
    """The API's values in the type and unit of the column. Raises WrongAnswer."""
    match source.kind:
        case ColumnType.INSTANT:
            if not source.required:
                raw = pc.if_else(pc.equal(raw, ""), None, raw)
            return _convert_or_refuse(
                dataset, source, raw, _instants, "an RFC 3339 time with an offset"
            )
        case ColumnType.INSTANT_MS:
            return _convert_or_refuse(
                dataset, source, raw, _instants_ms, "Unix milliseconds of the years 1 to 9999"
            )
        case ColumnType.FLOAT if (
            column.factor != 1.0
        ):  # factor 1: decoding has checked that it is finite
            return _convert_or_refuse(
                dataset,
                source,
                raw,
                lambda values: _scaled(values, column.factor),
                "a number that stays finite in our unit",
            )
        case _:
            return raw


def _convert_or_refuse(
    dataset: Dataset,
    source: Field,
    raw: pa.Array,
    convert: Callable[[pa.Array], pa.Array],
    expected: str,
) -> pa.Array:
    """`convert(raw)`. If that raises ArrowInvalid, raises WrongAnswer with the first such value."""
    try:
        return convert(raw)
    except pa.ArrowInvalid as error:
        for value in raw.unique():
            try:
                convert(pa.array([value.as_py()], raw.type))
            except pa.ArrowInvalid:
                odd = value.as_py()
                raise WrongAnswer(dataset.endpoint.action, source.name, odd, expected) from error
        raise


def _scaled(raw: pa.Array, factor: float) -> pa.Array:
    """`raw` x `factor` in 64-bit floats, bit for bit as the data dictionary documents it."""
    scaled = pc.multiply(raw, factor)
    if not pc.all(pc.is_finite(scaled), min_count=0).as_py():
        raise pa.ArrowInvalid("beyond 64 bits")
    return scaled


def _instants(raw: pa.Array) -> pa.Array:
    """Instants from RFC 3339 text, truncated to microseconds."""
    try:
        return _in_calendar(raw.cast(TIMESTAMP))
    except pa.ArrowInvalid:
        # Arrow accepts at most as many digits as its unit has; the API (Go) writes up to nine.
        shorter = pc.replace_substring_regex(raw, r"(\.\d{6})\d+", r"\1")
        return _in_calendar(shorter.cast(TIMESTAMP))


def _instants_ms(raw: pa.Array) -> pa.Array:
    return _in_calendar(raw.cast(pa.timestamp("ms", "UTC")).cast(TIMESTAMP))


def _in_calendar(instants: pa.Array) -> pa.Array:
    """`instants` unchanged. Raises ArrowInvalid for one outside of the years 1 to 9999."""
    first, last = (pa.scalar(edge, TIMESTAMP) for edge in _CALENDAR)
    inside = pc.and_(pc.greater_equal(instants, first), pc.less_equal(instants, last))
    if not pc.all(inside, min_count=0).as_py():
        raise pa.ArrowInvalid("outside of the years 1 to 9999")
    return instants


def _as_requested(
    dataset: Dataset, column: Column, values: pa.Array, asked: frozenset[str]
) -> pa.Array:
    """The values, each spelled as it was asked for; an empty `asked` allows all values.

    Raises WrongAnswer for a value that is none of `asked`, whatever the spelling.
    """
    if not asked:
        return values
    found = values.unique().drop_null()
    foreign = found.filter(pc.invert(pc.is_in(found, pa.array(sorted(asked), found.type))))
    if not len(foreign):
        return values
    key = column.spelling.key
    by_key = {key(name): name for name in sorted(asked)}
    spelled = {text: by_key.get(key(text)) for text in foreign.to_pylist()}
    for text, name in spelled.items():
        if name is None:
            wanted = sorted(asked)
            expected = wanted[0] if len(wanted) == 1 else f"one of the {len(wanted)} asked for"
            raise WrongAnswer(dataset.endpoint.action, f"a row's {column.field}", text, expected)
    coded = values.dictionary_encode()
    texts = [spelled.get(text, text) for text in coded.dictionary.to_pylist()]
    return pa.array(texts, values.type).take(coded.indices)


def _as_requested_per_row(
    dataset: Dataset, column: Column, values: pa.Array, wanted: pa.Array
) -> pa.Array:
    """`wanted`, the requested value of each row. Raises WrongAnswer for a row with another value."""
    key = column.spelling.key
    for at in pc.indices_nonzero(pc.fill_null(pc.not_equal(values, wanted), True)).to_pylist():
        text, expected = values[at].as_py(), wanted[at].as_py()
        if text is None or key(text) != key(expected):
            raise WrongAnswer(dataset.endpoint.action, f"a row's {column.field}", text, expected)
    return wanted


def in_one_chunk(tables: list[pa.Table]) -> pa.Table:
    """The tables as one, each column in one chunk. Empties `tables`, to hold no column twice."""
    if len(tables) == 1:
        return tables[0]
    schema = tables[0].schema
    parts = [[table.column(i) for table in tables] for i in range(len(schema))]
    tables.clear()
    columns = []
    for column in parts:
        columns.append(pa.chunked_array([c for one in column for c in one.chunks]).combine_chunks())
        column.clear()
    return pa.table(columns, schema=schema)
