"""Observations about content: fields, types, echoes, totals, and requests that are quoted.

They look at all replies that came. Read next: of_refusals.py.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pipelines.probe.answers import details, items, levels_of, listed, number, rows, split_rows
from pipelines.probe.calls import Reply
from pipelines.probe.questions import Questions
from pipelines.probe.topics import Confidence, Detail, Finding, open_, sure
from resources.api.catalog.model import ColumnType, Endpoint, Field, ListLevel
from resources.api.catalog.parameters import WireType

LONG_S = 10.0
LARGE_BYTES = 5_000_000

_API_NAME = re.compile(r"[A-Z][A-Za-z0-9]{1,39}")
_NUMBERS = (ColumnType.FLOAT, ColumnType.INTEGER, ColumnType.INSTANT_MS)


def _good(q: Questions) -> Iterator[Reply]:
    return (reply for reply in q.caller.replies if reply.is_good)


def known_names(endpoint: Endpoint, levels: Sequence[ListLevel]) -> frozenset[str]:
    """The fields that the innermost of `levels` may have."""
    inner = {layout.levels[n].name for layout, n in levels_of(endpoint)}
    level = levels[-1]
    totals = {total.name for total in endpoint.totals}
    ignored = {one.name for one in (*level.ignored_lists, *endpoint.ignored_lists)}
    return frozenset({f.name for f in level.fields} | inner | totals | ignored)


def _rows_of(reply: Reply) -> Iterator[tuple[Sequence[ListLevel], dict[str, Any]]]:
    """Every object of every list, with the levels down to it."""
    for layout, depth in levels_of(reply.endpoint):
        levels = layout.levels[: depth + 1]
        if levels[-1].name:
            for row in items(reply.result, levels):
                yield levels, dict(row)


def new_field(q: Questions) -> Finding:
    """Fields of rows that the catalog does not know. Their names are for the screen alone."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    values: set[str] = set()
    for reply in _good(q):
        for levels, row in _rows_of(reply):
            found[reply.action] |= row.keys() - known_names(reply.endpoint, levels)
            values |= {str(value) for value in row.values() if isinstance(value, str)}
    found = defaultdict(set, {action: names for action, names in found.items() if names})
    if not found:
        return sure("new field", "none")
    names = sorted(set().union(*found.values()))
    # A key may be a name of the account; a field has a name of another form.
    shown = [name for name in names if _API_NAME.fullmatch(name) and name not in values]
    actions = tuple(sorted(found))
    told: dict[str, Detail] = {"count": min(len(names), 1000), "actions": actions}
    return Finding("new field", "some", Confidence.SURE, told, ", ".join(shown[:10]))


def missing_field(q: Questions) -> Finding:
    """Documented fields that a row lacks."""
    actions, fields = set(), set()
    for reply in _good(q):
        for levels, row in _rows_of(reply):
            lacking = {f.name for f in levels[-1].fields if f.required and f.name not in row}
            if lacking:
                actions.add(reply.action)
                fields |= lacking
    if not actions:
        return sure("missing field", "none")
    return sure(
        "missing field", "some", fields=tuple(sorted(fields)), actions=tuple(sorted(actions))
    )


def _fits(field: Field, value: Any) -> str:
    """How a value differs from the documented type: not at all (""), "quoted" or "other"."""
    if value is None and not field.required:
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if field.kind in _NUMBERS:
        if is_number:
            return ""
        quoted = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", value)
        return "quoted" if quoted else "other"
    if field.kind is ColumnType.BOOLEAN:
        return "" if isinstance(value, bool) else "other"
    return "" if isinstance(value, str) else "other"


def types(q: Questions) -> list[Finding]:
    """Whether numbers are numbers and texts are texts."""
    wrong: dict[str, tuple[set[str], set[str]]] = {
        "quoted": (set(), set()),
        "other": (set(), set()),
    }
    quoted_as_documented = {"DescribeLiveTopPlayData"}
    for reply in _good(q):
        for levels, row in _rows_of(reply):
            for field in levels[-1].fields:
                how = _fits(field, row[field.name]) if field.name in row else ""
                if how and not (how == "quoted" and reply.action in quoted_as_documented):
                    wrong[how][0].add(field.name)
                    wrong[how][1].add(reply.action)
    found = [
        sure("type", how, fields=tuple(sorted(fields)), actions=tuple(sorted(actions)))
        for how, (fields, actions) in wrong.items()
        if actions
    ]
    return found or [sure("type", "documented")]


