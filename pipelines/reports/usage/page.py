"""The report as a page: one HTML file without network or script, on screen and on paper.

Names of domains, streams and carriers come from outside: all text goes through `text`, and a
policy in the page forbids the browser everything but its own style.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.reports.coverage import page as coverage_page
from pipelines.reports.coverage.cards import DATE, text
from pipelines.reports.usage.section import Bar, Card, Chart, Section, Strip, Table
from resources.version import VERSION

STYLE = Path(__file__).with_name("report.css")


def page(title: str, about: Sequence[str], sections: Sequence[Section]) -> str:
    """The document; `about` are the lines below its title."""
    return "".join(_document(title, about, sections))


def _document(title: str, about: Sequence[str], sections: Sequence[Section]) -> Iterator[str]:
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n"
        f"<style>\n{coverage_page.STYLE.read_text('utf-8')}{STYLE.read_text('utf-8')}</style></head>\n"
        f'<body class="report">\n<header><h1>{text(title)}</h1>\n'
        f'<p class="about">{"<br>".join(_said(line) for line in about)}</p></header>\n<main>\n'
    )
    cards = [section.card for section in sections if section.card is not None]
    if cards:
        yield f'<ul class="cards">\n{"".join(map(_card, cards))}</ul>\n'
    for section in sections:
        yield from _section(section)
    yield (
        f"</main>\n<footer>Made by livestats {text(VERSION)} from the marts of the served copy. "
        "Hatched days are not in the archive, and in no figure.</footer>\n</body></html>\n"
    )


def _said(words: str) -> str:
    """A text as HTML whose dates are not broken at their hyphens."""
    return DATE.sub(r"<time>\g<0></time>", text(words))


def _card(card: Card) -> str:
    return (
        f"<li><span>{text(card.label)}</span><strong>{text(card.value)}</strong>"
        f"<span>{_said(card.detail)}</span>"
        f'<span class="change">{_said(card.change)}</span></li>\n'
    )


def _section(section: Section) -> Iterator[str]:
    # On paper, a title and what it says stay with the first picture or table.
    yield f'<section><div class="lead"><h2>{text(section.title)}</h2>\n'
    yield f'<p class="headline">{_said(section.headline)}</p>\n'
    if section.missing:
        yield f'<p class="gap"><b aria-hidden="true"></b><span>{_said(section.missing)}</span></p>\n'
    for sentence in section.sentences:
        yield f'<p class="pale">{_said(sentence)}</p>\n'
    parts = ["".join(_chart(chart)) for chart in section.charts]
    parts += ["".join(_table(table)) for table in section.tables]
    if section.strips:
        parts.append("".join(_strips(section.strips)))
    yield f"{''.join(parts[:1])}</div>\n{''.join(parts[1:])}</section>\n"


def _chart(chart: Chart) -> Iterator[str]:
    # The drawing is ours; the names in it are text of its XML.
    yield f'<figure><figcaption>{text(chart.title)}</figcaption><div class="chart">{chart.svg}</div>'
    if chart.note:
        yield f'<p class="pale">{_said(chart.note)}</p>'
    yield "</figure>\n"
    if chart.table is not None:
        yield from _table(chart.table)


def _table(table: Table) -> Iterator[str]:
    if table.folded:
        yield f"<details><summary>{text(table.caption)}, in figures</summary>\n"
    width = len(table.head)
    is_figure = [i >= width - table.figures for i in range(width)]
    yield '<div class="scroll"><table class="figures">'
    if not table.folded:
        yield f"<caption>{text(table.caption)}</caption>"
    yield "<thead><tr>"
    for name, right in zip(table.head, is_figure, strict=True):
        yield f'<th scope="col"{_right(right)}>{text(name)}</th>'
    yield "</tr></thead><tbody>\n"
    for row in table.rows:
        for i, cell in enumerate(row):
            yield "<tr>" if i == 0 else ""
            tag = 'th scope="row"' if i == 0 else "td"
            yield f"<{tag}{_right(is_figure[i] and i > 0)}>{_cell(cell)}</{tag[:2]}>"
        yield "</tr>\n"
    yield "</tbody></table></div>\n"
    if table.note:
        yield f'<p class="pale">{_said(table.note)}</p>\n'
    if table.folded:
        yield "</details>\n"


def _right(is_figure: bool) -> str:
    return ' class="figure"' if is_figure else ""


def _cell(cell: str | Bar) -> str:
    if isinstance(cell, Bar):
        part = max(0.0, min(1.0, cell.part)) * 100
        return (
            f'<span class="bar"><i style="width:{part:.1f}%" aria-hidden="true"></i></span>'
            f"<span>{_said(cell.text)}</span>"
        )
    return f"<span>{_said(cell)}</span>"


def _strips(strips: Sequence[Strip]) -> Iterator[str]:
    yield '<div class="scroll"><table class="datasets"><thead><tr><th scope="col">Dataset</th>'
    yield '<th scope="col" class="look">Days</th><th scope="col">Complete</th>'
    yield '<th scope="col" class="why">Missing</th></tr></thead><tbody>\n'
    for one in strips:
        yield f'<tr><th scope="row">{text(one.name)}</th>'
        yield f'<td class="look">{coverage_page.strip(one.states)}</td>'
        yield f'<td>{text(one.complete)}</td><td class="why">{_said(one.missing or "–")}</td></tr>\n'
    yield "</tbody></table></div>\n"
