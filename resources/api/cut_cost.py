"""What a day of a cut takes: requests, and at most how many rows and bytes, from its requests alone.

Not here: which requests these are (request_plan.py, read it next).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resources.api.catalog.datasets import CUT_PREFIX, Dataset
from resources.api.catalog.model import SPLITS, ColumnType
from resources.api.request_plan import Request, width_s

MOST_REQUESTS = 5_000
MOST_ROWS = 5_000_000

_PLACES = {"Area": 12, "Country": 250, "Province": 34}
"""At most so many codes of a level. Levels lie inside each other: the finest one counts."""

_ROWS_OF_A_SLOT = {
    "status_code": 12
}  # a key column beside the slot -> at most so many values of it
_BYTES_OF_A_ROW = 45  # of an answer: the slot and the braces
_BYTES_OF_A_FIGURE = 25


@dataclass(frozen=True, kw_only=True)
class CutCost:
    """A day of a cut."""

    requests: int
    rows: int | None  # at most; None: one for each stream or task, which is not known before
    answer_bytes: int | None  # of the rows, before compression

    @property
    def is_large(self) -> bool:
        """True if it needs `allow = true`."""
        return self.requests > MOST_REQUESTS or (self.rows or 0) > MOST_ROWS


def cost_of(dataset: Dataset, requests: Sequence[Request]) -> CutCost:
    """The cost of a day with these requests."""
    if dataset.bucket_s is None or dataset.endpoint.paging is not None:
        return CutCost(requests=len(requests), rows=None, answer_bytes=None)
    rows = sum(_rows(dataset, request) for request in requests)
    numbers = (ColumnType.INTEGER, ColumnType.FLOAT)
    figures = [c for c in dataset.columns if c.kind in numbers and c.field != "Aggregation"]
    each = _BYTES_OF_A_ROW + _BYTES_OF_A_FIGURE * len(figures)
    return CutCost(requests=len(requests), rows=rows, answer_bytes=rows * each)


def _rows(dataset: Dataset, request: Request) -> int:
    """At most so many rows come back: every value of each split in every slot."""
    seconds = 86_400.0
    if request.window is not None:
        seconds = (request.window[1] - request.window[0]).total_seconds()
    found = max(1, int(seconds) // width_s(dataset, request))
    places: dict[str, int] = {}
    for name in dataset.split:
        values = request.payload.get(SPLITS[name].filter or "")
        if isinstance(values, list):
            found *= len(values)
        else:
            whose = "User" if name.startswith("User") else ""
            finest = max(places.get(whose, 1), _PLACES.get(name.removeprefix("User"), 1))
            places[whose] = finest
    for most in (*places.values(), *(_ROWS_OF_A_SLOT.get(column, 1) for column in dataset.key)):
        found *= most
    return found


def refusal(dataset: Dataset, requests: Sequence[Request]) -> str:
    """Why a cut is not captured: it is large, and nobody has allowed that. "" for all others."""
    if not dataset.is_cut or dataset.is_large_allowed:
        return ""
    cost = cost_of(dataset, requests)
    if not cost.is_large:
        return ""
    section = f"cut.{dataset.name.removeprefix(CUT_PREFIX)}"
    s = "" if cost.requests == 1 else "s"
    rows = "" if cost.rows is None else f" and at most {cost.rows:,} rows"
    return (
        f"a day of {dataset.name} takes {cost.requests:,} request{s}{rows}; above {MOST_REQUESTS:,} "
        f"requests or {MOST_ROWS:,} rows it is not captured unasked. Write allow = true under "
        f"[{section}], or make it smaller: a wider width_s, fewer splits, only some domains"
    )
