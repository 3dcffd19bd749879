"""The cards on top of the coverage page: what follows from the ledger, in words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from pipelines.cli import screen
from pipelines.reports.coverage.report import NEEDS, Report, alike
from resources.ledger.states import Entry

_MOST = 7  # lines of a list; the calendar shows all
DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b(?: \d\d:\d\d\b)?")


def text(value: object) -> str:
    """Foreign text as HTML text or as the value of a quoted attribute."""
    # Bytes of a path that are no UTF-8 come as surrogates, which no file can hold.
    return html.escape(str(value).encode("utf-8", "backslashreplace").decode(), quote=True)


def cards(report: Report) -> Iterator[tuple[str, str]]:
    """Title and content of each card, as HTML."""
    for title, content in (
        ("What needs a person", _needs(report)),
        ("Last capture", _newest(report)),
        (f"What expires within {screen.counted(report.warning_days, 'day')}", _expiring(report)),
        ("What was lost, and since when", _lost(report)),
        ("Restated by the vendor", _restated(report)),
        ("Rows not of this version", _stale(report)),
    ):
        # A date that is broken at its hyphens is hard to read.
        yield title, DATE.sub(r"<time>\g<0></time>", content)


def _list(items: Iterable[str]) -> str:
    found = list(items)
    if not found:
        return ""
    shown = [f"<li>{item}</li>\n" for item in found[:_MOST]]
    if len(found) > _MOST:
        shown.append(f'<li class="pale">and {len(found) - _MOST:,} more: see the calendar</li>\n')
    return f"<ul>{''.join(shown)}</ul>\n"


def _needs(report: Report) -> str:
    items = []
    for kind, days in report.needs_once.items():
        for names, found in alike(days):
            problems = dict.fromkeys(p for n in names for p in report.problems_of(n, found))
            why = "".join(f'<br><span class="pale">{text(p)}</span>' for p in list(problems)[:2])
            items.append(f"{NEEDS[kind]}: {_these(names, found)}{why}")
    hint = "<p>Next: <code>livestats backfill</code></p>"
    if items:
        return _list(items) + hint
    return f"<p>Nothing.</p>{hint if report.can_be_asked else ''}"


def _expiring(report: Report) -> str:
    items = (
        f"on <strong>{report.local(until)}</strong>: "
        + "; ".join(f"{_names(names)} of {day}" for day, names in days.items())
        for until, days in report.expiring.items()
    )
    return _list(items) or "<p>Nothing that is not captured.</p>"


def _lost(report: Report) -> str:
    items = []
    for lost in report.lost:
        days, since = len(lost.days), report.local(lost.since)
        when = f"on {since}" if days == 1 else f"day by day since {since}"
        last = "" if days == 1 else f", the last on {report.local(lost.until)}"
        items.append(
            f"{_these(lost.datasets, lost.days)} ({screen.counted(days, 'day')}): "
            f"forgotten by the API {when}{last}"
        )
    return _list(items) or "<p>Nothing.</p>"


def _restated(report: Report) -> str:
    if not report.restated:
        return "<p>No day has more than one capture.</p>"
    by_name: dict[str, list[Entry]] = {}
    for line in report.restated:
        by_name.setdefault(line.dataset, []).append(line)
    items = (
        f"<strong>{text(name)}</strong> {screen.counted(len(lines), 'day')}, last "
        f"{lines[0].day}, fetched {_moment(report, lines[0].captured_at)}"
        for name, lines in by_name.items()
    )
    newest = report.restated[0]
    number = screen.counted(len(report.restated), "dataset-day")
    return (
        f"<p>{number}; tables hold the newest capture.</p>\n{_list(items)}<p>What changed: "
        f"<code>livestats diff {text(newest.dataset)} {newest.day}</code></p>"
    )


def _stale(report: Report) -> str:
    if not report.stale:
        return "<p>None: all are what this version makes of the captures.</p>"
    number = screen.counted(sum(map(len, report.stale.values())), "dataset-day")
    return (
        f"<p>{number}: made by another version, or the file is missing.</p>\n"
        f"{_list(_these(names, days) for names, days in alike(report.stale))}"
        "<p>Mend, offline: <code>livestats replay</code></p>"
    )


def _newest(report: Report) -> str:
    line = report.newest
    if line is None:
        return "<p>None of these days is captured.</p>"
    fetched = _moment(report, line.captured_at)
    return f"<p><strong>{text(line.dataset)}</strong> {line.day}, fetched {fetched}</p>"


def _these(names: Sequence[str], days: Sequence[date]) -> str:
    return f"<strong>{_names(names)}</strong> {screen.days_text(days)}"


def _names(names: Sequence[str]) -> str:
    return text(screen.names_text(names))


def _moment(report: Report, moment: datetime | None) -> str:
    return "" if moment is None else report.local(moment)
