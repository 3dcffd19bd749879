"""`livestats status`: the ledger as a calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import chosen, in_order, json_option, opened, with_range

if TYPE_CHECKING:
    from rich.text import Text

    from pipelines.coverage import Month
    from resources.archive import Archive
    from resources.ledger import Entry

_NAME_WIDTH = 30
_COLOURS = {"#": "green", "o": "green", "?": "red", "!": "red", "x": "magenta", "~": "blue"}


@click.command()
@with_range
@click.option("--each", is_flag=True, help="A line for each dataset, also where they look alike.")
@json_option
def status(
    first: date | None,
    last: date | None,
    names: tuple[str, ...],
    each: bool,
    as_json: bool,
) -> None:
    r"""Show which days are captured, and which are not and why.

    Reads names of files only: it is quick, asks nobody, and works while a backfill runs.

    \b
    Examples:
      livestats status
      livestats status --from 2026-11-01 --dataset edge_stat --each

    Ends with 1 if a day was tried and is not complete, is missing and will soon be forgotten by
    the API, or is missing between captured days; with 0 otherwise. Days that are lost are shown
    and change nothing: they cannot be brought back.
    """
    from pipelines import coverage

    in_order(first, last)
    archive = opened()
    since, until = first or archive.first_day, last or archive.today
    datasets = [d for d in chosen(names, archive.daily) if not d.is_dimension]
    lines = {d.name: archive.ledger(d, since, max(since, until)) for d in datasets}
    needs = coverage.attention(lines)
    if as_json:
        screen.emit_json(_answer(archive, lines, needs))
    else:
        _show(archive, lines, needs, each)
    if needs:
        click.get_current_context().exit(1)


def _answer(
    archive: Archive,
    lines: Mapping[str, Sequence[Entry]],
    needs: Mapping[str, Mapping[str, Sequence[date]]],
) -> dict[str, Any]:
    from pipelines import coverage

    newest = coverage.newest_capture(lines)
    return {
        "home": str(archive.home.root),
        "now": archive.now().isoformat(timespec="seconds"),
        "time_zone": archive.settings.time_zone,
        "newest_capture": newest and newest.captured_at and newest.captured_at.isoformat(),
        "needs_attention": {
            what: {name: list(map(str, days)) for name, days in found.items()}
            for what, found in needs.items()
        },
        "datasets": [
            {
                "dataset": name,
                "counts": {s.value: n for s, n in coverage.counts(entries).items()},
                "days": [
                    {
                        "day": str(e.day),
                        "state": e.state.value,
                        "rows": e.rows,
                        "captures": e.captures,
                        "captured_at": e.captured_at and e.captured_at.isoformat(),
                        "askable_until": e.askable_until and e.askable_until.isoformat(),
                    }
                    for e in entries
                ],
            }
            for name, entries in lines.items()
        ],
    }


def _show(
    archive: Archive,
    lines: Mapping[str, Sequence[Entry]],
    needs: Mapping[str, Mapping[str, Sequence[date]]],
    each: bool,
) -> None:
    from pipelines import coverage

    console = screen.console()
    zone = archive.settings.time_zone
    console.print(f"{archive.home.root}: {screen.counted(len(lines), 'dataset')}, days of {zone}")
    console.print()
    for months in coverage.stretches(coverage.months(lines)):
        for line in month_lines(months, each):
            console.print(line, no_wrap=True, crop=False)
    console.print()
    console.print(_legend(lines), soft_wrap=False)
    console.print()
    for text in _sentences(archive, lines, needs):
        console.print(text)


def month_lines(months: Sequence[Month], each: bool) -> list[Text]:
    """Months that are alike: a ruler and a line of days, or one state, for each look."""
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
    # What is exceptional comes first, what most datasets look like last and once.
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
    from pipelines.coverage import MEANINGS, SIGNS

    return next(MEANINGS[state] for state, known in SIGNS.items() if known == sign)


def _label(names: Sequence[str], strips: int) -> str:
    return f"all {len(names)} datasets" if strips == 1 else f"the other {len(names)} datasets"


def _ruler() -> str:
    """Days of the month: 1, 5, 10, ... each number beginning above its day."""
    marks = [" "] * 32
    for day in (1, 5, 10, 15, 20, 25, 30):
        marks[day - 1 : day - 1 + len(str(day))] = str(day)
    return "".join(marks).rstrip()


def _legend(lines: Mapping[str, Sequence[Entry]]) -> Text:
    from rich.text import Text

    from pipelines import coverage

    total = coverage.counts(e for entries in lines.values() for e in entries)
    legend = Text()
    for state, sign in coverage.SIGNS.items():
        if total[state]:
            legend.append(sign, style=_COLOURS.get(sign, "dim"))
            legend.append(f" {total[state]:>6,} {coverage.MEANINGS[state]}\n")
    legend.rstrip()
    return legend


def _sentences(
    archive: Archive,
    lines: Mapping[str, Sequence[Entry]],
    needs: Mapping[str, Mapping[str, Sequence[date]]],
) -> list[str]:
    from pipelines import coverage

    zone, warning = archive.settings.zone, archive.settings.expiry_warning_days
    found = []
    newest = coverage.newest_capture(lines)
    if newest is None or newest.captured_at is None:
        found.append("Nothing is captured yet.")
    else:
        at = newest.captured_at.astimezone(zone)
        found.append(f"Newest capture: {newest.dataset} {newest.day}, fetched {at:%Y-%m-%d %H:%M}.")
    horizon = archive.now() + timedelta(days=warning)
    for until, day, entries in coverage.expires_next(lines)[:3]:
        if until <= horizon:
            names = screen.names_text([e.dataset for e in entries], most=2)
            local = until.astimezone(zone)
            found.append(f"{day} is forgotten on {local:%Y-%m-%d %H:%M}: {names}.")
    for what, text in (
        ("partial", "Tried and not complete"),
        ("gap", "Missing between captured days"),
    ):
        for name, days in list(needs.get(what, {}).items())[:5]:
            found.append(f"{text}: {name} {screen.days_text(days)}.")
    if any(e.state.can_be_asked for entries in lines.values() for e in entries):
        found.append("Next: livestats backfill")
    elif not needs:
        found.append("Nothing is missing that the API still has.")
    return found
