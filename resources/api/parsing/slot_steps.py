"""Checks that time slots are as asked: where they begin, how far apart they are.

Zero slots may be left out, so gaps prove nothing by themselves. Not here: slots outside of the window
(row_windows.py, read it next).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.errors import WrongAnswer, WrongWidth
from resources.api.request_plan import Request, width_s
from resources.api.windows import VENDOR_ZONE

_IMPOSSIBLE = 1e6
"""Slots of a coarser width are refused if the chance is below one in so many that all slots with
data fell onto that width, one after the other without a gap, by accident."""

_FEWEST_MOVED = 12
"""Slots of a window from which it is no accident that exactly the first or the last of them lacks."""

_SECOND_US = 1_000_000
_VENDOR_US = round(VENDOR_ZONE.utcoffset(None).total_seconds()) * _SECOND_US


def check_slots(
    dataset: Dataset, requests: Sequence[Request], table: pa.Table, answer: np.ndarray
) -> None:
    """Raise WrongAnswer if slots are not of the width asked for.

    `table` has the rows inside the windows, `answer` is the index of the request per row, rising.
    Every slot begins at a multiple of the width. The slots of an answer must not all lie on a
    multiple of it: such an answer is refused if some key has a run of them that is too long for
    chance.
    """
    if dataset.bucket_s is None or not table.num_rows:
        return
    widths = np.array([width_s(dataset, request) for request in requests]) * _SECOND_US
    windows = [request.window for request in requests]
    starts = np.array(
        [0 if w is None else round(w[0].timestamp() * _SECOND_US) for w in windows], dtype=np.int64
    )
    slots = table.column(SLOT_START_AT)
    if len(requests) == 1 and _are_side_by_side(_microseconds(slots.unique()), starts, widths):
        return
    begins = _microseconds(slots)
    width, start = widths[answer], starts[answer]
    places, rest = np.divmod(begins - start, width)
    if rest.any():
        _check_other_grid(dataset, begins, width, rest)
    for at, first, end in _coarse_answers(places, answer):
        if requests[at].is_any_width:
            continue
        step = int(np.gcd.reduce(places[first:end] - places[first]))
        width_us = int(widths[at])
        is_aligned = _is_aligned(int(begins[first]), int(starts[at]), step * width_us)
        rows = table.slice(first, end - first)
        if is_aligned and _longest_run(dataset, rows, places[first:end], step) >= _too_long(step):
            seconds = width_us // _SECOND_US
            raise WrongWidth(dataset.endpoint.action, step * seconds, seconds)


def is_off_grid(dataset: Dataset, request: Request, table: pa.Table) -> np.ndarray:
    """Mask of the slots that begin on none of the grids: the window's, UTC's, the vendor's."""
    width = width_s(dataset, request) * _SECOND_US
    start = 0 if request.window is None else round(request.window[0].timestamp() * _SECOND_US)
    begins = _microseconds(table.column(SLOT_START_AT))
    off: np.ndarray = ((begins - start) % width != 0) & _is_off(begins, np.array(width))
    return off


