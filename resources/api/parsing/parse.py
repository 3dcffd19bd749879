"""Parses responses to sorted rows. Pure: the same request and bytes always give the same rows.

Works on whole columns, and on slices of large responses. Not here: several small responses in one
call (parse_batch.py, read it next), files (lake/parquet.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api import pagination
from resources.api.body import Body
from resources.api.catalog.columns import RANK
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DuplicateKeys, Scope
from resources.api.errors import IncompleteAnswer, printable
from resources.api.parsing import duplicates
from resources.api.parsing.convert import in_one_chunk, row_schema, table_of
from resources.api.parsing.decode import DecodedResponse, decode, decode_items
from resources.api.parsing.echoes import check_echoes
from resources.api.parsing.flatten import FlatRows, flatten
from resources.api.parsing.row_windows import (
    Strange,
    check_window,
    far_slot,
    impossible,
    rows_inside,
)
from resources.api.parsing.slices import JsonSlicer
from resources.api.parsing.slot_steps import check_slots, moved_slots
from resources.api.parsing.sorting import SortedView
from resources.api.parsing.split_items import (
    absent_domains,
    check_plain_is_empty,
    check_split_is_empty,
    is_short,
)
from resources.api.parsing.totals import Totals, changed_sums, disagreeing_pages
from resources.api.request_plan import Request, reads_beside_split

__all__ = ["Page", "Rows", "join", "read_page", "row_schema"]

_HELD_ROWS = 300_000  # of answers whose totals, if they differ, are compared without repeats, too
_LARGE_BYTES = 32_000_000
"""Bytes of rows above which sorting makes no copy (SortedView), to bound memory."""


@dataclass(frozen=True)
class Page:
    """The rows of one response, in the API's order unless `is_sorted`. Ranks count from 1 here."""

    table: pa.Table
    facts: pagination.PageFacts | None  # None: the endpoint has no pages
    totals: Mapping[str, float] = field(default_factory=dict)  # over all pages, as stated
    outside: int = 0  # dropped rows, whose slot is outside of the window
    dropped: pa.Table | None = None  # these rows, where there are several pages to be compared
    unknown: tuple[str, ...] = ()  # fields that the catalog does not know
    disagreeing: tuple[str, ...] = ()  # names of totals that differ from the rows
    sums: tuple[str, ...] = ()  # of totals that all rows add up to, where equal rows count once
    absent: tuple[str, ...] = ()  # domains asked for without a row, where rows are lacking
    is_sorted: bool = False  # rows are in key order, and no key occurs twice
    is_without_result: bool = False  # has no rows only because nothing else was said
    nbytes: int | None = None  # bytes of memory of the rows, if known
    number: int = 1

    def repeats(self, earlier: Page) -> bool:
        """True if the page holds the rows of an earlier page again, dropped ones included."""
        if not self.table.equals(earlier.table):
            return False
        if self.dropped is None or earlier.dropped is None:
            return self.dropped is earlier.dropped
        return bool(self.dropped.equals(earlier.dropped))


@dataclass(frozen=True)
class Rows:
    """All rows of one request, sorted by the dataset's key; each key occurs once.

    `doubled` says that a key came more than once and the dataset declares how to keep it. On several
    pages, that is proven by attempts that all find the same rows: a moved row does not stay where it is.
    """

    table: pa.Table | SortedView
    outside: int
    unknown: tuple[str, ...]
    disagreeing: tuple[str, ...]
    absent: tuple[
        str, ...
    ] = ()  # domains without a row, though the answer counts more than its rows
    known_nbytes: int | None = None
    doubled: bool = False
    needs_second: bool = False  # proven only by another answer with the same rows
    is_without_result: bool = False  # see Page

    @cached_property
    def nbytes(self) -> int:
        """Bytes of memory of the rows. Cached: summing the buffers of a table is slow."""
        return int(self.table.nbytes) if self.known_nbytes is None else self.known_nbytes

    def tables(self) -> Iterator[pa.Table]:
        """The rows, in pieces if they are many."""
        if isinstance(self.table, pa.Table):
            yield self.table
        else:
            yield from self.table.tables()


def read_page(dataset: Dataset, request: Request, body: Body, number: int = 1) -> Page:
    """The rows of one response to `request`, page `number`.

    Raises what `decode.decode` raises, and WrongAnswer for a value that is not a time or a number, an
    echo, a row or a slot width that was not requested, or a missing split.
    """
    endpoint = dataset.endpoint
    reading = _PageReader(dataset, request, number)
    if isinstance(body, bytes):
        decoded = decode(endpoint, body)
    else:
        slices = JsonSlicer(body.pieces(), reading.sliced_list)
        for items in slices:
            if reading.is_beside_split:  # the larger list is passed over
                reading.has_split_rows = True
            else:
                reading.add(decode_items(endpoint, slices.name, items, reading.items, len(body)))
        decoded = decode(endpoint, slices.rest)
    reading.add(decoded)
    return replace(reading.page(decoded.result), is_without_result=decoded.is_without_result)


