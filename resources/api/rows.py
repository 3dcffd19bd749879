"""From decoded answers to the rows of a table: flatten, name, convert, check.

Pure: the same request and the same bytes give the same rows for ever, so raw answers can be read
again years later. All of it works on whole columns; nothing runs once per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api import pages
from resources.api.answers import decode
from resources.api.catalogue.columns import BUSINESS_DATE, RANK, SLOT_SECONDS, SLOT_START_AT
from resources.api.catalogue.model import SPLITS, Column, Dataset, Field, Kind, Layout, Total
from resources.api.errors import IncompleteAnswer, WrongAnswer, printable
from resources.api.plan import Walk

TIMESTAMP = pa.timestamp("us", "UTC")
_CALENDAR = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

_ARROW: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.INSTANT: TIMESTAMP,
    Kind.INSTANT_MS: TIMESTAMP,
}

_SPLIT_COLUMN: Mapping[str, str] = {name: split.column for name, split in SPLITS.items()}

_TOTALS_AGREE = 1e-4
"""Relative: the vendor's own types are 32-bit floats, and sums of them."""


@dataclass(frozen=True)
class Page:
    """One answer as rows, in the API's order."""

    table: pa.Table
    facts: pages.PageFacts | None  # None for an endpoint without pages
    totals: Mapping[str, float] = field(default_factory=dict)
    outside: int = 0  # rows whose slot lies outside the window: dropped
    unknown: tuple[str, ...] = ()  # fields that the catalogue does not know
    disagreeing: tuple[str, ...] = ()  # totals that are not what the rows add up to


@dataclass(frozen=True)
class Rows:
    """All rows of one walk, sorted by the dataset's key, which is unique."""

    table: pa.Table
    outside: int
    unknown: tuple[str, ...]
    disagreeing: tuple[str, ...]


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
    """The Arrow schema of the dataset's rows without the day: what answers hold."""
    return _schema(tuple(c for c in dataset.columns if c.name != BUSINESS_DATE))


def read_page(dataset: Dataset, walk: Walk, body: bytes, number: int = 1) -> Page:
    """The rows of one answer to `walk`, page `number`.

    Raises what `answers.decode` raises, and WrongAnswer for a value that is no time or no number,
    a row about something that was not asked for, or a split that did not come.
    """
    endpoint = dataset.endpoint
    decoded = decode(endpoint, body)
    result = decoded.result
    layout = endpoint.split_rows if walk.is_split and endpoint.split_rows else endpoint.rows
    flat = _flatten(result, layout)
    if walk.is_split and not flat.rows:
        _refuse_unsplit(dataset, walk, result)
    table = _table(dataset, walk, flat, number)
    table, outside = _inside(dataset, table, walk)
    scalars = {f.name: result.field(f.name)[0].as_py() for f in result.type if _is_scalar(f.type)}
    return Page(
        table=table,
        facts=_facts(dataset, result, scalars, flat.rows),
        totals={t.name: scalars[t.name] for t in endpoint.totals if scalars[t.name] is not None},
        outside=outside,
        unknown=decoded.unknown,
        disagreeing=()
        if outside or endpoint.paging
        else tuple(_disagreeing(dataset, result, flat, is_split=walk.is_split)),
    )


def join(dataset: Dataset, walk: Walk, walked: Sequence[Page]) -> Rows:
    """The pages of one walk as one table, sorted by key.

    Raises IncompleteAnswer if a key came twice: then the pages are not of one moment.
    """
    table = pa.concat_tables([p.table for p in walked])
    key = [name for name in dataset.key if name in table.column_names]
    order = pc.sort_indices(table, [(name, "ascending") for name in key])
    table = table.take(order).combine_chunks()
    twice = _repeated(table, key)
    if twice is not None:
        raise IncompleteAnswer(
            printable(f"a key came twice in {walk}: {twice}"), action=dataset.endpoint.action
        )
    disagreeing = {name for page in walked for name in page.disagreeing}
    if dataset.endpoint.paging is not None:
        disagreeing |= set(_disagreeing_pages(dataset, walked[0].totals, table))
    return Rows(
        table=table,
        outside=sum(p.outside for p in walked),
        unknown=tuple(sorted({name for p in walked for name in p.unknown})),
        disagreeing=tuple(sorted(disagreeing)),
    )


