"""The usage report as a whole: checks the range and the domain, and joins the sections to a page.

Figures and charts are made by the sections. Read next: scope.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import ModuleType

from pipelines.reports.usage import (
    choice,
    errors,
    gaps,
    health,
    pushes,
    streams,
    traffic,
    viewers,
    words,
)
from pipelines.reports.usage.billing import billing
from pipelines.reports.usage.cover import coverage
from pipelines.reports.usage.entities import Entity, Store, starts
from pipelines.reports.usage.figures import Reckoner
from pipelines.reports.usage.page import page
from pipelines.reports.usage.scope import Domain, NothingToReport, Range, Source
from pipelines.reports.usage.section import Section, said
from pipelines.reports.usage.view import View
from resources.archive import Archive

SECTIONS = (traffic, viewers, health, errors, streams, pushes)
_DEFAULT_DAYS = 30
_MAX_DAYS = 3_660
"""Ten years of 30 domains take half a minute of one core; a typo such as 1026-11-01 would take many minutes."""


def month(first: date) -> Range:
    """The calendar month of a day."""
    start = first.replace(day=1)
    return Range(start, (start + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def requested_range(archive: Archive, first: date | None, last: date | None) -> Range:
    """The range to report. Defaults: the end is yesterday, the start 30 days ago.

    Raises NothingToReport if no day of it is over or in the archive, or if it is longer than ten
    years.
    """
    yesterday = archive.today - timedelta(days=1)
    end = min(last or yesterday, yesterday)
    begin = first or max(archive.first_day, end - timedelta(days=_DEFAULT_DAYS - 1))
    if begin > end:
        raise NothingToReport(
            f"{begin} is not over in {archive.settings.time_zone}: the newest day that can be "
            f"reported is {yesterday}."
        )
    if end < archive.first_day:
        raise NothingToReport(
            f"{begin} to {end} is before the archive, which begins with {archive.first_day}."
        )
    if (end - begin).days >= _MAX_DAYS:
        raise NothingToReport(
            f"{begin} to {end} is longer than {_MAX_DAYS:,} days, the maximum of a report. "
            f"The archive begins with {archive.first_day}."
        )
    return Range(begin, end)


def report(archive: Archive, days: Range, domain: str | None, language: str | None = None) -> str:
    """The HTML page about `days` of one domain or the account, from the served copy.

    `language` is that of the archive's settings if None. Raises NothingToReport if the served copy does
    not have the domain; NothingServed.
    """
    language = language or archive.settings.language
    with archive.reading() as connection:
        source = Source(connection, days, archive.settings.zone)
        if domain is not None:
            source = replace(source, domain=_domain(source, domain))
        store, views = filled(source, language)
        return page(
            words.page("title", language).format(name=store.main.label),
            _about(source, language),
            store,
            views,
            billing(source, store.names, language),
            coverage(source, language),
        )


def filled(source: Source, language: str) -> tuple[Store, list[View]]:
    """All figures of the report, and its sections."""
    domain = source.domain
    main = Entity(domain.name if domain else words.page("all_domains", language))
    if domain is not None:
        main.facts["domain"] = domain.name
        if domain.push is not None and not domain.is_push:
            main.facts["push"] = domain.push
    store = Store(source, main, language)
    nothing = {
        part.SECTION.id: gaps.unavailable(source, part.SECTION, language) for part in SECTIONS
    }
    choice.choose(store, [name for name, why in nothing.items() if not why])
    views = []
    for part in SECTIONS:
        if not nothing[part.SECTION.id]:
            part.load(store)
            _compare(store, part)
        section = said(part.SECTION, language)
        views.append(View(section, store, nothing[section.id]))
    choice.link(store)
    if not nothing[streams.SECTION.id]:
        views.insert(0, View(said(streams.OF_ONE, language), store))
    return store, views


def _compare(store: Store, part: ModuleType) -> None:
    """Keep the figure of a section's tile in the range before."""
    section: Section = part.SECTION
    if section.tile is None:
        return
    before = store.source.range.before
    earlier = Entity("", series=dict(part.main_series(store.source, before)))
    reckoner = Reckoner(starts(store.source, before), "en")
    value = reckoner.value(section.figures[section.tile.figure], earlier)
    store.before[section.id] = value if isinstance(value, int | float) else None


def _about(source: Source, language: str) -> list[str]:
    """The range, what it is compared with, and how new the data is.

    The clock is not used, so equal data gives equal pages.
    """
    ((newest,),) = source.rows(
        "SELECT max(captured_at) FROM ledger WHERE business_date BETWEEN $first AND $last"
    )
    days = source.range
    as_of = (
        words.page("no_day", language)
        if newest is None
        else words.page("as_of", language).format(
            moment=words.moment(newest.astimezone(source.zone))
        )
    )
    return [
        words.page("about", language).format(
            days=words.days_text(days.days, language),
            number=f"{days.length:,}",
            zone=source.zone.key,
        ),
        words.page("against", language).format(days=words.days_text(days.before.days, language))
        + f" {as_of}",
    ]


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
