"""Parses many small responses of one dataset in one call: per-call overhead exceeds their rows' cost.

Each page equals that of `parse.read_page`, but sorted. If any response is irregular, the batch gives
None and each one is parsed alone, which raises the error. Read lake/parquet.py next.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.body import Body
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import ColumnType
from resources.api.errors import ApiError
from resources.api.pagination import PageFacts
from resources.api.parsing.convert import table_of
from resources.api.parsing.decode import decode_batch, one_piece
from resources.api.parsing.echoes import check_echoes
from resources.api.parsing.flatten import FlatRows, flatten
from resources.api.parsing.parse import Page, facts_of, read_page
from resources.api.parsing.row_windows import has_impossible, rows_inside
from resources.api.parsing.slot_steps import check_slots, moved_slots
from resources.api.parsing.split_items import absent_domains, is_short
from resources.api.parsing.totals import Totals
from resources.api.request_plan import Request, reads_beside_split

T = TypeVar("T")

MOST_BYTES = 4_000_000
"""Maximum bytes of a batch. Larger ones cost the same per byte and take more memory."""


def batch_key(dataset: Dataset, request: Request) -> Hashable | None:
    """Batch key. Responses with equal keys can be parsed together; None means parse alone."""
    if any(dataset.column[name].kind is ColumnType.FLOAT for name in dataset.key):
        return None  # -0.0 and 0.0 are equal but not the same, and NaN has no order
    if request.is_reduced or reads_beside_split(dataset, request):
        return None  # whether the split has rows that the plain list lacks is checked there
    has_window = request.window is not None
    return (
        dataset,
        request.is_split,
        has_window,
        frozenset(request.constants),
        frozenset(request.within),
    )


def read_batch(
    dataset: Dataset, asked: Sequence[tuple[Request, int]], bodies: Sequence[bytes]
) -> list[Page] | None:
    """The page of each response; None if they must be parsed one by one.

    `asked` is (request, page number) per body; all requests have the same `batch_key`. The tables
    of the pages are slices of one table.
    """
    requests = [request for request, _ in asked]
    results = decode_batch(dataset.endpoint, bodies)
    if results is None:
        return None
    split_rows = dataset.endpoint.split_rows if requests[0].is_split else None
    flat = flatten(results, split_rows or dataset.endpoint.rows)
    came = np.bincount(flat.answer, minlength=len(requests))
    if requests[0].is_split and not came.all():
        return None  # right only if there is nothing to split: `parse.read_page` checks that
    try:
        check_echoes(dataset.endpoint, requests, results)
        table = table_of(dataset, requests, flat)
        facts = _facts(dataset, results, came)
        inside = rows_inside(dataset, table, requests, flat.answer)
        may_be_of_others = inside is not None or dataset.bucket_s is None
        if may_be_of_others and has_impossible(dataset, table, requests, flat.answer):
            return None  # of another window: `parse.read_page` says so
        whole, answer = table, flat.answer
        if inside is not None:
            table = whole.filter(inside)
            answer = answer[_booleans(inside)]
            if (came[np.bincount(answer, minlength=len(requests)) == 0] > 0).any():
                return None  # maybe the answer for another window: `parse.read_page` checks that
            if _has_moved(dataset, requests, whole, flat.answer):
                return None  # `parse.read_page` says where
        check_slots(dataset, requests, table, answer)
    except ApiError:
        return None
    sorted_table = _sorted(dataset, requests, table, answer)
    if sorted_table is None:
        return None
    if requests[0].is_split and _lacks_domains(dataset, requests, table, answer, results):
        return None  # `parse.read_page` names them
    kept = np.bincount(answer, minlength=len(requests))
    starts, outside = (np.cumsum(kept) - kept).tolist(), (came - kept).tolist()
    dropped = _dropped(dataset, whole, inside, outside)
    disagreeing = _disagreeing(dataset, requests, flat, results)
    row_bytes = sorted_table.nbytes / max(1, len(answer))
    return [
        Page(
            table=sorted_table.slice(start, rows),
            facts=facts[i][0],
            totals=facts[i][1],
            outside=outside[i],
            dropped=dropped[i],
            disagreeing=() if outside[i] else disagreeing[i],
            is_sorted=True,
            nbytes=round(rows * row_bytes),
            number=asked[i][1],
        )
        for i, (start, rows) in enumerate(zip(starts, kept.tolist(), strict=True))
    ]


def read_batched(
    dataset: Dataset, answers: Iterable[tuple[T, Request, int, Body]]
) -> Iterator[tuple[T, Request, Callable[[], Page]]]:
    """(mark, request, function that returns the page) per response, in order; small ones in batches.

    `answers` are (mark, request, page number, body); the mark is returned as it is. Call the function
    before taking the next item. It raises what `parse.read_page` raises.
    """
    some: list[tuple[T, Request, int, bytes]] = []
    size, alike = 0, None
    for mark, request, number, body in answers:
        of_kind = batch_key(dataset, request) if isinstance(body, bytes) else None
        if of_kind != alike or size + len(body) > MOST_BYTES:
            yield from _read_group(dataset, some)
            some, size, alike = [], 0, of_kind
        if isinstance(body, bytes) and of_kind is not None:
            some.append((mark, request, number, body))
            size += len(body)
        else:
            yield mark, request, partial(read_page, dataset, request, body, number)
    yield from _read_group(dataset, some)


def _read_group(
    dataset: Dataset, some: Sequence[tuple[T, Request, int, bytes]]
) -> Iterator[tuple[T, Request, Callable[[], Page]]]:
    """`read_batched` for small responses with one batch key."""
    asked = [(request, number) for _, request, number, _ in some]
    pages = read_batch(dataset, asked, [one[-1] for one in some]) if len(some) > 1 else None
    for i, (mark, request, number, body) in enumerate(some):
        if pages is None:
            yield mark, request, partial(read_page, dataset, request, body, number)
        else:
            yield mark, request, partial(pages.__getitem__, i)


def _facts(
    dataset: Dataset, results: pa.StructArray, came: np.ndarray
) -> list[tuple[PageFacts | None, Mapping[str, float]]]:
    if dataset.endpoint.paging is None:
        return [(None, {})] * len(results)
    return [facts_of(dataset, results.slice(i, 1), rows) for i, rows in enumerate(came.tolist())]


def _dropped(
    dataset: Dataset, table: pa.Table, inside: pa.ChunkedArray | None, outside: Sequence[int]
) -> list[pa.Table | None]:
    """Per response: its rows outside of the window, which `Page.dropped` holds; None if it has none.

    `table` has the rows of all responses in their order, `outside` says how many each drops.
    """
    if inside is None or dataset.endpoint.paging is None:
        return [None] * len(outside)
    dropped, ends = table.filter(pc.invert(inside)), accumulate(outside)
    return [
        dropped.slice(end - rows, rows) if rows else None
        for end, rows in zip(ends, outside, strict=True)
    ]


def _disagreeing(
    dataset: Dataset, requests: Sequence[Request], flat: FlatRows, results: pa.StructArray
) -> list[tuple[str, ...]]:
    """Per response: names of totals that differ from its rows. Totals over pages are not checked here."""
    if dataset.endpoint.paging is not None:
        return [()] * len(requests)
    totals = Totals(dataset, is_split=requests[0].is_split, answers=len(requests))
    totals.add(flat)
    return totals.disagreeing(results)


def _has_moved(
    dataset: Dataset, requests: Sequence[Request], table: pa.Table, answer: np.ndarray
) -> bool:
    """True if the slots of a response are moved by one; `table` has rows outside of the windows too."""
    edges = np.searchsorted(answer, np.arange(len(requests) + 1)).tolist()
    parts = (table.slice(first, end - first) for first, end in pairwise(edges))
    return any(moved_slots(dataset, *one) for one in zip(requests, parts, strict=True))


def _lacks_domains(
    dataset: Dataset,
    requests: Sequence[Request],
    table: pa.Table,
    answer: np.ndarray,
    results: pa.StructArray,
) -> bool:
    """True if a response leaves out a domain, and its plain list counts more than its rows."""
    edges = np.searchsorted(answer, np.arange(len(requests) + 1)).tolist()
    for i, (first, end) in enumerate(pairwise(edges)):
        rows = table.slice(first, end - first)
        if absent_domains(requests[i], rows) and is_short(dataset, rows, results.slice(i, 1)):
            return True
    return False


def _booleans(mask: pa.ChunkedArray) -> np.ndarray:
    found: np.ndarray = mask.fill_null(False).to_numpy()
    return found


def _sorted(
    dataset: Dataset, requests: Sequence[Request], table: pa.Table, answer: np.ndarray
) -> pa.Table | None:
    """The rows sorted by response and key, as `parse.join` sorts; None if a key occurs twice.

    Response and key are combined into one integer per row, which also shows whether the rows are
    in order already. None also if that integer would exceed 63 bits.
    """
    place, places = answer.astype(np.int64), len(requests)
    for name in dataset.key:
        if name not in table.column_names or name in requests[0].constants:
            continue  # constant within each response
        values, count = _ranks(table.column(name))
        places *= count
        if places >= 2**63:
            return None
        place = place * count + values
    if (np.diff(place) > 0).all():
        return table
    order = np.argsort(place, kind="stable")
    if not np.diff(place[order]).all():
        return None
    return table.take(pa.array(order))


def _ranks(column: pa.ChunkedArray) -> tuple[np.ndarray, int]:
    """Per value: its rank among the distinct values, null last; and the number of ranks."""
    found = one_piece(column).dictionary_encode()
    order = pc.sort_indices(found.dictionary).to_numpy()
    places = np.empty(len(order) + 1, dtype=np.int64)
    places[order], places[-1] = np.arange(len(order)), len(order)
    return places[found.indices.fill_null(len(order)).to_numpy()], len(places)
