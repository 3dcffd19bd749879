"""Walking the pages of one answer, and proving that all of it came.

The API has no cursor and promises no order: while data still moves, a row can slide from one page
to the next, be listed twice or never. So a walk counts as complete only if every page said the
number that was asked for, the total never changed, the rows add up to it, and no key came twice
(the last is checked where the rows are known, see `rows.join`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resources.api.catalog.model import Paging
from resources.api.errors import IncompleteAnswer, printable

WALKS = 4
"""How often the pages are walked before a moving answer is given up for now."""


@dataclass(frozen=True)
class PageFacts:
    """What one page says of itself."""

    number: int | None  # page echo; None if the endpoint has none
    total: int
    rows: int


def page_payload(paging: Paging, number: int) -> dict[str, object]:
    """The request fields for page `number`, 1 is the first."""
    fields = {paging.number_param: number, paging.size_param: paging.size}
    return {k: str(v) if paging.as_text else v for k, v in fields.items()}


def listable(paging: Paging, total: int) -> int:
    """How many of `total` rows the pages can ever list."""
    return total if paging.most_rows is None else min(total, paging.most_rows)


def next_page(action: str, paging: Paging, seen: Sequence[PageFacts]) -> int | None:
    """The number of the page to ask for next, or None when all rows have come.

    Raises IncompleteAnswer if the pages seen so far cannot belong to one unmoved answer.
    """
    if not seen:
        return 1
    last, asked = seen[-1], len(seen)
    expected = listable(paging, seen[0].total)
    got = sum(page.rows for page in seen)
    if last.number is not None and last.number != asked:
        raise IncompleteAnswer(
            f"page {asked} was asked for and page {last.number} came", action=action
        )
    if last.total != seen[0].total:
        raise IncompleteAnswer(
            f"the total moved from {seen[0].total} to {last.total} rows at page {asked}",
            action=action,
        )
    if last.rows > paging.size or got > expected:
        raise IncompleteAnswer(
            f"{got} rows came on {asked} pages of {paging.size}, {expected} were announced",
            action=action,
        )
    if got == expected:
        return None
    if last.rows < paging.size:
        raise IncompleteAnswer(
            f"page {asked} holds {last.rows} rows of {paging.size}, and {expected - got} of "
            f"{expected} are still missing",
            action=action,
        )
    return asked + 1


def facts(action: str, paging: Paging, result: Mapping[str, object], rows: int) -> PageFacts:
    """Read page number and total from the scalars of Result (numbers may travel as text)."""
    block = result if paging.block is None else result.get(paging.block)
    if not isinstance(block, Mapping):
        raise IncompleteAnswer(f"no {paging.block} in the answer: total unknown", action=action)
    return PageFacts(
        number=None if paging.echo is None else _number(action, block, paging.echo),
        total=_number(action, block, paging.total),
        rows=rows,
    )


def _number(action: str, block: Mapping[str, object], name: str) -> int:
    value = block.get(name)
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        shown = printable(repr(value), longest=80)
        raise IncompleteAnswer(f"{name} is {shown}, not a number", action=action)
    return value
