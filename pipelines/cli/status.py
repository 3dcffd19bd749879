"""`livestats status`: options, calendar and sentences; `--html` writes the coverage page.

The figures come from reports/coverage/report.py. Read next: that module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli import log_lines, screen
from pipelines.cli.options import (
    Refused,
    chosen,
    how_to_begin,
    in_order,
    json_option,
    opened,
    with_range,
)
from pipelines.cli.output import OutputFile

if TYPE_CHECKING:
    from rich.text import Text

    from pipelines.reports.coverage.calendar import Month
    from pipelines.reports.coverage.report import Report
    from resources.ledger.states import Entry

_NAME_WIDTH = 30
_MAX_LINES = 3  # per subject, below the calendar
_COLOURS = {
    "#": "green",
    "o": "green",
    "+": "red",
    "?": "red",
    "!": "red",
    "%": "red",
    "x": "magenta",
    "~": "blue",
}


@click.command()
@with_range
@click.option("--each", is_flag=True, help="One line per dataset, also where several are equal.")
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=OutputFile(dir_okay=False),
    help="Write the calendar as an HTML page to FILE instead.",
)
@json_option
def status(
    first: date | None,
    last: date | None,
    names: tuple[str, ...],
    each: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    r"""Show which days are captured, and which are not and why.

    Reads file names and Parquet footers only: it makes no API call, opens no database, and can run
    beside a backfill.

    \b
    Examples:
      livestats status
      livestats status --from 2026-11-01 --dataset edge_stat --each
      livestats status --html coverage.html

    Exits with 1 if a day was tried and is not complete, is missing and expires soon, or is missing
    between captured days, lacks items that can be asked for, or is suspect (other datasets or
    its own answer contradict it); with 0 otherwise. Lost days do not count: they cannot be captured any
    more.
    """
    from pipelines.cli.status_answer import answer
    from pipelines.reports.coverage import report as coverage_report

    in_order(first, last)
    if page is not None and not page.parent.is_dir():
        raise Refused(f"--html {page}: there is no folder {page.parent}. Make it, or name another.")
    archive = opened()
    if archive.settings.scale_home and archive.home.identity is None:  # all would be missing
        screen.note(f"There is no archive in {archive.home.root} yet. {how_to_begin(archive)}")
    since, until = first or archive.first_day, last or archive.today
    datasets = [d for d in chosen(names, archive.daily) if not d.is_dimension]
    report = coverage_report.read(archive, datasets, since, until)
    if page is not None:
        _write(page, report)
    if as_json:
        screen.emit_json(answer(report))
    else:
        _show(report, each, calendar=page is None)
    if report.attention:
        click.get_current_context().exit(1)


def _write(page: Path, report: Report) -> None:
    from pipelines.reports.coverage import page as coverage_page
    from resources.fs import atomic

    data = coverage_page.page(report).encode()
    if page.exists() and not page.is_file():  # a pipe, a terminal: nothing to swap
        page.write_bytes(data)
    else:
        atomic.write_atomically(page.resolve(), data)
    screen.note(f"Written: {page} ({screen.size(len(data))})")


def _show(report: Report, each: bool, *, calendar: bool) -> None:
    from pipelines.reports.coverage import calendar as coverage_calendar

    console = screen.console()
    of = screen.counted(len(report.lines), "dataset")
    console.print(f"{report.home}: {of}, days of {report.zone}\n")
    if calendar:
        for months in coverage_calendar.group_uniform_months(
            coverage_calendar.months(report.lines)
        ):
            for line in month_lines(months, each):
                console.print(line, no_wrap=True, crop=False)
        console.print()
    console.print(_legend(report.lines), soft_wrap=False)
    console.print()
    for text in _sentences(report):
        console.print(text)


def month_lines(months: Sequence[Month], each: bool) -> list[Text]:
    """Lines for months with equal signs: a title, then each dataset's days or its one state."""
    from rich.text import Text

    first, last = months[0], months[-1]
    title = f"{first.first:%Y-%m}"
    if len(months) > 1:
        days = sum(len(month.strips[0].signs) for month in months)
        title = f"{title} to {last.first:%Y-%m}"
        lines = [Text(title, style="bold").append(f"  {days} days", style="not bold dim")]
    else:
        lines = [Text(f"{title:<{_NAME_WIDTH}}", style="bold").append(_ruler(), "not bold dim")]
    most = max(len(strip.datasets) for strip in first.strips)
    # The signs that most datasets share come last, in one line.
    for strip in sorted(first.strips, key=lambda s: len(s.datasets) == most):
        is_rest = len(strip.datasets) == most and most > 2 and not each
        labels = [_label(strip.datasets, len(first.strips))] if is_rest else strip.datasets
        signs = strip.signs if len(months) == 1 else strip.signs[:1]
        for label in labels:
            line = Text(f"  {label:<{_NAME_WIDTH - 2}}"[:_NAME_WIDTH])
            for sign in signs:
                line.append(sign, style=_COLOURS.get(sign, "dim"))
            if len(months) > 1:
                line.append(f" all {_meaning(signs)}")
            lines.append(line)
    return lines


