"""Observations about lists that come in pages: echo, total, size, order, rows that come twice.

Other lists are in of_lists.py. Read next: of_content.py.
"""

from __future__ import annotations

import json
from collections import Counter

from pipelines.probe.answers import number, rows
from pipelines.probe.calls import Reply
from pipelines.probe.codes import refusal
from pipelines.probe.questions import DOMAINS, Questions
from pipelines.probe.topics import Finding, likely, open_, sure

_SMALL_PAGE = 3
_FAR_PAGE = 1000


def _paged(q: Questions) -> list[Reply]:
    """The replies that are a page."""
    return [r for r in q.caller.replies if r.is_good and r.endpoint.paging is not None]


def page_echo(q: Questions) -> Finding:
    """Whether the number of the page comes back."""
    wrong: dict[str, set[str]] = {"other": set(), "missing": set()}
    seen = 0
    for reply in _paged(q):
        paging = reply.endpoint.paging
        if paging is None or paging.echo is None or reply.document.get("Result") is None:
            continue
        block = reply.result if paging.block is None else reply.result.get(paging.block)
        echo = block.get(paging.echo) if isinstance(block, dict) else None
        seen += 1
        if echo is None:
            wrong["missing"].add(reply.action)
        elif number(echo) != number(reply.payload.get(paging.number_param)):
            wrong["other"].add(reply.action)
    for answer, actions in wrong.items():
        if actions:
            return sure("page echo", answer, actions=tuple(sorted(actions)))
    return sure("page echo", "asked") if seen else open_("page echo")


def _total(reply: Reply) -> int | None:
    """The total that a page tells."""
    paging = reply.endpoint.paging
    if paging is None or not reply.is_good:
        return None
    block = reply.result if paging.block is None else reply.result.get(paging.block)
    found = block.get(paging.total) if isinstance(block, dict) else None
    return None if found is None else int(number(found))


def _lacks_rows(reply: Reply) -> bool:
    """Whether a page has fewer or more rows than its total says."""
    paging, told_ = reply.endpoint.paging, _total(reply)
    if paging is None or paging.is_rough or told_ is None:
        return False
    asked = int(number(reply.payload.get(paging.size_param)))
    first = (int(number(reply.payload.get(paging.number_param))) - 1) * asked
    most = told_ if paging.most_rows is None else min(told_, paging.most_rows)
    return len(rows(reply)) != max(0, min(asked, most - first))


def _first_pages(q: Questions) -> list[Reply]:
    """The first page of three lists, as livestats asks for it."""
    return [q.listing, q.pushes_of_day, q.streams]


def total(q: Questions) -> list[Finding]:
    """Whether the total of a list stays, and is the number of its rows."""
    if _total(q.listing) is None:
        return [open_("total")]
    moving, wrong = set(), set()
    short = {one.details["action"] for one in page_size(q) if one.answer == "short"}
    for reply in _first_pages(q):
        paging = reply.endpoint.paging
        if paging is None or not (reply is q.listing or _lacks_rows(reply)):
            continue
        again = q.page_of(reply, 1, int(number(reply.payload[paging.size_param])), again=1)
        if _total(again) not in (None, _total(reply)):
            moving.add(reply.action)
    for reply in _paged(q):
        if reply.action not in moving | short and _lacks_rows(reply):
            wrong.add(reply.action)
    found = [
        sure("total", answer, actions=tuple(sorted(actions)))
        for answer, actions in (("moves", moving), ("other", wrong))
        if actions
    ]
    return found or [sure("total", "same")]


def page_size(q: Questions) -> list[Finding]:
    """Whether pages are as large as asked for; if not, how they are counted, by a second page."""
    found = [one for reply in _first_pages(q) if (one := _short(q, reply)) is not None]
    if not rows(q.listing):
        return found or [open_("page size")]
    q.list_page(2, _SMALL_PAGE)
    return found or [sure("page size", "asked")]


def _short(q: Questions, reply: Reply) -> Finding | None:
    """The finding of a first page with fewer rows than asked for; None unless more rows follow."""
    found, told_ = rows(reply), _total(reply)
    paging = reply.endpoint.paging
    if paging is None or told_ is None or not found or len(found) >= min(told_, paging.size):
        return None
    most = len(found)
    second = rows(q.page_of(reply, 2, max(most, paging.smallest)))
    if not second or second[0] in found:
        return None
    wider = rows(q.page_of(reply, 2, max(most, paging.smallest) + 1))
    is_given = bool(wider) and wider[0] == second[0]
    return likely(
        "page size",
        "short",
        most=most,
        counts="given" if is_given else "asked",
        action=reply.action,
    )


def beyond(q: Questions) -> Finding:
    """What a page behind the last one has."""
    reply = q.list_page(_FAR_PAGE, 1000)
    if reply.failure is not None:
        return refusal("beyond", reply)
    return sure("beyond", "rows" if rows(reply) else "empty")


def doubled(q: Questions) -> Finding:
    """Whether a page lists a row twice, or a domain with two states."""
    actions, count, kinds = set(), 0, set()
    for reply in _paged(q):
        names = Counter(str(row.get("Domain")) for row in rows(reply))
        whole = Counter(json.dumps(row, sort_keys=True) for row in rows(reply))
        equal = sum(n - 1 for n in whole.values())
        found = equal
        if reply.action == DOMAINS:
            found = sum(n - 1 for n in names.values())
            kinds |= {"other"} if found > equal else set()
        if found:
            actions.add(reply.action)
            count = max(count, found)
    if not actions:
        return sure("doubled", "none")
    answer = "other" if "other" in kinds else "equal"
    return sure("doubled", answer, count=min(count, 1000), actions=tuple(sorted(actions)))


OBSERVATIONS = (page_size, beyond)
LATER = (page_echo, total, doubled)
"""Those that look at all replies, whatever was asked."""
