"""Formatting of figures, days and names for the terminal.

For the usage report see reports/usage/words.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from resources.api import json_log
from resources.api.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console

_log = logging.getLogger("livestats.command")
_WIDE = 200  # columns for tables that go into a pipe or a file


def clean(text: str) -> str:
    r"""Text for a terminal: what it would not print as itself is written as `\x1b`, `\r`, `\u202e`.

    Names from the API are foreign text, and may hold escape sequences. Ends of lines and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\n\t" else _escaped(char) for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def console(*, stderr: bool = False, wide: bool = False) -> Console:
    """A console without automatic highlighting, that escapes as `clean` does.

    `wide` output is not wrapped at 80 columns in a pipe.
    """
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    class CleanConsole(Console):
        def render_str(self, text: str, **more: Any) -> Text:
            return super().render_str(clean(text), **more)  # before widths are measured

        def render(self, *words: Any, **more: Any) -> Iterable[Segment]:
            for text, style, control in super().render(*words, **more):
                yield Segment(text if control else clean(text), style, control)

    is_log = stderr and json_log.is_on()  # no bars between lines of JSON
    made = CleanConsole(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=False if is_log else None,
    )
    if wide and not made.is_terminal:
        made.width = max(made.width, _WIDE)
    return made


def note(text: str, level: int = logging.INFO, **about: object) -> None:
    """Print a message to stderr, apart from the result on stdout; in a log of JSON it is a record.

    `about` are fields of the record, by the names of json_log.ABOUT.
    """
    if json_log.is_on():
        _log.log(level, "%s", text.strip(), extra=about)
    else:
        say(text, err=True)


def say(text: object = "", *, nl: bool = True, err: bool = False) -> None:
    """Print text for people."""
    click.echo(clean(redact(str(text))), nl=nl, err=err)


def emit_json(value: Any) -> None:
    """Print the result as JSON. What a terminal would not print as itself is escaped as in JSON."""
    text = redact(json.dumps(value, ensure_ascii=False, indent=1, default=str))
    if not text.replace("\n", "").isprintable():
        text = "".join(
            char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text
        )
    click.echo(text)


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


def day_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as ranges of consecutive days, both ends included."""
    ordered = sorted(set(days))
    starts = [b for a, b in pairwise(ordered) if b - a > timedelta(days=1)]
    ends = [a for a, b in pairwise(ordered) if b - a > timedelta(days=1)]
    return list(zip([*ordered[:1], *starts], [*ends, *ordered[-1:]], strict=True))


def days_text(days: Iterable[date], most: int = 3) -> str:
    """Days for people: `2026-11-01 to 2026-11-05, 2026-11-09 and 2 more`."""
    ranges = day_ranges(days)
    shown = [f"{a}" if a == b else f"{a} to {b}" for a, b in ranges[:most]]
    more = f" and {len(ranges) - most} more ranges" if len(ranges) > most else ""
    return ", ".join(shown) + more


def names_text(names: Sequence[str], most: int = 4) -> str:
    """Names for people: `isp, region and 3 more`."""
    shown = [clean(name).replace("\n", "\\n") for name in names]
    if len(names) <= most:
        return ", ".join(shown)
    return f"{', '.join(shown[: most - 1])} and {len(names) - most + 1} more"


def stated(word: str, days: Mapping[str, Sequence[date]], why: str) -> list[str]:
    """One line for each group of datasets with the same days."""
    names_by_days: dict[tuple[date, ...], list[str]] = {}
    for name, found in days.items():
        if found:
            names_by_days.setdefault(tuple(found), []).append(name)
    return [
        f"{word}: {names_text(names)} {days_text(found)}: {why}."
        for found, names in names_by_days.items()
    ]
