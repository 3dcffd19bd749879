"""From decoded answers to the rows of a table: flatten, name, convert, check, sort.

Pure: the same request and the same bytes give the same rows for ever, so raw answers can be read
again years later. All of it works on whole columns; nothing runs once per row. A large answer is
read slice by slice, and sorted piece by piece, so that it takes little more than its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api import pagination
from resources.api.body import Body
from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import ColumnType
from resources.api.errors import IncompleteAnswer, WrongAnswer, printable
from resources.api.parsing.convert import TIMESTAMP, row_schema, table_of
from resources.api.parsing.decode import DecodedResponse, decode, decode_items
from resources.api.parsing.flatten import flatten
from resources.api.parsing.slices import JsonSlicer
from resources.api.parsing.sorting import SortedView, SpilledRows
from resources.api.parsing.totals import Totals, disagreeing_pages
from resources.api.request_plan import Request

__all__ = ["Page", "Rows", "join", "read_page", "row_schema"]

_LARGE_BYTES = 32_000_000
"""Of rows: more are sorted piece by piece."""


@dataclass(frozen=True)
class Page:
    """One answer as rows, in the API's order."""

    table: pa.Table
    facts: pagination.PageFacts | None  # None for an endpoint without pages
    totals: Mapping[str, float] = field(default_factory=dict)  # of an endpoint with pages
    outside: int = 0  # rows whose slot lies outside the window: dropped
    unknown: tuple[str, ...] = ()  # fields that the catalog does not know
    disagreeing: tuple[str, ...] = ()  # totals that are not what the rows add up to
    is_sorted: bool = False  # True: the rows are in the order of their key, and no key came twice
    nbytes: int | None = None  # of memory that the rows take, where it is known


@dataclass(frozen=True)
class Rows:
    """All rows of one request, sorted by the dataset's key, which is unique."""

    table: pa.Table | SortedView | SpilledRows
    outside: int
    unknown: tuple[str, ...]
    disagreeing: tuple[str, ...]
    known_nbytes: int | None = None

    @cached_property
    def nbytes(self) -> int:
        """Bytes of memory that they take; to add them up takes longer than it seems."""
        return int(self.table.nbytes) if self.known_nbytes is None else self.known_nbytes

    def tables(self) -> Iterator[pa.Table]:
        """The rows, some at a time if they are many."""
        if isinstance(self.table, pa.Table):
            yield self.table
        else:
            yield from self.table.tables()

    def spilled(self, folder: Path | None) -> Rows:
        """The same; if they are many, in a file without a name in `folder`."""
        if not isinstance(self.table, SortedView):
            return self
        found = replace(self, table=self.table.spilled(folder))
        pa.default_memory_pool().release_unused()
        return found


def read_page(dataset: Dataset, request: Request, body: Body, number: int = 1) -> Page:
    """The rows of one answer to `request`, page `number`.

    Raises what `answers.decode` raises, and WrongAnswer for a value that is no time or no number,
    a row about something that was not asked for, or a split that did not come.
    """
    endpoint = dataset.endpoint
    reading = _PageReader(dataset, request, number)
    if isinstance(body, bytes):
        decoded = decode(endpoint, body)
    else:
        slices = JsonSlicer(body.pieces(), reading.layout.levels[0].name)
        for items in slices:
            reading.add(decode_items(endpoint, slices.name, items, reading.items, len(body)))
        decoded = decode(endpoint, slices.rest)
    reading.add(decoded)
    return reading.page(decoded.result)


class _PageReader:
    """One answer that is read, in one piece or in slices."""

    def __init__(self, dataset: Dataset, request: Request, number: int) -> None:
        endpoint = dataset.endpoint
        split_rows = endpoint.split_rows if request.is_split else None
        self.layout = split_rows or endpoint.rows
        self.items = 0  # of the outermost list
        self._dataset, self._request = dataset, request
        self._ranked_before = rows_before_page(dataset, number)
        self._rows = self._outside = 0
        self._tables: list[pa.Table] = []
        self._unknown: set[str] = set()
        self._totals = Totals(dataset, is_split=request.is_split)

    def add(self, decoded: DecodedResponse) -> None:
        """Take the rows of a slice, or of the whole."""
        flat = flatten(decoded.result, self.layout)
        before = self._ranked_before + self._rows
        table = table_of(self._dataset, [self._request], flat, [before])
        inside = rows_inside(self._dataset, table, [self._request], flat.answer)
        self._tables.append(table if inside is None else table.filter(inside))
        self._totals.add(flat)
        self._rows += flat.rows
        self._outside += flat.rows - self._tables[-1].num_rows
        self._unknown.update(decoded.unknown)
        self.items += len(flat.items)

    def page(self, result: pa.StructArray) -> Page:
        """All that was taken; `result` is that of the answer but for its slices."""
        endpoint = self._dataset.endpoint
        if self._request.is_split and not self._rows:
            _check_split_is_empty(self._dataset, self._request, result)
        facts, totals = facts_of(self._dataset, result, self._rows)
        is_all_here = not (self._outside or endpoint.paging)
        return Page(
            table=_joined(self._tables),
            facts=facts,
            totals=totals,
            outside=self._outside,
            unknown=tuple(sorted(self._unknown)),
            disagreeing=self._totals.disagreeing(result)[0] if is_all_here else (),
        )


def _joined(tables: list[pa.Table]) -> pa.Table:
    """The tables as one of whole columns; `tables` is emptied, so that each column lies once."""
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


