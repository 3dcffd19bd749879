"""The whole report: what is asked for, read, drawn and put together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from pipelines.reports.usage import cover, errors, health, pushes, streams, traffic, viewers
from pipelines.reports.usage.page import page
from pipelines.reports.usage.scope import Domain, NothingToReport, Range, Source
from resources.archive import Archive

SECTIONS = (traffic, viewers, health, errors, streams, pushes, cover)
_USUAL_DAYS = 30
_MOST_DAYS = 3_660
"""Ten years, which take some seconds of one core; a slip like 1026-11-01 would take many minutes."""


def month(first: date) -> Range:
    """A calendar month, of which any day is given."""
    start = first.replace(day=1)
    return Range(start, (start + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def chosen(archive: Archive, first: date | None, last: date | None) -> Range:
    """The range that is asked for: its end is yesterday, its beginning 30 days ago, if not given.

    Raises NothingToReport if it has no day that is over, or is longer than ten years.
    """
    yesterday = archive.today - timedelta(days=1)
    end = min(last or yesterday, yesterday)
    begin = first or max(archive.first_day, end - timedelta(days=_USUAL_DAYS - 1))
    if begin > end:
        raise NothingToReport(
            f"{begin} is not over in {archive.settings.time_zone}: the newest day that can be "
            f"reported is {yesterday}."
        )
    if (end - begin).days >= _MOST_DAYS:
        raise NothingToReport(
            f"{begin} to {end} are more than {_MOST_DAYS:,} days, which is the most of a report. "
            f"The archive begins with {archive.first_day}."
        )
    return Range(begin, end)


def report(archive: Archive, days: Range, domain: str | None) -> str:
    """The page about `days`, of one domain or the account, from the served copy.

    Raises NothingToReport if the served copy has no such domain, or no domains; NothingServed.
    """
    with archive.reading() as connection:
        source = Source(connection, days, archive.settings.zone)
        if domain is not None:
            source = replace(source, domain=_domain(source, domain))
        found = [part.section(source) for part in SECTIONS]
        lines = [
            f"{days}, {'1 day' if days.length == 1 else f'{days.length:,} days'} of "
            f"{archive.settings.time_zone}.",
            f"Compared with {days.before} where both are in the archive. {_as_of(source)}",
        ]
    return page(f"Live streaming: {domain or 'all domains'}", lines, found)


def _as_of(source: Source) -> str:
    """When the newest of what the report is made from was captured: no clock, so equal data is equal."""
    ((newest,),) = source.rows(
        "SELECT max(captured_at) FROM ledger WHERE business_date BETWEEN $first AND $last"
    )
    if newest is None:
        return "Nothing of it is captured."
    return f"Captured by {newest.astimezone(source.zone):%Y-%m-%d %H:%M}."


def _domain(source: Source, name: str) -> Domain:
    if not source.has("domain"):
        raise NothingToReport(
            "Which domains there are is not captured in this archive: the dataset domain is "
            "switched off (datasets.off). Without --domain the report is about all of them."
        )
    rows = source.rows("SELECT domain, domain_type, push_domain FROM domain")
    known = {domain: (kind, push) for domain, kind, push in rows}
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else 'All: livestats query "FROM domain"'
        raise NothingToReport(f"There is no domain {name!r} in the archive. {hint}")
    kind, push = known[name]
    return Domain(name, name if kind == "push" else push or None)