def moved_slots(dataset: Dataset, request: Request, table: pa.Table) -> str:
    """The edge of the window at which slots lack of which as many came beside the other; "" if none.

    All other slots must be there: then the day is the one asked for, and each value stands under a
    slot before or after its own, by one width or several (half an hour, say, in another time zone).
    Where a window has few slots, as a day has of days, none has come but the one after its end.
    `table` has all rows of an answer, those outside of the window too.
    """
    if dataset.bucket_s is None or request.window is None or not table.num_rows:
        return ""
    width = width_s(dataset, request) * _SECOND_US
    start, end = (round(edge.timestamp() * _SECOND_US) for edge in request.window)
    slots = (end - start) // width
    begins = _microseconds(table.column(SLOT_START_AT).unique())
    if slots < _FEWEST_MOVED:  # of a day: it has come under the next one
        return "EndTime" if (begins == end).all() else ""
    places = {*((begins - start) // width).tolist()}
    inside = [place for place in places if 0 <= place < slots]
    late, early = min(inside, default=0), slots - 1 - max(inside, default=slots - 1)
    if late and places.issuperset(range(late, slots + late)):
        return "StartTime"
    return "EndTime" if early and places.issuperset(range(-early, slots - early)) else ""


def grid_s(rows: Iterable[pa.Table], asked_s: int) -> int:
    """The widest grid, in seconds from midnight UTC, on which all slots of an answer lie.

    0 for an answer without rows. Where it is wider than `asked_s`, the answer alone does not show which
    width its slots have.
    """
    grid = 0
    for table in rows:
        begins = _microseconds(table.column(SLOT_START_AT)) // _SECOND_US
        for first in range(0, len(begins), 64):  # the first slots nearly always decide it
            grid = int(np.gcd.reduce(begins[first : first + 64], initial=grid))
            if grid <= asked_s:
                return grid
    return grid


def _microseconds(times: pa.Array | pa.ChunkedArray) -> np.ndarray:
    found: np.ndarray = times.to_numpy(zero_copy_only=False).view(np.int64)
    return found


def _are_side_by_side(begins: np.ndarray, starts: np.ndarray, widths: np.ndarray) -> bool:
    """True if these slots of one answer show that all of them are right, as nearly always."""
    places, rest = np.divmod(begins - starts, widths)
    return not rest.any() and int(np.gcd.reduce(places - places[0])) == 1


def _check_other_grid(
    dataset: Dataset, begins: np.ndarray, width: np.ndarray, rest: np.ndarray
) -> None:
    """Raise WrongAnswer for a slot that begins on none of the grids: the window's, UTC's, the vendor's.

    They differ for wide slots: hours in zones that are not whole hours from UTC, and days.
    """
    odd = np.flatnonzero((rest != 0) & _is_off(begins, width))
    if len(odd):
        at, seconds = int(odd[0]), int(width[odd[0]]) // _SECOND_US
        shown = f"{np.datetime64(int(begins[at]), 'us')}Z"
        raise WrongAnswer(
            dataset.endpoint.action, "a row's TimeStamp", shown, f"at a multiple of {seconds} s"
        )


def _is_off(begins: np.ndarray, width: np.ndarray) -> np.ndarray:
    off: np.ndarray = (begins % width != 0) & ((begins + _VENDOR_US) % width != 0)
    return off


def _coarse_answers(places: np.ndarray, answer: np.ndarray) -> list[tuple[int, int, int]]:
    """(request, first row, end) of the answers whose slots are all several widths apart.

    `places` are the slots' numbers in their windows. Only odd ones out are searched closely: nearly
    every answer has two slots side by side.
    """
    edges = np.flatnonzero(np.diff(answer, prepend=-1, append=answer[-1] + 1)).tolist()
    found = []
    for first, end in pairwise(edges):
        some = places[first : min(end, first + 64)]
        if np.gcd.reduce(some - some[0]) != 1:
            step = np.gcd.reduce(places[first:end] - places[first])
            if step > 1:
                found.append((int(answer[first]), first, end))
    return found


def _is_aligned(begin: int, start: int, step: int) -> bool:
    """True if slots of the coarse width would begin there: on the window's grid or that of UTC."""
    return begin % step == 0 or (begin - start) % step == 0


def _too_long(step: int) -> int:
    """Length from which a run of slots, each `step` widths after the last, is no accident."""
    return 1 + math.ceil(math.log(_IMPOSSIBLE) / math.log(step))


def _longest_run(dataset: Dataset, rows: pa.Table, places: np.ndarray, step: int) -> int:
    """The most slots of one key that follow each other by exactly `step` widths."""
    names = [n for n in dataset.key if n in rows.column_names and n != SLOT_START_AT]
    keys = zip(*(rows.column(name).to_pylist() for name in names), strict=True) if names else None
    slots: dict[tuple[object, ...], set[int]] = {}
    for key, place in zip(keys or [()] * len(places), places.tolist(), strict=True):
        slots.setdefault(key, set()).add(place)
    longest = 1
    for found in slots.values():
        run = 1
        for one, following in pairwise(sorted(found)):
            run = run + 1 if following - one == step else 1
            longest = max(longest, run)
    return longest
