"""Requesting all pages of an answer, and the proof that they are complete.

The API has no cursor and no fixed order: while data changes, a row can move to another page, and
be listed twice or never. Next: `parsing.parse.join`, which also checks that no key comes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

from resources.api.catalog.model import Paging
from resources.api.errors import IncompleteAnswer, printable

PAGING_ATTEMPTS = 4
"""How often all pages are requested before an answer that keeps changing is a failure."""


@dataclass(frozen=True)
class PageFacts:
    """Number, total and rows of one page, as the answer gives them."""

    number: int | None  # page echo; None if the endpoint has none
    total: int
    rows: int


class ParsedPage(Protocol):
    """A parsed page; an answer without pages has no facts."""

    @property
    def facts(self) -> PageFacts | None: ...

    def repeats(self, earlier: Self) -> bool:
        """True if the page holds the rows of an earlier page again."""


P = TypeVar("P", bound=ParsedPage)


class _ShortPages(IncompleteAnswer):
    """The pages do not add up, and the server answers fewer rows a page than asked for."""


def fetch_pages(
    action: str,
    paging: Paging | None,
    payload: Mapping[str, object],
    fetch: Callable[[int, Mapping[str, object]], P],
    *,
    may_repeat: bool = False,
) -> Iterator[P]:
    """All pages of one answer, in order; an answer without `paging` is one page.

    `fetch` makes the call for a page number, with `payload` and the fields of that page. A page is
    given out before it is checked, so a caller may stop early; only all of them are proven.

    If the first page is shorter than asked for and no further page completes it, the server counts
    pages by its own size, and all pages are requested anew at the size seen. The pages from the
    last page 1 on are then the answer.

    Where the total is approximate, pages go on until one is empty. If the first one is shorter than
    asked for, the second is asked at the size seen: so it follows the last row that came, and is
    empty only if there are no more, whatever size the server allows.

    With `may_repeat` a page may hold the rows of the page before, as small pages of a list with equal
    rows do: the caller then holds all rows against another answer.

    Raises IncompleteAnswer if the pages cannot belong to one unchanged answer: a wrong page came, a
    page came again, the total changed, or the rows do not add up to it.
    """
    if paging is None:
        yield fetch(1, payload)
        return
    seen: list[PageFacts] = []
    try:
        yield from _pages_of_size(action, paging, payload, fetch, seen, may_repeat)
    except _ShortPages:
        own = replace(paging, size=seen[0].rows)
        yield from _pages_of_size(action, own, payload, fetch, [], may_repeat)


def _pages_of_size(
    action: str,
    paging: Paging,
    payload: Mapping[str, object],
    fetch: Callable[[int, Mapping[str, object]], P],
    seen: list[PageFacts],
    may_repeat: bool,
) -> Iterator[P]:
    """All pages of `paging.size`; their facts are added to `seen`."""
    earlier: P | None = None
    while (number := next_page(action, paging, seen)) is not None:
        sized = paging
        if paging.is_rough and seen and seen[0].rows < paging.size:
            sized = replace(paging, size=seen[0].rows)
        page = fetch(number, {**payload, **page_payload(sized, number)})
        yield page
        if page.facts is None:
            raise IncompleteAnswer(f"page {number} has no total", action=action)
        seen.append(page.facts)
        if not may_repeat and earlier is not None and page.facts.rows and page.repeats(earlier):
            raise _error_kind(paging, seen)(f"page {number - 1} came again", action=action)
        earlier = page


def page_payload(paging: Paging, number: int) -> dict[str, object]:
    """The request fields for page `number`, 1 is the first."""
    fields = {paging.number_param: number, paging.size_param: paging.size}
    return {k: str(v) if paging.as_text else v for k, v in fields.items()}


def listable(paging: Paging, total: int) -> int:
    """How many of `total` rows the pages list at most."""
    return total if paging.most_rows is None else min(total, paging.most_rows)


def _error_kind(paging: Paging, seen: Sequence[PageFacts]) -> type[IncompleteAnswer]:
    """_ShortPages where another page size may help: the server itself made the first page short."""
    expected = paging.size if paging.is_rough else listable(paging, seen[0].total)
    is_short = paging.smallest <= seen[0].rows < min(paging.size, expected)
    return _ShortPages if is_short and len(seen) > 1 else IncompleteAnswer


def next_page(action: str, paging: Paging, seen: Sequence[PageFacts]) -> int | None:
    """The number of the next page to request, None if all rows are there.

    A page may hold fewer rows than asked for: a server may have a limit of its own. Pages go on
    until the total is there, as long as each brings rows.

    Raises IncompleteAnswer if the pages seen so far cannot belong to one unchanged answer.
    """
    if not seen:
        return 1
    if paging.is_rough:
        return _next_without_total(action, paging, seen)
    last, asked = seen[-1], len(seen)
    expected = listable(paging, seen[0].total)
    got = sum(page.rows for page in seen)
    if last.total != seen[0].total:
        raise IncompleteAnswer(
            f"the total moved from {seen[0].total} to {last.total} rows at page {asked}",
            action=action,
        )
    error = _error_kind(paging, seen)
    if last.number is not None and last.number != asked:
        raise error(f"page {asked} was asked for and page {last.number} came", action=action)
    if last.rows > paging.size or got > expected:
        raise error(
            f"{got} rows came on {asked} pages of {paging.size}, {expected} were announced",
            action=action,
        )
    if got == expected:
        return None
    if not last.rows:
        raise error(
            f"page {asked} of {paging.size} is empty, and {expected - got} of {expected} rows "
            "are still missing",
            action=action,
        )
    return asked + 1


def _next_without_total(action: str, paging: Paging, seen: Sequence[PageFacts]) -> int | None:
    """`next_page` where the total is approximate: only an empty page ends the list."""
    last, asked = seen[-1], len(seen)
    if last.number is not None and last.number != asked:
        raise IncompleteAnswer(
            f"page {asked} was asked for and page {last.number} came", action=action
        )
    if last.rows > paging.size:
        raise IncompleteAnswer(
            f"{last.rows} rows came on page {asked} of {paging.size}", action=action
        )
    if not last.rows:
        return None
    if asked > 1 and seen[0].rows < paging.size:
        raise _error_kind(paging, seen)(
            f"page 1 of {paging.size} has {seen[0].rows} rows, and page {asked} has more",
            action=action,
        )
    return asked + 1


def is_proven_by_itself(paging: Paging | None, seen: Sequence[PageFacts]) -> bool:
    """True if complete pages prove that no row is lacking; else they must come again the same.

    Without a total, a row that moves to an earlier page meanwhile is never listed; and nothing in
    one answer says that an empty list is right if the approximate total is not 0.
    """
    if paging is None or not paging.is_rough:
        return True
    rows = [page.rows for page in seen if page.rows]
    return len(rows) == 1 or (not rows and seen[0].total == 0)


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
