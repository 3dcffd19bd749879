"""Compares a split list with the plain list beside it: which domains were asked for and are not in it.

Not here: the totals that an answer states (totals.py), which are compared for reconciliation only.
Read parse.py next.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import SPLITS, ColumnType, Field
from resources.api.errors import WrongAnswer
from resources.api.parsing.flatten import flatten
from resources.api.request_plan import Request

_SHORT = 0.99
"""Share of the plain list below which the rows of a split lack something."""

_DOMAIN = SPLITS["Domain"]


def absent_domains(request: Request, table: pa.Table) -> tuple[str, ...]:
    """Domains of a split request that have no row in `table`, in order.

    () for a split by places: a client of no known place is in the plain list only, so that list proves
    nothing of a single domain.
    """
    details = request.payload.get("DetailField")
    if not isinstance(details, list) or _DOMAIN.name not in details:
        return ()
    if any(SPLITS[name].filter is None for name in details):
        return ()
    came = {
        _DOMAIN.spelling.key(str(name)) for name in pc.unique(table[_DOMAIN.column]).to_pylist()
    }
    asked = request.within.get(_DOMAIN.column, frozenset())
    return tuple(sorted(name for name in asked if _DOMAIN.spelling.key(name) not in came))


def is_short(dataset: Dataset, table: pa.Table, result: pa.StructArray) -> bool:
    """True if the rows of a split, together, have less of some measure than the plain list has.

    Peaks and shares of a split add up to at least those of the whole, so this holds for all measures.
    """
    return any(
        (pc.sum(table[f.column]).as_py() or 0) < _SHORT * (pc.sum(values).as_py() or 0) * f.factor
        for f, values in _measures(dataset, result)
    )


def check_split_is_empty(dataset: Dataset, request: Request, result: pa.StructArray) -> None:
    """Raise WrongAnswer if the split has no rows although the plain list is above zero.

    A split by province may be empty: it has the provinces of one country only.
    """
    if any(SPLITS[name].partial for name in dataset.split):
        return
    for _, values in _measures(dataset, result):
        if pc.any(pc.greater(values, 0)).as_py():
            raise _wrong(dataset, request, "empty beside a total above zero")


def check_plain_is_empty(
    dataset: Dataset, request: Request, result: pa.StructArray, has_split_rows: bool
) -> None:
    """Raise WrongAnswer if the plain list, which has no rows, stands beside a split that has some."""
    layout = dataset.endpoint.split_rows
    if has_split_rows or (layout is not None and flatten(result, layout).rows):
        raise WrongAnswer(
            dataset.endpoint.action,
            f"Result.{dataset.endpoint.rows.levels[0].name}",
            "empty beside a split with rows",
            f"the whole of {request.payload.get('DetailField')}",
        )


def check_domains(dataset: Dataset, request: Request, absent: tuple[str, ...]) -> None:
    """Raise WrongAnswer if domains are `absent` from a split that falls short of the plain list."""
    if absent:
        raise _wrong(dataset, request, f"without {', '.join(absent[:3])}, and less than the whole")


def _measures(dataset: Dataset, result: pa.StructArray) -> Iterator[tuple[Field, pa.Array]]:
    """The measures of the plain list, which has the figures of all items together."""
    plain = flatten(result, dataset.endpoint.rows)
    for f, values in plain.fields.values():
        if f.kind in (ColumnType.INTEGER, ColumnType.FLOAT) and f.column not in dataset.key:
            yield f, values


def _wrong(dataset: Dataset, request: Request, value: str) -> WrongAnswer:
    layout = dataset.endpoint.split_rows
    return WrongAnswer(
        dataset.endpoint.action,
        f"Result.{layout.levels[0].name if layout else ''}",
        value,
        f"split by {request.payload.get('DetailField')}",
    )