def join(dataset: Dataset, request: Request, walked: Sequence[Page]) -> Rows:
    """The pages of one request as one table, sorted by key.

    Raises IncompleteAnswer if a key came twice: then the pages are not of one moment.
    """
    is_sorted = len(walked) == 1 and walked[0].is_sorted
    table = walked[0].table if is_sorted else _sorted(dataset, request, walked)
    disagreeing = {name for page in walked for name in page.disagreeing}
    if dataset.endpoint.paging is not None:
        totals = walked[0].totals
        disagreeing |= set(disagreeing_pages(dataset, totals, [page.table for page in walked]))
    return Rows(
        table=table,
        outside=sum(p.outside for p in walked),
        unknown=tuple(sorted({name for p in walked for name in p.unknown})),
        disagreeing=tuple(sorted(disagreeing)),
        known_nbytes=walked[0].nbytes if is_sorted else None,
    )


def _sorted(dataset: Dataset, request: Request, walked: Sequence[Page]) -> pa.Table | SortedView:
    """The rows of all pages by key, each of which came once."""
    table = pa.concat_tables([p.table for p in walked])
    key = [name for name in dataset.key if name in table.column_names]
    order = pc.sort_indices(table, [(name, "ascending") for name in key])
    in_order = SortedView(table, order) if table.nbytes > _LARGE_BYTES else None
    table = in_order or table.take(order).combine_chunks()
    twice = _duplicate_key(in_order.tables(key) if in_order else [table], key)
    if twice is not None:
        raise IncompleteAnswer(
            printable(f"a key came twice in {request}: {twice}"), action=dataset.endpoint.action
        )
    return table


def _check_split_is_empty(dataset: Dataset, request: Request, result: pa.StructArray) -> None:
    """No split rows are right only if there is nothing to split."""
    plain = flatten(result, dataset.endpoint.rows)
    for f, values in plain.fields.values():
        is_measure = (
            f.kind in (ColumnType.INTEGER, ColumnType.FLOAT) and f.column not in dataset.key
        )
        if is_measure and pc.any(pc.greater(values, 0)).as_py():
            raise WrongAnswer(
                dataset.endpoint.action,
                f"Result.{_split_list(dataset)}",
                "empty beside a total above zero",
                f"split by {request.payload.get('DetailField')}",
            )


def _split_list(dataset: Dataset) -> str:
    layout = dataset.endpoint.split_rows
    return layout.levels[0].name if layout else ""


def rows_inside(
    dataset: Dataset, table: pa.Table, requests: Sequence[Request], answer: np.ndarray
) -> pa.BooleanArray | None:
    """Which rows begin inside the half-open window of their request; None: all of them.

    `answer` says for each row which of the requests that is; all of them have a window, or none.
    Slots begin in it; an event may have begun long before it, but not after it.
    """
    column = SLOT_START_AT if dataset.bucket_s is not None else dataset.event_start
    windows = [request.window for request in requests if request.window is not None]
    if column is None or not windows:
        return None
    starts, ends = (pa.array(edges, TIMESTAMP) for edges in zip(*windows, strict=True))
    if len(set(windows)) == 1:
        start, end = starts[0], ends[0]
    else:
        start, end = (edges.take(pa.array(answer)) for edges in (starts, ends))
    begins = table.column(column)
    inside = pc.less(begins, end)
    if dataset.event_start is None:
        inside = pc.and_(inside, pc.greater_equal(begins, start))
    return None if pc.all(inside, skip_nulls=False, min_count=0).as_py() else inside


def _duplicate_key(tables: Iterable[pa.Table], key: Sequence[str]) -> str | None:
    """A key that stands in two neighbouring rows of sorted tables, or None."""
    last: list[pa.Table] = []  # the last row of the table before
    for table in tables if key else ():
        both = pa.concat_tables([*last, table.select(key)])
        last = [both.slice(max(0, both.num_rows - 1))]
        same = np.ones(max(0, both.num_rows - 1), dtype=bool)
        for name in key:
            values = both.column(name).combine_chunks()
            below, above = values.slice(0, len(same)), values.slice(1)
            equal = pc.fill_null(pc.equal(below, above), False)
            both_null = pc.and_(pc.is_null(below), pc.is_null(above))
            same &= pc.or_(equal, both_null).to_numpy(zero_copy_only=False)
        if same.any():
            at = int(same.argmax())
            return ", ".join(f"{name}={both.column(name)[at].as_py()}" for name in key)
    return None


def rows_before_page(dataset: Dataset, number: int) -> int:
    """How many rows stand above those of page `number`."""
    paging = dataset.endpoint.paging
    return 0 if paging is None else (number - 1) * paging.size


def facts_of(
    dataset: Dataset, result: pa.StructArray, rows: int
) -> tuple[pagination.PageFacts | None, Mapping[str, float]]:
    """What Result tells of pages and totals, if the endpoint has pages, and holds `rows` itself.

    Raises IncompleteAnswer for numbers of pages that are none.
    """
    endpoint = dataset.endpoint
    if endpoint.paging is None:
        return None, {}
    told = {
        f.name: result.field(f.name)[0].as_py()
        for f in result.type
        if not pa.types.is_nested(f.type) or f.name == endpoint.paging.block
    }
    totals = {t.name: told[t.name] for t in endpoint.totals if told[t.name] is not None}
    return pagination.facts(endpoint.action, endpoint.paging, told, rows), totals