def _meaning(sign: str) -> str:
    from pipelines.reports.coverage.calendar import (
        MEANINGS,
        SIGNS,
        SUSPECT_MEANING,
        SUSPECT_SIGN,
    )

    if sign == SUSPECT_SIGN:
        return SUSPECT_MEANING
    return next(MEANINGS[state] for state, known in SIGNS.items() if known == sign)


def _label(names: Sequence[str], strips: int) -> str:
    return f"all {len(names)} datasets" if strips == 1 else f"the other {len(names)} datasets"


def _ruler() -> str:
    """Days of the month: 1, 5, 10, ..., each number above its day."""
    marks = [" "] * 32
    for day in (1, 5, 10, 15, 20, 25, 30):
        marks[day - 1 : day - 1 + len(str(day))] = str(day)
    return "".join(marks).rstrip()


def _legend(lines: Mapping[str, Sequence[Entry]]) -> Text:
    from rich.text import Text

    from pipelines.reports.coverage import calendar as coverage_calendar

    total = coverage_calendar.counts(e for entries in lines.values() for e in entries)
    legend = Text()
    for state, sign in coverage_calendar.SIGNS.items():
        if total[state]:
            legend.append(sign, style=_COLOURS.get(sign, "dim"))
            legend.append(f" {total[state]:>6,} {coverage_calendar.MEANINGS[state]}\n")
    suspect = sum(line.is_suspect for entries in lines.values() for line in entries)
    if suspect:
        legend.append(coverage_calendar.SUSPECT_SIGN, style=_COLOURS["?"])
        legend.append(f" {suspect:>6,} of these {coverage_calendar.SUSPECT_MEANING}\n")
    legend.rstrip()
    return legend


def _sentences(report: Report) -> list[str]:
    """The lines below the calendar; what needs attention comes last."""
    lines = [*_capture_lines(report), *_expiry_lines(report), *_attention_lines(report)]
    lines += [one.sentence for one in report.unlisted]
    if report.suspect_days:
        lines.append(
            "Suspect days are asked again by themselves, for a month. If the answer is right: "
            "livestats accept DATASET DAY"
        )
    if report.can_be_asked:
        lines.append("Next: livestats backfill")
    elif not report.attention:
        lines.append("Every day that the API still has is captured.")
    return lines


