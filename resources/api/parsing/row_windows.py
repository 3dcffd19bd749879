"""Compares when rows are with the window that was asked for: which are dropped, which are impossible.

How far a row may lie outside is data of the catalog: `Endpoint.window_slack` and `stamps_days`.
Not here: the steps between slots (slot_steps.py). Read next: parse.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.errors import WrongAnswer
from resources.api.parsing.convert import TIMESTAMP
from resources.api.parsing.slot_steps import is_off_grid
from resources.api.request_plan import Request, width_s
from resources.api.windows import VENDOR_ZONE

Edge: TypeAlias = Any  # a time for all rows, or one per row: pyarrow has no type for either
_AT_AN_END = timedelta(
    seconds=0.5
)  # both ends are inside, the last second of the day before is not


class Strange(NamedTuple):
    """A time of a row outside of the window, and the API's name of its field."""

    field: str
    at: datetime


def rows_inside(
    dataset: Dataset, table: pa.Table, requests: Sequence[Request], answer: np.ndarray
) -> pa.BooleanArray | None:
    """Mask of the rows inside the half-open window of their request; None: all rows are inside.

    `answer` is the index of the request per row. Either all requests have a window or none has.
    A slot must begin inside the window. An event must begin before its end, however early, unless the
    window that was asked for is wider than the one that was wanted.
    """
    column = SLOT_START_AT if dataset.bucket_s is not None else dataset.event_start
    edges = _edges(requests, answer)
    if column is None or edges is None:
        return None
    start, end = edges
    begins = table.column(column)
    inside = pc.less(begins, end)
    if dataset.event_start is None or dataset.endpoint.asked_beyond:
        inside = pc.and_(inside, pc.greater_equal(begins, start))
    return None if pc.all(inside, skip_nulls=False, min_count=0).as_py() else inside


def has_impossible(
    dataset: Dataset, table: pa.Table, requests: Sequence[Request], answer: np.ndarray
) -> bool:
    """True if a row cannot belong to the window of its request: see `impossible`."""
    edges = _edges(requests, answer)
    if edges is None or dataset.times is None:
        return False
    return bool(pc.any(_outside_by(dataset.times, table, edges, _slack(dataset, requests))).as_py())


def impossible(dataset: Dataset, request: Request, table: pa.Table) -> Strange | None:
    """The first row that cannot belong to the window, however the API reads its ends; None: none.

    A slot that lies farther outside than the slack, and an event that ended so long before the
    window or began so long after it.
    """
    return _first_outside(dataset, request, table, _slack(dataset, [request]))


def far_slot(dataset: Dataset, request: Request, outside: pa.Table) -> Strange | None:
    """The first slot that no reading of the window's ends brings; None if there is none.

    A slot beside the window only shows how the API reads them: one that overlaps its start, on a grid
    of its own, or that begins within a width after its end.
    """
    if dataset.bucket_s is None or request.window is None:
        return None
    width = timedelta(seconds=width_s(dataset, request))
    start, begins = pa.scalar(request.window[0], TIMESTAMP), outside.column(SLOT_START_AT)
    is_strange = pc.or_(
        pc.less_equal(begins, pc.subtract(start, pa.scalar(width))),
        pa.array(is_off_grid(dataset, request, outside)),
    )
    early = outside.filter(is_strange).slice(0, 1)
    if early.num_rows:
        return Strange(
            str(dataset.column[SLOT_START_AT].field), early.column(SLOT_START_AT)[0].as_py()
        )
    return _first_outside(dataset, request, outside, width)


def check_window(
    dataset: Dataset, request: Request, wrong: Strange | None, far: Strange | None, inside: int
) -> None:
    """Raise WrongAnswer for a row of another window, or if no slot is inside and one is far."""
    found = wrong or (None if inside else far)
    if found is not None and request.window is not None:
        start, end = (edge.isoformat() for edge in request.window)
        raise WrongAnswer(
            dataset.endpoint.action,
            f"a row's {found.field}",
            found.at.isoformat(),
            f"in {start} .. {end}",
        )


def _slack(dataset: Dataset, requests: Sequence[Request]) -> timedelta:
    if dataset.endpoint.stamps_days:  # in another zone the vendor's day reaches beyond the window
        return _AT_AN_END if all(map(_is_vendor_day, requests)) else timedelta(days=1)
    # Rows are compared with the window that was wanted; what was asked for reaches further.
    slack = dataset.endpoint.window_slack + dataset.endpoint.asked_beyond
    if dataset.bucket_s is None:
        return slack
    return max(slack, timedelta(seconds=max(width_s(dataset, one) for one in requests)))


def _is_vendor_day(request: Request) -> bool:
    if request.window is None:
        return False
    return request.window[0].astimezone(VENDOR_ZONE).time() == time(0)


def _edges(requests: Sequence[Request], answer: np.ndarray) -> tuple[Edge, Edge] | None:
    """Start and end of the window of each row; scalars if all windows are the same."""
    windows = [request.window for request in requests if request.window is not None]
    if not windows:
        return None
    starts, ends = (pa.array(edges, TIMESTAMP) for edges in zip(*windows, strict=True))
    if len(set(windows)) == 1:
        return starts[0], ends[0]
    at = pa.array(answer)
    return starts.take(at), ends.take(at)


def _outside_by(
    times: tuple[str, str], table: pa.Table, edges: tuple[Edge, Edge], slack: timedelta
) -> pa.BooleanArray:
    """Mask of the rows that lie more than `slack` before or behind their window.

    An event that does not end after it began says only when it began.
    """
    begins, ends = (table.column(name) for name in times)
    by = pa.scalar(slack)
    early = pc.less(ends, pc.subtract(edges[0], by))
    if times[0] != times[1]:
        early = pc.and_(early, pc.greater(ends, begins))
    return pc.or_(pc.greater_equal(begins, pc.add(edges[1], by)), early)


def _first_outside(
    dataset: Dataset, request: Request, table: pa.Table, slack: timedelta
) -> Strange | None:
    edges = _edges([request], np.zeros(0, dtype=np.int64))
    if edges is None or dataset.times is None or not table.num_rows:
        return None
    found = table.filter(_outside_by(dataset.times, table, edges, slack)).slice(0, 1)
    if not found.num_rows:
        return None
    begins, ends = (found.column(name)[0].as_py() for name in dataset.times)
    is_late = begins >= edges[1].as_py()
    name = dataset.times[0 if is_late else 1]
    return Strange(str(dataset.column[name].field), begins if is_late else ends)
