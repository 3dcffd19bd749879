"""Finds the items for which a list is refused, so that a bad item costs only itself.

Here: the order in which parts of a list are asked. Not here: sending a request (fetcher.py).
Read next: learned.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

PROBES = 4
"""Single items that are asked first. If all are refused, the action or the day may be to blame."""


class Outcome(Protocol):
    """The answer to a request, or what stands in its place."""

    @property
    def is_proven(self) -> bool:
        """True if it is a proven answer."""
        ...


A = TypeVar("A", bound=Outcome)


@dataclass(frozen=True)
class TakenApart(Generic[A]):
    """What was found out about the items of a refused list."""

    answers: Mapping[tuple[str, ...], A]
    """Items -> outcome, proven or not; together they are all items of the list."""

    @property
    def good_items(self) -> list[str]:
        """Items with a proven answer, in order."""
        return sorted(i for items, one in self.answers.items() if one.is_proven for i in items)

    @property
    def longest_answered(self) -> int:
        """Number of items of the longest list that was answered."""
        return max((len(items) for items, one in self.answers.items() if one.is_proven), default=0)


def take_apart(
    items: Sequence[str],
    refused: A,
    ask: Callable[[Sequence[str]], A | None],
    max_probes: int = PROBES,
) -> TakenApart[A] | None:
    """Ask the items of a list that was `refused` in parts until each bad item stands alone.

    `ask` gives the outcome for some of the items, None if no further call may be made; parts that
    could not be asked then share the outcome `refused`. Returns None if no single item seems to be
    to blame: `max_probes` of them, the first and the last among these, are all refused, so the list
    is not halved. It is then the action or the day that is refused.
    """
    answers: dict[tuple[str, ...], A] = {}
    for item in [*dict.fromkeys((*probes(items), *items))][:max_probes]:
        answer = ask([item])
        if answer is None:
            return None
        answers[(item,)] = answer
        if answer.is_proven:
            break
    else:
        return None
    tried = {item for part in answers for item in part}
    lists = [[item for item in items if item not in tried]]
    while lists:
        part = lists.pop()
        answer = ask(part) if part else None
        if answer is not None and not answer.is_proven and len(part) > 1:
            middle = len(part) // 2
            lists += [part[middle:], part[:middle]]
        elif part:
            answers[tuple(part)] = refused if answer is None else answer
    return TakenApart(answers)


def probes(items: Sequence[str]) -> list[str]:
    """At most PROBES items: the first, the last, and evenly between them."""
    if len(items) <= PROBES:
        return [*items]
    step = (len(items) - 1) / (PROBES - 1)
    inner = [items[round(i * step)] for i in range(1, PROBES - 1)]
    return [items[0], items[-1], *inner]