def _capture_lines(report: Report) -> Iterator[str]:
    """Newest capture, limits, lost, restated, misplaced and stale days."""
    newest = report.newest
    if newest is None or newest.captured_at is None:
        yield "None of these days is captured."
    else:
        fetched = report.local(newest.captured_at)
        yield f"Newest capture: {newest.dataset} {newest.day}, fetched {fetched}."
    yield from report.erased
    for name, limit in report.limits.items():
        yield f"Limited by the settings: {name} to {limit}. Its days are complete within that limit."
    yield from log_lines.sentences(report.log_days)
    for lost in report.lost:
        since, last = report.local(lost.since), report.local(lost.until)
        when = f"on {since}" if len(lost.days) == 1 else f"day by day from {since} to {last}"
        yield f"Lost: {_days_of(lost.datasets, lost.days)}: expired {when}."
    for (name, *_), gone in report.lost_in_part_groups[:1]:
        why = "; ".join(report.problems_of(name, gone)[:1])
        yield f"Lost in part: {_such_as(report.lost_in_part_groups)}: {why}, gone from the API."
    if report.restated:
        line, days = report.restated[0], screen.counted(len(report.restated), "dataset-day")
        yield (
            f"Restated: {days} {'has' if len(report.restated) == 1 else 'have'} more than one capture. "
            f"What changed: livestats diff {line.dataset} {line.day}"
        )
    of_all = [line for lines in report.lines.values() for line in lines]
    misplaced = [(line, line.misplaced[0]) for line in of_all if line.misplaced]
    yield from _uncounted("In the wrong place", misplaced, "move it back, or out of the home.")
    erased = [(line, line.erased[0]) for line in of_all if line.erased]
    yield from _uncounted("Erased, and back", erased, "delete it with livestats erase")
    if old := _such_as(report.stale_groups):
        yield f"Rows from another version: {old}. To repair: livestats replay"
    if aside := _such_as(report.set_aside_groups):
        yield f"Not loaded: {aside}; rows are of an earlier load. Why: livestats verify"
    if kept := _such_as(report.rejected_groups):
        yield f"Kept, but not readable: answers of {kept}. After an upgrade: livestats replay"


def _uncounted(what: str, found: Sequence[tuple[Entry, str]], remedy: str) -> Iterator[str]:
    """Sentences about captures that do not count, each with its line of the ledger."""
    for line, capture in found[:_MAX_LINES]:
        yield f"{what}: raw/{line.dataset}/{line.day}/{capture}. It does not count: {remedy}"
    if more := len(found[_MAX_LINES:]):
        yield f"{what}: {screen.counted(more, 'more dataset-day')}; see livestats verify."


def _such_as(groups: Sequence[tuple[Sequence[str], Sequence[date]]]) -> str:
    of = screen.counted(sum(len(names) * len(days) for names, days in groups), "dataset-day")
    return f"{of}, such as {_days_of(*groups[0])}" if groups else ""


def _expiry_lines(report: Report) -> Iterator[str]:
    """Missing days that expire soon, soonest first."""
    for until, groups in list(report.expiring_groups.items())[:_MAX_LINES]:
        of = (f"{screen.names_text(n, most=2)} of {screen.days_text(days)}" for n, days in groups)
        yield f"Expires on {report.local(until)}: {'; '.join(of)}."
    if len(report.expiring) > _MAX_LINES:
        number = sum(len(n) for by_day in report.expiring.values() for n in by_day.values())
        within = screen.counted(report.warning_days, "day")
        yield f"In all, {number:,} dataset-days expire within {within}."


def _attention_lines(report: Report) -> Iterator[str]:
    """Partial days and gaps; expiring days have their own lines."""
    from pipelines.reports.coverage.report import ATTENTION_LABELS, group_by_days

    for reason, by_dataset in report.attention_once.items():
        if reason == "expiring":
            continue
        groups = group_by_days(by_dataset)
        for names, days in groups[:_MAX_LINES]:
            why = next((p for n in names for p in report.problems_of(n, days)), "")
            yield f"{ATTENTION_LABELS[reason]}: {_days_of(names, days)}{f': {why}' if why else '.'}"
        if rest := sum(len(names) for names, _ in groups[_MAX_LINES:]):
            yield f"{ATTENTION_LABELS[reason]}: days of {screen.counted(rest, 'more dataset')}."


def _days_of(names: Sequence[str], days: Sequence[date]) -> str:
    return f"{screen.names_text(names)} {screen.days_text(days)}"
