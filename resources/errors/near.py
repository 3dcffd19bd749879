"""Which of the known names a user may have meant.

Not here: the messages around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 4
_ALIKE = 0.5


def names(word: str, known: Iterable[str]) -> list[str]:
    """The names that begin with `word`, or else hold it, or else the nearest one; at most four."""
    listed, sought = [*known], word.lower()
    beginning = [name for name in listed if name.lower().startswith(sought)]
    inside = [name for name in listed if sought in name.lower()]
    found = (beginning or inside) if sought else []
    return sorted(found, key=lambda name: (len(name), name))[:_MOST] or get_close_matches(
        word, listed, n=1, cutoff=_ALIKE
    )


def either(word: str, known: Iterable[str]) -> str:
    """The same as text, such as `edge_stat or edge_stat_account`; "" if none is like it."""
    found = names(word, known)
    if not found:
        return ""
    *others, last = found
    return f"{', '.join(others)} or {last}" if others else last


def hint(word: str, known: Iterable[str]) -> str:
    """The same as a question for a message, or ""."""
    found = either(word, known)
    return f"Did you mean {found}?" if found else ""
