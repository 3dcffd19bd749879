"""The shape of answers: types, counts and null patterns of fields that are known; no name, no figure.

Not here: what is concluded (of_*.py). The file that has them is document.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.probe.answers import items, levels_of
from pipelines.probe.calls import Reply
from pipelines.probe.of_content import known_names

Shape = dict[str, Any]

_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    dict: "object",
    list: "list",
}
TYPES = (*_TYPES.values(), "null")
HOW_OFTEN = ("never", "some", "always")
COUNTS = ("0", "1", "2 to 9", "10 to 99", "100 to 999", "1000 or more")


def count_of(number: int) -> str:
    """A count as its order of magnitude: exact ones could be figures of the account."""
    return COUNTS[min(len(str(number)), 4) + 1] if number > 1 else COUNTS[number]


def type_of(value: object) -> str:
    """The JSON type of a value."""
    return "null" if value is None else _TYPES.get(type(value), "object")


def shapes(replies: Iterable[Reply]) -> dict[str, Shape]:
    """Action -> the shape of its good answers, all together."""
    by_action: defaultdict[str, list[Reply]] = defaultdict(list)
    for reply in replies:
        if reply.is_good:
            by_action[reply.action].append(reply)
    return {action: _shape(found) for action, found in sorted(by_action.items())}


def _shape(replies: Sequence[Reply]) -> Shape:
    endpoint = replies[0].endpoint
    found: Shape = {"answers": len(replies)}
    found["Result"] = sorted({type_of(reply.document.get("Result")) for reply in replies})
    lists = {}
    for layout, depth in levels_of(endpoint):
        levels = layout.levels[: depth + 1]
        parents = [p for r in replies for p in items(r.result, levels[:-1]) if p]
        rows = [row for reply in replies for row in items(reply.result, levels)]
        place = ".".join(level.name for level in levels)
        if not place or not parents:
            continue
        known = sorted(known_names(endpoint, levels))
        lists[place] = {
            "list": _values(parents, levels[-1].name),
            "rows": count_of(len(rows)),
            "fields": {name: _values(rows, name) for name in known if any(name in r for r in rows)},
            "other fields": _others(rows, known),
        }
    return {**found, "lists": lists}


def _values(parents: Sequence[Any], name: str) -> Shape:
    """Types of a value over all objects that may have it."""
    values = [parent[name] for parent in parents if name in parent]
    return {
        "types": sorted({type_of(value) for value in values}),
        "null": _share(sum(value is None for value in values), len(values)),
        "missing": _share(len(parents) - len(values), len(parents)),
    }


def _share(part: int, whole: int) -> str:
    return HOW_OFTEN[0 if not part else 2 if part == whole else 1]


def _others(rows: Sequence[Any], known: Sequence[str]) -> Shape:
    """Fields that are not known: how many, and their types. A key may be a name of the account."""
    found = [(name, type_of(value)) for r in rows for name, value in r.items() if name not in known]
    return {
        "count": count_of(len({name for name, _ in found})),
        "types": sorted({kind for _, kind in found}),
    }