@dataclass(frozen=True)
class _Flat:
    """Fields of all levels, repeated for each innermost row, by name; and where rows came from."""

    fields: Mapping[str, tuple[Field, pa.Array]]
    rows: int
    top: np.ndarray  # for each row, the item of the outermost list that it stands in
    items: pa.StructArray  # the outermost list


def _flatten(result: pa.StructArray, layout: Layout) -> _Flat:
    parents, above = result, list[tuple[Field, pa.Array]]()
    top = np.zeros(len(result), dtype=np.int64)
    items = result
    for depth, level in enumerate(layout.levels):
        lists = pc.struct_field(parents, level.name)
        origin, position = _children(lists, outer=layout.outer and depth > 0)
        children = lists.flatten().take(position)
        above = [(f, values.take(pa.array(origin))) for f, values in above]
        above += [(f, pc.struct_field(children, f.name)) for f in level.fields]
        if depth == 0:
            items, top = children, np.arange(len(children))
        else:
            top = top[origin]
        parents = children
    fields: dict[str, tuple[Field, pa.Array]] = {}
    for f, values in above:
        # Two lists may name a scalar alike (Code, Name): the column, not the field, is unique.
        fields[f.column or _SPLIT_COLUMN.get(f.name, f.name)] = (f, values)
    return _Flat(fields, len(parents), top, items)


def _children(lists: pa.ListArray, *, outer: bool) -> tuple[np.ndarray, pa.Array]:
    """For each child row: the index of its parent, and its position among the flattened items."""
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    origin = np.repeat(np.arange(len(lists)), np.maximum(lengths, 1) if outer else lengths)
    if not outer:
        return origin, pa.array(np.arange(len(origin)))
    empty = lengths[origin] == 0
    return origin, pa.array(np.cumsum(~empty) - 1, mask=empty)


def _table(dataset: Dataset, walk: Walk, flat: _Flat, number: int) -> pa.Table:
    """The declared columns, each from the row, else from the request."""
    schema = row_schema(dataset)
    columns = []
    for target in schema:
        column = dataset.column[target.name]
        values = _values(dataset, walk, flat, column, number)
        if not column.nullable and values.null_count:
            raise WrongAnswer(_action(dataset), f"a row's {column.field}", None, "filled")
        columns.append(values)
    return pa.table(columns, schema=schema)


def _values(dataset: Dataset, walk: Walk, flat: _Flat, column: Column, number: int) -> pa.Array:
    kind = _ARROW[column.kind]
    constant = walk.constants.get(column.name)
    if column.name == SLOT_SECONDS:
        return pa.repeat(pa.scalar(dataset.bucket_s, kind), flat.rows)
    if column.name == RANK:
        paging = dataset.endpoint.paging
        first = (number - 1) * paging.size + 1 if paging else 1
        return pa.array(np.arange(first, first + flat.rows), kind)
    if column.name not in flat.fields:
        if constant is None:
            raise WrongAnswer(_action(dataset), f"a row's {column.field}", "missing", "there")
        return pa.repeat(pa.scalar(constant, kind), flat.rows)
    source, raw = flat.fields[column.name]
    values = _convert(dataset, source, column, raw)
    if constant is not None:
        values = values.fill_null(constant)
        asked = frozenset((constant,))
    else:
        asked = walk.within.get(column.name, frozenset())
    if asked:
        _refuse_unasked(dataset, column, values, asked)
    return values