def _how_echoed(kind: WireType, value: Any, asked: Any) -> str:
    """How an echo differs from what was asked: an answer of the topic, or "" if it means the same."""
    if kind is WireType.TIME:
        try:
            gap = datetime.fromisoformat(str(value)) - datetime.fromisoformat(str(asked))
            return "" if abs(gap.total_seconds()) <= 1 else "other"
        except (ValueError, TypeError):
            return "other"
    if not isinstance(asked, list):
        return "" if str(value).lower() == str(asked).lower() else "other"
    if not isinstance(value, list):
        return "other"
    some, others = [str(v).lower() for v in value], [str(v).lower() for v in asked]
    if set(some) == set(others) and (some == others or len(set(others)) < len(others)):
        return ""
    if sorted(some) == sorted(others):
        return "turned"
    if set(some) < set(others):
        return "shorter"
    return "longer" if set(some) > set(others) else "other"


def echoes(q: Questions) -> list[Finding]:
    """Whether parameters come back as they were asked. Widths and windows have their own topics."""
    wrong: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for reply in _good(q):
        for parameter in reply.endpoint.parameters:
            name, value = parameter.name, reply.result.get(parameter.name)
            apart = (*reply.endpoint.times, "Aggregation")
            if not parameter.echoed or name in apart or value is None or name not in reply.payload:
                continue
            how = _how_echoed(parameter.wire_type, value, reply.payload[name])
            if how == "shorter" and name == "DomainList" and _explained(reply, value):
                continue  # of_lists.items tells it
            if how:
                wrong[how, name].add(reply.action)
    found = [
        sure("echo", how, parameter=name, actions=tuple(sorted(actions)))
        for (how, name), actions in sorted(wrong.items())
    ]
    return found or [sure("echo", "same")]


def _explained(reply: Reply, echo: list[Any]) -> bool:
    """Whether the answer is about the domains of its echo, and only those."""
    has = {str(item.get("Domain")).lower() for item in (details(reply) or rows(reply))}
    asked = {str(name).lower() for name in reply.payload["DomainList"]}
    skipped = asked - {str(name).lower() for name in echo}
    known = has & asked
    return not (skipped & known) and (bool(known) or len(asked) > len(skipped) > 0)


def sums(q: Questions) -> list[Finding]:
    """Whether totals are what the rows add up to, in answers that are not cut into pages."""
    wrong: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    seen = 0
    for reply in _good(q):
        if not _is_whole(reply) or (split_rows(reply) and not rows(reply)):
            continue
        for total in reply.endpoint.totals:
            if total.of is None or total.name not in reply.result:
                continue
            parts = [number(row.get(total.of)) for row in rows(reply)]
            added = (max(parts, default=0.0) if total.how == "max" else sum(parts)) or 0.0
            stated = number(reply.result[total.name])
            seen += bool(stated)
            if abs(stated - added) <= 1e-6 * max(abs(stated), abs(added)) + 1e-9:
                continue
            times = round(stated / added) if added else 0
            is_whole = 2 <= times <= 9 and abs(stated - times * added) <= 1e-6 * abs(stated)
            wrong["times" if is_whole else "other", times if is_whole else 0].add(reply.action)
    found = []
    for (how, times), actions in sorted(wrong.items()):
        more = {"times": times} if times else {}
        found.append(sure("sums", how, actions=tuple(sorted(actions)), **more))
    return found or [sure("sums", "agree") if seen else open_("sums")]


def _is_whole(reply: Reply) -> bool:
    """False for one page of several."""
    paging = reply.endpoint.paging
    if paging is None:
        return True
    block = reply.result if paging.block is None else reply.result.get(paging.block)
    told = block.get(paging.total) if isinstance(block, dict) else None
    return told is not None and len(
        listed(reply.result, reply.endpoint.rows.levels[0].name)
    ) == int(number(told))


def quoted(q: Questions) -> Finding:
    """Whether an answer quotes the request with its signature."""
    actions = {reply.action for reply in _good(q) if reply.quotes_request}
    if actions:
        return sure("quoted", "yes", actions=tuple(sorted(actions)))
    return sure("quoted", "no")


def _of_some(topic: str, actions: set[str]) -> Finding:
    if actions:
        return sure(topic, "some", actions=tuple(sorted(actions)))
    return sure(topic, "none")


def unsteady(q: Questions) -> Finding:
    """Calls that had to be repeated, or failed though others of the action did not."""
    good = {reply.action for reply in _good(q)}
    passing = ("throttled", "server fault", "page of a gateway", "no JSON", "connection broken")
    found = {reply.action for reply in _good(q) if reply.attempts > 1}
    for reply in q.caller.replies:
        if reply.failure is not None and reply.failure.kind in passing and reply.action in good:
            found.add(reply.action)
    return _of_some("unsteady", found)


def slow(q: Questions) -> Finding:
    """Answers that take long."""
    return _of_some("slow", {reply.action for reply in _good(q) if reply.seconds > LONG_S})


def large(q: Questions) -> Finding:
    """Answers of many bytes."""
    return _of_some("large", {reply.action for reply in _good(q) if reply.size > LARGE_BYTES})


OBSERVATIONS = (new_field, missing_field, types, echoes, sums, quoted, unsteady, slow, large)