class _PageReader:
    """Collects the rows of one response, whole or slice by slice."""

    def __init__(self, dataset: Dataset, request: Request, number: int) -> None:
        endpoint = dataset.endpoint
        split_rows = endpoint.split_rows if request.is_split else None
        self.layout = split_rows or endpoint.rows
        self.is_beside_split = reads_beside_split(dataset, request)
        self.has_split_rows = False  # of a split list that is passed over
        self.items = 0  # items of the outermost list so far
        self._dataset, self._request = dataset, request
        self._number = number
        self._rows = self._outside = 0
        self._tables: list[pa.Table] = []
        self._dropped: list[pa.Table] = []  # rows outside of the window, of an endpoint with pages
        self._flats: list[FlatRows] = []  # unless they are too many rows to be held twice
        self._wrong: Strange | None = None  # a row that cannot be of the window
        self._far: Strange | None = None  # a slot more than a width outside of the window
        self._moved: list[str] = []  # per slice: the edge of the window at which slots are moved
        self._unknown: set[str] = set()
        self._totals = Totals(dataset, is_split=request.is_split)

    @property
    def sliced_list(self) -> str:
        """The list that makes an answer large."""
        beside = self._dataset.endpoint.split_rows if self.is_beside_split else None
        return (beside or self.layout).levels[0].name

    def add(self, decoded: DecodedResponse) -> None:
        """Add the rows of a slice, or of the whole response."""
        flat = flatten(decoded.result, self.layout)
        table = table_of(self._dataset, [self._request], flat, self._rows)
        inside = rows_inside(self._dataset, table, [self._request], flat.answer)
        self._tables.append(table if inside is None else table.filter(inside))
        self._moved.append(
            "" if inside is None else moved_slots(self._dataset, self._request, table)
        )
        if inside is not None:
            outside = table.filter(pc.invert(inside))
            self._far = self._far or far_slot(self._dataset, self._request, outside)
            if self._dataset.endpoint.paging is not None:
                self._dropped.append(outside)
        if inside is not None or self._dataset.bucket_s is None:
            self._wrong = self._wrong or impossible(self._dataset, self._request, table)
        self._totals.add(flat)
        self._flats = [*self._flats, flat] if self._rows + flat.rows <= _HELD_ROWS else []
        self._rows += flat.rows
        self._outside += flat.rows - self._tables[-1].num_rows
        self._unknown.update(decoded.unknown)
        self.items += len(flat.items)

    def page(self, result: pa.StructArray) -> Page:
        """All rows added. `result` is the response's Result without its slices."""
        endpoint = self._dataset.endpoint
        check_echoes(endpoint, [self._request], result)
        is_reduced = self._request.is_reduced
        if self._request.is_split and not (self._rows or is_reduced):
            check_split_is_empty(self._dataset, self._request, result)
        if self.is_beside_split and not self._rows:
            check_plain_is_empty(self._dataset, self._request, result, self.has_split_rows)
        moved = set(self._moved) if all(self._moved) else set[str]()
        facts, totals = facts_of(self._dataset, result, self._rows)
        is_all_here = not (self._outside or endpoint.paging or is_reduced)
        table = in_one_chunk(self._tables)
        check_window(self._dataset, self._request, self._wrong, self._far, len(table))
        check_slots(self._dataset, [self._request], table, np.zeros(len(table), dtype=np.int64))
        is_not_compared = self._outside or self.is_beside_split
        absent = () if is_not_compared else absent_domains(self._request, table)
        all_rows = self._totals.disagreeing(result)[0] if is_all_here else ()
        states_once = is_all_here and duplicates.states_once(self._dataset)
        return Page(
            table=table,
            facts=facts,
            totals=totals,
            outside=self._outside,
            dropped=pa.concat_tables(self._dropped) if self._dropped else None,
            absent=absent if absent and is_short(self._dataset, table, result) else (),
            unknown=tuple(sorted(self._unknown)),
            disagreeing=self._disagreeing(all_rows, result, table) if is_all_here else tuple(moved),
            sums=self._totals.sums(result) if states_once and not all_rows else (),
            number=self._number,
        )

    def _disagreeing(
        self, found: tuple[str, ...], result: pa.StructArray, table: pa.Table
    ) -> tuple[str, ...]:
        """Names of totals that differ from the rows, also where rows that are equal count once.

        `found` are those that differ from all rows.
        """
        is_held = sum(flat.rows for flat in self._flats) == len(table)
        if not (found and is_held and duplicates.states_once(self._dataset)):
            return found
        totals = Totals(self._dataset, is_split=self._request.is_split)
        counts, first = duplicates.is_first_of_equal(table), 0
        for flat in self._flats:
            totals.add(flat.filtered(counts[first : first + flat.rows]))
            first += flat.rows
        return totals.disagreeing(result)[0]