def _convert(dataset: Dataset, source: Field, column: Column, raw: pa.Array) -> pa.Array:
    """API values in the column's type and unit."""
    match source.kind:
        case Kind.INSTANT:
            if not source.required:
                raw = pc.if_else(pc.equal(raw, ""), None, raw)
            return _checked(dataset, source, raw, _instants, "an RFC 3339 time with an offset")
        case Kind.INSTANT_MS:
            return _checked(
                dataset, source, raw, _instants_ms, "Unix milliseconds of the years 1 to 9999"
            )
        case Kind.FLOAT:
            return _checked(
                dataset,
                source,
                raw,
                lambda values: _scaled(values, column.factor),
                "a number that stays finite in our unit",
            )
        case _:
            return raw


def _checked(
    dataset: Dataset,
    source: Field,
    raw: pa.Array,
    convert: Callable[[pa.Array], pa.Array],
    expected: str,
) -> pa.Array:
    """`convert(raw)`; where it raises ArrowInvalid, WrongAnswer with the first value that does."""
    try:
        return convert(raw)
    except pa.ArrowInvalid as error:
        for value in raw.unique():
            try:
                convert(pa.array([value.as_py()], raw.type))
            except pa.ArrowInvalid:
                odd = value.as_py()
                raise WrongAnswer(_action(dataset), source.name, odd, expected) from error
        raise


def _scaled(raw: pa.Array, factor: float) -> pa.Array:
    """`raw` x `factor` in 64-bit floats: to the last bit what the data dictionary promises."""
    scaled = pc.multiply(raw, factor)
    if not pc.all(pc.is_finite(scaled), min_count=0).as_py():
        raise pa.ArrowInvalid("beyond 64 bits")
    return scaled


def _instants(raw: pa.Array) -> pa.Array:
    """Instants from RFC 3339 text; below a microsecond they are cut."""
    try:
        return _in_calendar(raw.cast(TIMESTAMP))
    except pa.ArrowInvalid:
        # Arrow reads no more digits than its unit has; Go writes up to nine.
        shorter = pc.replace_substring_regex(raw, r"(\.\d{6})\d+", r"\1")
        return _in_calendar(shorter.cast(TIMESTAMP))


def _instants_ms(raw: pa.Array) -> pa.Array:
    return _in_calendar(raw.cast(pa.timestamp("ms", "UTC")).cast(TIMESTAMP))


def _in_calendar(instants: pa.Array) -> pa.Array:
    """The same; ArrowInvalid if any lies where Python and others have no calendar."""
    first, last = (pa.scalar(edge, TIMESTAMP) for edge in _CALENDAR)
    inside = pc.and_(pc.greater_equal(instants, first), pc.less_equal(instants, last))
    if not pc.all(inside, min_count=0).as_py():
        raise pa.ArrowInvalid("outside of the years 1 to 9999")
    return instants


def _refuse_unasked(
    dataset: Dataset, column: Column, values: pa.Array, asked: frozenset[str]
) -> None:
    found = values.unique().drop_null()
    foreign = found.filter(pc.invert(pc.is_in(found, pa.array(sorted(asked), found.type))))
    if len(foreign):
        wanted = sorted(asked)
        expected = wanted[0] if len(wanted) == 1 else f"one of the {len(wanted)} asked for"
        raise WrongAnswer(_action(dataset), f"a row's {column.field}", foreign[0].as_py(), expected)


def _refuse_unsplit(dataset: Dataset, walk: Walk, result: pa.StructArray) -> None:
    """No split rows are right only if there is nothing to split."""
    plain = _flatten(result, dataset.endpoint.rows)
    for f, values in plain.fields.values():
        is_measure = f.kind in (Kind.INTEGER, Kind.FLOAT) and f.column not in dataset.key
        if is_measure and pc.any(pc.greater(values, 0)).as_py():
            raise WrongAnswer(
                _action(dataset),
                f"Result.{_split_list(dataset)}",
                "empty beside a total above zero",
                f"split by {walk.payload.get('DetailField')}",
            )


def _split_list(dataset: Dataset) -> str:
    layout = dataset.endpoint.split_rows
    return layout.levels[0].name if layout else ""


