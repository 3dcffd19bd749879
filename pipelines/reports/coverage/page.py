"""The ledger as a page: one HTML file that needs no network and no script, on screen and on paper.

Whatever comes from outside (paths, what the API said) goes through `text`; a policy in the page
forbids the browser everything but its own style.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from pipelines.cli import screen
from pipelines.reports.coverage import calendar
from pipelines.reports.coverage.cards import cards, text
from pipelines.reports.coverage.report import Report
from resources.ledger.states import Entry, State
from resources.version import VERSION

STYLE = Path(__file__).with_suffix(".css")
_CLASSES: Mapping[State, str] = {
    State.CAPTURED: "c",
    State.EMPTY: "o",
    State.PARTIAL: "p",
    State.MISSING: "m",
    State.SETTLING: "s",
    State.EXPIRING: "e",
    State.LOST: "l",
}
_HEIGHTS: Mapping[State, int] = {
    State.CAPTURED: 16,
    State.EMPTY: 16,
    State.PARTIAL: 11,
    State.MISSING: 3,
    State.SETTLING: 6,
    State.EXPIRING: 11,
    State.LOST: 3,
}
"""Of the bars of 16 that show a dataset at a glance: full where a day is proven."""


def page(report: Report) -> str:
    """The report as an HTML document."""
    return "".join(_document(report))


def _document(report: Report) -> Iterator[str]:
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>livestats: coverage on {report.local(report.now)}</title>\n"
        f"<style>\n{STYLE.read_text('utf-8')}</style></head>\n<body>\n"
    )
    yield from _head(report)
    yield '<div class="facts">\n'
    for title, content in cards(report):
        yield f"<section><h3>{title}</h3>\n{content}</section>\n"
    yield "</div>\n"
    if any(report.lines.values()):
        yield from _datasets(report)
        yield from _calendar(report)
    yield (
        f"<footer>Made by livestats {text(VERSION)} from the files of the archive; no database "
        "was asked. Point at a day for its rows and times.</footer>\n</body></html>\n"
    )


# On top ------------------------------------------------------------------------------------------


def _head(report: Report) -> Iterator[str]:
    days = [line.day for found in report.lines.values() for line in found]
    shown = f"{min(days)} to {max(days)}, " if days else ""
    yield "<header><h1>Coverage of the archive</h1>\n"
    yield (
        f'<p class="about"><code>{text(report.home)}</code><br>{shown}'
        f"{screen.counted(len(report.lines), 'dataset')}. As of {report.local(report.now)}, "
        f"days of {text(report.zone)}.</p></header>\n"
    )
    asked = {(n, d) for found in report.needs.values() for n, days in found.items() for d in days}
    if asked:
        yield '<p class="verdict bad"><b aria-hidden="true">!</b> '
        verb = "needs" if len(asked) == 1 else "need"
        yield f"{screen.counted(len(asked), 'dataset-day')} {verb} a person</p>\n"
    else:
        yield '<p class="verdict"><b aria-hidden="true">✓</b> Nothing needs a person</p>\n'
    total = calendar.counts(line for found in report.lines.values() for line in found)
    yield '<ul class="states">'
    for state, number in ((state, total[state]) for state in State if total[state]):
        sign = "" if state is State.CAPTURED else text(calendar.SIGNS[state])
        yield f'<li><span class="day {_CLASSES[state]}" aria-hidden="true">{sign}</span>'
        yield f"<span><strong>{number:,}</strong> {calendar.MEANINGS[state]}</span></li>\n"
    if report.restated:
        yield '<li><span class="day c r" aria-hidden="true">2</span>'
        yield "<span>captures of one day: restated</span></li>\n"
    if report.stale:
        yield '<li><span class="day c t" aria-hidden="true"></span>'
        yield "<span>rows not of this version</span></li>\n"
    yield "</ul>\n"


# One line for each dataset -----------------------------------------------------------------------


def _datasets(report: Report) -> Iterator[str]:
    days = max(report.lines.values(), key=len)
    ruler = "".join(
        f'<span style="flex:{len(list(month))}">{first:%b}</span>'
        for first, month in groupby((line.day for line in days), key=lambda d: d.replace(day=1))
    )
    yield '<h2>Datasets</h2>\n<div class="scroll"><table class="datasets"><thead><tr>'
    yield f'<th scope="col">Dataset</th><th class="look"><div class="months">{ruler}</div></th>'
    for title in ("Complete", "First", "Last", "Rows", "Restated"):
        yield f'<th scope="col">{title}</th>'
    yield "</tr></thead><tbody>\n"
    for name, entries in report.lines.items():
        complete = [line for line in entries if line.state.is_complete]
        restated = sum(line.captures > 1 for line in complete)
        yield (
            f'<tr><th scope="row">{text(name)}{_limit(report, name)}</th>'
            f'<td class="look">{strip([line.state for line in entries])}</td>'
            f"<td>{len(complete):,} of {len(entries):,}</td>"
            f"<td>{complete[0].day if complete else '–'}</td>"
            f"<td>{complete[-1].day if complete else '–'}</td>"
            f"<td>{sum(line.rows or 0 for line in complete):,}</td>"
            f"<td>{restated or '–'}</td></tr>\n"
        )
    yield "</tbody></table></div>\n"


def _limit(report: Report, name: str) -> str:
    limit = report.limits.get(name)
    return f"<br><small>only {text(limit)}</small>" if limit else ""


def strip(states: Sequence[State | None]) -> str:
    """A range as a bar: one rectangle for each run of days in the same state; nothing for None."""
    drawn, at = [], 0
    for state, run in groupby(states):
        days = len(list(run))
        if state is None:
            at += days
            continue
        height = _HEIGHTS[state]
        drawn.append(
            f'<rect class="{_CLASSES[state]}" x="{at}" y="{16 - height}" width="{days}" '
            f'height="{height}"/>'
        )
        at += days
    return (
        f'<svg viewBox="0 0 {at} 16" preserveAspectRatio="none" shape-rendering="crispEdges" '
        f'aria-hidden="true">{"".join(drawn)}</svg>'
    )


# The calendar ------------------------------------------------------------------------------------


def _calendar(report: Report) -> Iterator[str]:
    """A table for each month, newest first: a row for each dataset, a cell for each day."""
    stale = {(name, day) for name, days in report.stale.items() for day in days}
    yield "<h2>Calendar</h2>\n"
    for month in reversed(calendar.months(report.lines)):
        length = len(month.strips[0].signs)
        days = {
            name: {line.day.day: line for line in found if _is_in(line.day, month.first)}
            for name, found in report.lines.items()
        }
        inside = [line for found in days.values() for line in found.values()]
        done = sum(line.state.is_complete for line in inside)
        yield (
            f'<div class="scroll"><table class="month"><caption>{month.first:%B %Y}'
            f"<span>{done:,} of {len(inside):,} complete</span></caption>"
            f'<colgroup><col><col span="{length}"></colgroup>'
            '<thead><tr><th scope="col"></th>'
        )
        yield "".join(f'<th scope="col">{day}</th>' for day in range(1, length + 1))
        yield "</tr></thead><tbody>\n"
        for name, found in days.items():
            yield f'<tr><th scope="row">{text(name)}</th>'
            for number in range(1, length + 1):
                line = found.get(number)
                yield "<td>" if line is None else _cell(report, line, (name, line.day) in stale)
            yield "\n"
        yield "</tbody></table></div>\n"


def _is_in(day: date, first: date) -> bool:
    return (day.year, day.month) == (first.year, first.month)


def _cell(report: Report, line: Entry, is_stale: bool) -> str:
    """One day. End tags of cells may be left out, and a year has thousands of them."""
    sign, classes = calendar.SIGNS[line.state], _CLASSES[line.state]
    told = [f"{line.day}: {calendar.MEANINGS[line.state]}"]
    if line.captured_at is not None:
        told.append(screen.counted(line.rows or 0, "row"))
        told.append(screen.counted(line.captures, "capture"))
        told.append(f"fetched {report.local(line.captured_at)}")
    elif line.state is State.SETTLING and line.askable_from is not None:
        told.append(f"from {report.local(line.askable_from)} on")
    elif line.askable_until is not None:
        verb = "forgotten since" if line.state is State.LOST else "the API has it until"
        told.append(f"{verb} {report.local(line.askable_until)}")
    if line.captures > 1:
        sign, classes = str(min(line.captures, 9)), f"{classes} r"
    if is_stale:
        classes += " t"
        told.append("rows not of this version")
    problem = report.problems.get((line.dataset, line.day))
    if problem:
        told.append(problem)
    quoted = f'"{classes}"' if " " in classes else classes
    return f'<td class={quoted} title="{text(", ".join(told))}">{text(sign)}'
