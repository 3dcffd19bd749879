"""SVG of the last three months of the ledger, for the page of the served copy in Dagster.

Not here: the coverage page that a command writes (pipelines/reports). Read next: warehouse.py.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

import dagster as dg

from resources.archive import Archive
from resources.ledger.states import Entry, State

DAYS = 93
"""Days shown: the history of push datasets, the shortest of the API."""

_COLOURS: Mapping[State, str] = {
    State.CAPTURED: "#2f855a",
    State.EMPTY: "#9ae6b4",
    State.SETTLING: "#bee3f8",
    State.INCOMPLETE: "#ecc94b",
    State.PARTIAL: "#dd6b20",
    State.MISSING: "#cbd5e0",
    State.EXPIRING: "#e53e3e",
    State.LOST: "#4a5568",
}
_LEFT, _TOP, _DAY, _ROW, _BAR = 200, 40, 6, 16, 11  # pixels
_MONTH_LABEL_DAYS = 8  # width of a month's label, in days


def picture(archive: Archive) -> dg.MarkdownMetadataValue:
    """Markdown with an SVG of the last `DAYS` days of the ledger, a row for each dataset."""
    last = archive.today - timedelta(days=1)
    first = max(archive.first_day, last - timedelta(days=DAYS - 1))
    lines = {d.name: archive.ledger(d, first, last) for d in archive.daily}
    encoded = base64.b64encode(svg(lines).encode()).decode()
    title = f"Days captured from {first} to {last}, by dataset"
    return dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{encoded})")


def svg(lines: Mapping[str, Sequence[Entry]]) -> str:
    """SVG document: a bar for each sequence of days in one state, month labels and a legend."""
    days = [line.day for line in max(lines.values(), key=len, default=())]
    width, height = _LEFT + DAYS * _DAY + 10, _TOP + len(lines) * _ROW + 30
    body = [*_months(days), *_rows(lines), *_legend(lines, height - 8)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11" fill="#1a202c">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(body)}</svg>'
    )


def _months(days: Sequence[date]) -> Iterator[str]:
    for month, of_month in groupby(enumerate(days), key=lambda at: f"{at[1]:%Y-%m}"):
        (at, _), *more = of_month
        is_cut = at == 0 and len(more) < min(_MONTH_LABEL_DAYS, len(days) - 1)
        x = _LEFT + at * _DAY
        yield f'<path d="M{x} {_TOP - 6}v-6" stroke="#a0aec0"/>'
        if not is_cut:
            yield f'<text x="{x}" y="{_TOP - 16}">{month}</text>'


def _rows(lines: Mapping[str, Sequence[Entry]]) -> Iterator[str]:
    for row, (name, of_one) in enumerate(lines.items()):
        top, at = _TOP + row * _ROW, 0
        yield f'<text x="{_LEFT - 8}" y="{top + _BAR - 2}" text-anchor="end">{name}</text>'
        for state, run in groupby(line.state for line in of_one):
            days = len(list(run))
            yield (
                f'<rect x="{_LEFT + at * _DAY}" y="{top}" width="{days * _DAY}" '
                f'height="{_BAR}" fill="{_COLOURS[state]}"/>'
            )
            at += days


def _legend(lines: Mapping[str, Sequence[Entry]], bottom: int) -> Iterator[str]:
    present = {line.state for of_one in lines.values() for line in of_one}
    for number, state in enumerate(state for state in State if state in present):
        x = _LEFT + number * 85
        yield f'<rect x="{x}" y="{bottom - 10}" width="11" height="11" fill="{_COLOURS[state]}"/>'
        yield f'<text x="{x + 16}" y="{bottom}">{state.value}</text>'