def _inside(dataset: Dataset, table: pa.Table, walk: Walk) -> tuple[pa.Table, int]:
    """Rows that begin inside the half-open window, and how many did not.

    Slots begin in it; an event may have begun long before it, but not after it.
    """
    column = SLOT_START_AT if dataset.bucket_s is not None else dataset.event_start
    if column is None or walk.window is None:
        return table, 0
    start, end = (pa.scalar(edge, TIMESTAMP) for edge in walk.window)
    begins = table.column(column)
    inside = pc.less(begins, end)
    if dataset.event_start is None:
        inside = pc.and_(inside, pc.greater_equal(begins, start))
    kept = table.filter(inside)
    return kept, table.num_rows - kept.num_rows


def _repeated(table: pa.Table, key: Sequence[str]) -> str | None:
    """A key that stands in two neighbouring rows of a sorted table, or None."""
    if table.num_rows < 2 or not key:
        return None
    same = np.ones(table.num_rows - 1, dtype=bool)
    for name in key:
        values = table.column(name)
        below, above = values.slice(0, len(values) - 1), values.slice(1)
        equal = pc.fill_null(pc.equal(below, above), False)
        both_null = pc.and_(pc.is_null(below), pc.is_null(above))
        same &= pc.or_(equal, both_null).to_numpy()
    if not same.any():
        return None
    at = int(same.argmax())
    return ", ".join(f"{name}={table.column(name)[at].as_py()}" for name in key)


def _facts(
    dataset: Dataset, result: pa.StructArray, scalars: Mapping[str, object], rows: int
) -> pages.PageFacts | None:
    paging = dataset.endpoint.paging
    if paging is None:
        return None
    block = {} if paging.block is None else {paging.block: result.field(paging.block)[0].as_py()}
    return pages.facts(dataset.endpoint.action, paging, {**scalars, **block}, rows)


def _disagreeing(
    dataset: Dataset, result: pa.StructArray, flat: _Flat, *, is_split: bool
) -> Iterator[str]:
    """Names of totals that the rows below do not add up to, of Result or of any split item.

    A split adds up to the total of Result besides, or one of its values is missing: except for
    peaks, and for dimensions whose values overlap.
    """
    holders = flat.items if is_split else result
    overlaps = any(SPLITS[name].overlaps for name in dataset.split)
    for total in dataset.endpoint.totals:
        if total.of is None:
            continue
        told = _floats(pc.struct_field(holders, total.name))
        values = next((v for f, v in flat.fields.values() if f.name == total.of), None)
        if values is None:
            continue
        summed = _fold(total, values, flat.top if is_split else np.zeros(flat.rows, int), len(told))
        known = ~np.isnan(told)
        agree = np.allclose(summed[known], told[known], rtol=_TOTALS_AGREE, atol=1e-6)
        if is_split and not overlaps and total.how == "sum":
            (whole,) = _floats(pc.struct_field(result, total.name))
            agree &= np.isnan(whole) or np.isclose(summed.sum(), whole, _TOTALS_AGREE, 1e-6)
        if not agree:
            yield total.name


def _fold(total: Total, values: pa.Array, groups: np.ndarray, count: int) -> np.ndarray:
    numbers = np.nan_to_num(_floats(values))
    folded = np.zeros(count)
    (np.maximum if total.how == "max" else np.add).at(folded, groups, numbers)
    return folded


def _disagreeing_pages(
    dataset: Dataset, totals: Mapping[str, float], table: pa.Table
) -> Iterator[str]:
    """The same for totals over all pages, from the finished columns."""
    by_field = {c.field: c for c in dataset.columns}
    for total in dataset.endpoint.totals:
        column = by_field.get(total.of)
        if total.of is None or column is None or total.name not in totals:
            continue
        summed = np.nansum(_floats(table.column(column.name))) / column.factor
        if not np.isclose(summed, totals[total.name], rtol=_TOTALS_AGREE, atol=1e-6):
            yield total.name


def _floats(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """As 64-bit floats, null as NaN; beyond 2^53 the last digits of integers go, unlike Arrow's."""
    floats: np.ndarray = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats


def _is_scalar(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind)


def _action(dataset: Dataset) -> str:
    return dataset.endpoint.action
