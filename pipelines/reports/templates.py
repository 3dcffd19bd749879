"""Jinja2 renders the HTML pages from templates (*.html.j2) that lie beside the code that fills them.

Figures are computed in coverage/ and usage/, drawings in usage/svg.py. Read next: coverage/page.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pipelines.cli import screen
from resources.version import VERSION

_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b(?: \d\d:\d\d\b)?")


def render(template: str, styles: Sequence[Path], **values: object) -> str:
    """The document made from `template` (its path from this folder), with `styles` inlined.

    All values are escaped. A name that the template uses and nothing defines is an error.
    """
    style = Markup("").join(Markup(path.read_text("utf-8")) for path in styles)  # noqa: S704 - our own files
    document = _environment().get_template(template).render(style=style, **values)
    # File names that are not UTF-8 arrive as surrogates, which cannot be encoded.
    return document.encode("utf-8", "backslashreplace").decode()


def mark_dates(value: object) -> Markup:
    """`value` as HTML with each date in <time>: the style keeps a date on one line."""
    return Markup(_DATE.sub(r"<time>\g<0></time>", str(escape(value))))  # noqa: S704 - escaped here


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "mark_dates": mark_dates,
        "days_text": screen.days_text,
        "names_text": screen.names_text,
    }
    environment.globals |= {"counted": screen.counted, "version": VERSION}
    return environment
