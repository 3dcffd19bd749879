"""Coverage page: the ledger as one HTML file for screen and paper, without network or scripts.

Here: what page.html.j2 and cards.html.j2 show. Not here: the ledger's figures (report.py).
Read next: report.py, page.html.j2, ../templates.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from pipelines.cli import screen
from pipelines.reports import templates
from pipelines.reports.coverage import calendar
from pipelines.reports.coverage.report import Report
from resources.ledger.states import Entry, State

STYLE = Path(__file__).with_suffix(".css")
_CLASSES: Mapping[State, str] = {
    State.CAPTURED: "c",
    State.EMPTY: "o",
    State.INCOMPLETE: "i",
    State.PARTIAL: "p",
    State.MISSING: "m",
    State.SETTLING: "s",
    State.EXPIRING: "e",
    State.LOST: "l",
}
_SUSPECT_CLASS = _CLASSES[State.PARTIAL]
_BAR_HEIGHT = 16
_HEIGHTS: Mapping[State, int] = {
    State.CAPTURED: _BAR_HEIGHT,
    State.EMPTY: _BAR_HEIGHT,
    State.INCOMPLETE: 13,
    State.PARTIAL: 11,
    State.MISSING: 3,
    State.SETTLING: 6,
    State.EXPIRING: 11,
    State.LOST: 3,
}
"""Height of a state in a dataset's bar: full height where a day is complete."""


@dataclass(frozen=True)
class StateCount:
    """One entry of the legend: a state and how many days are in it."""

    css_class: str
    sign: str
    days: int
    meaning: str


@dataclass(frozen=True)
class DatasetRow:
    """One dataset in the table of datasets."""

    name: str
    limit: str | None  # what the settings limit it to
    bar: Markup
    cells: Sequence[object]


@dataclass(frozen=True)
class Cell:
    """One day of one dataset in the calendar."""

    css_class: str
    sign: str
    title: str


@dataclass(frozen=True)
class MonthTable:
    """One month of the calendar: a row for each dataset, a cell for each day."""

    title: str
    complete: str
    length: int  # days
    rows: Sequence[tuple[str, Sequence[Cell | None]]]  # None: the report is not about the day


def page(report: Report) -> str:
    """The report as an HTML document."""
    longest = max(report.lines.values(), key=len, default=())
    days = sorted({line.day for entries in report.lines.values() for line in entries})
    return templates.render(
        "coverage/page.html.j2",
        [STYLE],
        report=report,
        days=days,
        attention=report.attention_days,
        states=list(_state_counts(report)),
        ruler=[
            (f"{first:%b}", len(list(month)))
            for first, month in groupby(line.day.replace(day=1) for line in longest)
        ],
        datasets=[_dataset_row(report, name) for name in report.lines],
        months=[_month_table(report, month) for month in reversed(calendar.months(report.lines))],
    )


def state_bar(states: Sequence[State | None]) -> Markup:
    """SVG with one rectangle for each run of days in the same state; None leaves a gap."""
    rectangles = []
    x = 0
    for state, run in groupby(states):
        days = len(list(run))
        if state is not None:
            height = _HEIGHTS[state]
            rectangles.append(
                f'<rect class="{_CLASSES[state]}" x="{x}" y="{_BAR_HEIGHT - height}" '
                f'width="{days}" height="{height}"/>'
            )
        x += days
    return Markup(  # noqa: S704 - numbers and our own classes only
        f'<svg viewBox="0 0 {x} {_BAR_HEIGHT}" preserveAspectRatio="none" '
        f'shape-rendering="crispEdges" aria-hidden="true">{"".join(rectangles)}</svg>'
    )


def _state_counts(report: Report) -> Iterator[StateCount]:
    days = calendar.counts(line for entries in report.lines.values() for line in entries)
    for state in State:
        if days[state]:
            sign = "" if state is State.CAPTURED else calendar.SIGNS[state]
            yield StateCount(_CLASSES[state], sign, days[state], calendar.MEANINGS[state])
    if report.suspect_days:
        yield StateCount(
            _SUSPECT_CLASS, calendar.SUSPECT_SIGN, report.suspect_days, calendar.SUSPECT_MEANING
        )


def _dataset_row(report: Report, name: str) -> DatasetRow:
    entries = report.lines[name]
    complete = sum(line.state.is_complete for line in entries)
    captured = [line for line in entries if line.state.is_captured]
    restated = sum(line.captures > 1 for line in captured)
    return DatasetRow(
        name,
        report.limits.get(name),
        state_bar([line.state for line in entries]),
        (
            f"{complete:,} of {len(entries):,}",
            captured[0].day if captured else "–",
            captured[-1].day if captured else "–",
            f"{sum(line.rows or 0 for line in captured):,}",
            restated or "–",
        ),
    )


def _month_table(report: Report, month: calendar.Month) -> MonthTable:
    length = len(month.strips[0].signs)
    by_dataset = {
        name: {line.day.day: line for line in entries if _is_in(line.day, month.first)}
        for name, entries in report.lines.items()
    }
    lines = [line for days in by_dataset.values() for line in days.values()]
    complete = sum(line.state.is_complete for line in lines)
    return MonthTable(
        f"{month.first:%B %Y}",
        f"{complete:,} of {len(lines):,} complete",
        length,
        [
            (name, [_cell(report, days.get(number)) for number in range(1, length + 1)])
            for name, days in by_dataset.items()
        ],
    )


def _is_in(day: date, first: date) -> bool:
    return (day.year, day.month) == (first.year, first.month)


def _cell(report: Report, line: Entry | None) -> Cell | None:
    if line is None:
        return None
    sign = calendar.sign_of(line)
    css_class = _SUSPECT_CLASS if line.is_suspect else _CLASSES[line.state]
    facts = [f"{line.day}: {calendar.meaning_of(line)}"]
    if line.captured_at is not None:
        facts.append(screen.counted(line.rows or 0, "row"))
        facts.append(screen.counted(line.captures, "capture"))
        facts.append(f"fetched {report.local(line.captured_at)}")
    elif line.state is State.SETTLING and line.askable_from is not None:
        facts.append(f"available from {report.local(line.askable_from)}")
    elif line.askable_until is not None:
        verb = "expired on" if line.state is State.LOST else "available until"
        facts.append(f"{verb} {report.local(line.askable_until)}")
    if line.captures > 1 and not line.is_suspect:
        sign, css_class = str(min(line.captures, 9)), f"{css_class} r"
    if (line.dataset, line.day) in report.stale_keys:
        css_class += " t"
        facts.append("rows from another version")
    problem = report.problems.get((line.dataset, line.day))
    if problem:
        facts.append(problem)
    return Cell(css_class, sign, ", ".join(facts))
