"""The usage report as a whole: checks the range and the domain, and joins the sections to a page.

Figures and charts are made by the sections. Read next: scope.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from pipelines.reports.usage import cover, errors, health, pushes, streams, traffic, viewers
from pipelines.reports.usage.page import page
from pipelines.reports.usage.scope import Domain, NothingToReport, Range, Source
from resources.archive import Archive

SECTIONS = (traffic, viewers, health, errors, streams, pushes, cover)
_DEFAULT_DAYS = 30
_MAX_DAYS = 3_660
"""Ten years take some seconds of one core; a typo such as 1026-11-01 would take many minutes."""


def month(first: date) -> Range:
    """The calendar month of a day."""
    start = first.replace(day=1)
    return Range(start, (start + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def requested_range(archive: Archive, first: date | None, last: date | None) -> Range:
    """The range to report. Defaults: the end is yesterday, the start 30 days ago.

    Raises NothingToReport if no day of it is over, or if it is longer than ten years.
    """
    yesterday = archive.today - timedelta(days=1)
    end = min(last or yesterday, yesterday)
    begin = first or max(archive.first_day, end - timedelta(days=_DEFAULT_DAYS - 1))
    if begin > end:
        raise NothingToReport(
            f"{begin} is not over in {archive.settings.time_zone}: the newest day that can be "
            f"reported is {yesterday}."
        )
    if (end - begin).days >= _MAX_DAYS:
        raise NothingToReport(
            f"{begin} to {end} is longer than {_MAX_DAYS:,} days, the maximum of a report. "
            f"The archive begins with {archive.first_day}."
        )
    return Range(begin, end)


def report(archive: Archive, days: Range, domain: str | None) -> str:
    """The HTML page about `days` of one domain or the account, from the served copy.

    Raises NothingToReport if the served copy does not have the domain; NothingServed.
    """
    with archive.reading() as connection:
        source = Source(connection, days, archive.settings.zone)
        if domain is not None:
            source = replace(source, domain=_domain(source, domain))
        sections = [part.section(source) for part in SECTIONS]
        lines = [
            f"{days}, {'1 day' if days.length == 1 else f'{days.length:,} days'} of "
            f"{archive.settings.time_zone}.",
            f"Compared with {days.before} where both are in the archive. {_as_of(source)}",
        ]
    return page(f"Live streaming: {domain or 'all domains'}", lines, sections)


def _as_of(source: Source) -> str:
    """When the newest data was captured. The clock is not used, so equal data gives equal pages."""
    ((newest,),) = source.rows(
        "SELECT max(captured_at) FROM ledger WHERE business_date BETWEEN $first AND $last"
    )
    if newest is None:
        return "No day of the range is captured."
    return f"Captured by {newest.astimezone(source.zone):%Y-%m-%d %H:%M}."


def _domain(source: Source, name: str) -> Domain:
    if not source.has("domain"):
        raise NothingToReport(
            "The domains of the account are unknown: the dataset domain is switched off "
            "(datasets.off). Leave out --domain to report on all of them."
        )
    rows = source.rows("SELECT domain, domain_type, push_domain FROM domain")
    known = {domain: (kind, push) for domain, kind, push in rows}
    if name not in known:
        from resources.errors import near

        hint = near.hint(name, known) or 'All: livestats query "FROM domain"'
        raise NothingToReport(f"There is no domain {name!r} in the archive. {hint}")
    kind, push = known[name]
    return Domain(name, name if kind == "push" else push or None)