def join(
    dataset: Dataset, request: Request, pages: Sequence[Page], *, may_repeat: bool = False
) -> Rows:
    """The pages of one request as one table, sorted by key; `may_repeat` as for `fetch_pages`.

    Raises IncompleteAnswer if a key occurs twice, unless the dataset declares how to keep such rows,
    or an answer without pages says the same twice: between two pages, the data changed.
    """
    pages = sorted(pages, key=lambda page: page.number)
    is_sorted = len(pages) == 1 and pages[0].is_sorted
    table, doubled = (
        (pages[0].table, False) if is_sorted else _sorted(dataset, request, pages, may_repeat)
    )
    disagreeing = {name for page in pages for name in page.disagreeing}
    if dataset.endpoint.paging is not None and not request.is_reduced:
        totals = pages[0].totals
        disagreeing |= set(disagreeing_pages(dataset, totals, [page.table for page in pages]))
    if pages[0].sums and isinstance(table, pa.Table):  # a total may count a repeated row as two
        disagreeing |= set(changed_sums(dataset, pages[0].sums, pages[0].table, table))
    return Rows(
        table=table,
        outside=sum(p.outside for p in pages),
        unknown=tuple(sorted({name for p in pages for name in p.unknown})),
        disagreeing=tuple(sorted(disagreeing)),
        absent=tuple(name for page in pages for name in page.absent),
        known_nbytes=pages[0].nbytes if is_sorted else None,
        doubled=doubled,
        needs_second=not pagination.is_proven_by_itself(
            dataset.endpoint.paging, [page.facts for page in pages if page.facts is not None]
        ),
        is_without_result=any(page.is_without_result for page in pages),
    )


def rows_of_items(dataset: Dataset, rows: Rows, items: Sequence[str]) -> Rows:
    """The rows of some items of a list; an answer for one item has no others."""
    name = {Scope.DOMAINS: "domain", Scope.ADDRESSES: "ip"}.get(dataset.scope)
    if name is None:
        return rows
    wanted = pa.array([*items], pa.string())
    found = [one.filter(pc.is_in(one.column(name), wanted)) for one in rows.tables()]
    return replace(rows, table=pa.concat_tables(found), known_nbytes=None)


def _sorted(
    dataset: Dataset, request: Request, pages: Sequence[Page], may_repeat: bool
) -> tuple[pa.Table | SortedView, bool]:
    """The rows of all pages, sorted by key, and whether a key occurs twice.

    A dropped row that two pages list counts too: another row may have moved, which none of them lists.

    Raises IncompleteAnswer if a key occurs twice where the dataset does not allow it, or because a
    whole page came again.
    """
    table = pa.concat_tables(_ranked(dataset, pages))
    key = [name for name in dataset.key if name in table.column_names]
    order = pc.sort_indices(table, [(name, "ascending") for name in key])
    in_order = SortedView(table, order) if table.nbytes > _LARGE_BYTES else None
    found = in_order or table.take(order).combine_chunks()
    twice = duplicates.repeated_key(in_order.tables(key) if in_order else [found], key)
    if twice is None:
        dropped = [page.dropped for page in pages if page.dropped is not None]
        twice = duplicates.key_on_two_pages(dropped, key)
        if twice is None or dataset.duplicate_keys is not DuplicateKeys.REFUSE:
            return found, twice is not None
    if duplicates.states_once(dataset):
        once = duplicates.without_repeats(dataset, table)
        twice = duplicates.repeated_key([once], key)
        if twice is None:
            return once, False
    is_page_repeated = not may_repeat and duplicates.is_table_repeated(one.table for one in pages)
    if dataset.duplicate_keys is DuplicateKeys.REFUSE or is_page_repeated:
        raise IncompleteAnswer(
            printable(f"a key came twice in {request}: {twice}"), action=dataset.endpoint.action
        )
    if dataset.duplicate_keys is DuplicateKeys.KEEP_ONE:
        return duplicates.keep_one(dataset, table), True
    return duplicates.number_occurrences(dataset, table), True


def _ranked(dataset: Dataset, pages: Sequence[Page]) -> Iterator[pa.Table]:
    """The rows of each page; of a ranked dataset, the ranks count on from page to page."""
    before = 0
    for page in pages:
        table = page.table
        if dataset.ranked and before:
            at = table.schema.get_field_index(RANK)
            table = table.set_column(at, table.field(at), pc.add(table.column(at), before))
        before += page.facts.rows if page.facts else 0
        yield table


def facts_of(
    dataset: Dataset, result: pa.StructArray, rows: int
) -> tuple[pagination.PageFacts | None, Mapping[str, float]]:
    """Paging facts and totals that Result states; None and {} for an endpoint without pages.

    `rows` is the number of rows on this page. A null Result has 0 of 0 rows.
    Raises IncompleteAnswer for invalid paging numbers.
    """
    endpoint = dataset.endpoint
    if endpoint.paging is None:
        return None, {}
    if result.null_count:
        return pagination.PageFacts(number=None, total=0, rows=0), {}
    told = {
        f.name: result.field(f.name)[0].as_py()
        for f in result.type
        if not pa.types.is_nested(f.type) or f.name == endpoint.paging.block
    }
    totals = {t.name: told[t.name] for t in endpoint.totals if told[t.name] is not None}
    return pagination.facts(endpoint.action, endpoint.paging, told, rows), totals
