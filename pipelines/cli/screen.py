"""How figures, days and foreign names are written on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 200  # columns for tables that go into a pipe or a file


def console(*, stderr: bool = False, wide: bool = False) -> Console:
    """A console that neither guesses colours into figures nor breaks lines of a pipe at 80."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if wide and not made.is_terminal:
        made.width = max(made.width, _WIDE)
    return made


def note(text: str) -> None:
    """Tell what is going on, beside the answer: on stderr."""
    click.echo(text, err=True)


def emit_json(value: Any) -> None:
    """An answer for a program."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 day`, `1,234 days`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: float) -> str:
    """Bytes for people: `45.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(number) < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def span(seconds: float) -> str:
    """Seconds for people: `<1 s`, `45 s`, `3 min`, `2 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "<1 s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as runs of consecutive ones, both ends included."""
    found = sorted(set(days))
    starts = [b for a, b in pairwise(found) if b - a > timedelta(days=1)]
    ends = [a for a, b in pairwise(found) if b - a > timedelta(days=1)]
    return list(zip([*found[:1], *starts], [*ends, *found[-1:]], strict=True))


def days_text(days: Iterable[date], most: int = 3) -> str:
    """Days for people: `2026-11-01 to 2026-11-05, 2026-11-09 and 2 more`."""
    found = stretches(days)
    shown = [f"{a}" if a == b else f"{a} to {b}" for a, b in found[:most]]
    more = f" and {len(found) - most} more stretches" if len(found) > most else ""
    return ", ".join(shown) + more


def names_text(names: Sequence[str], most: int = 4) -> str:
    """Names for people: `isp, region and 3 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def stated(word: str, days: Mapping[str, Sequence[date]], why: str) -> list[str]:
    """One line for datasets with the same days."""
    alike: dict[tuple[date, ...], list[str]] = {}
    for name, found in days.items():
        if found:
            alike.setdefault(tuple(found), []).append(name)
    return [
        f"{word}: {names_text(names)} {days_text(found)}: {why}." for found, names in alike.items()
    ]
