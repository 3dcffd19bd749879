"""Usage report as one HTML file for screen and paper, without network; its script is in the file.

Here: what page.html.j2 is filled with. Not here: figures (view.py), what the script reads (data.py).
Read next: view.py, page.html.j2, script/texts.js.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from pipelines.reports import templates
from pipelines.reports.coverage import page as coverage_page
from pipelines.reports.usage import data, words
from pipelines.reports.usage.billing import Billing
from pipelines.reports.usage.cover import Coverage
from pipelines.reports.usage.entities import Store
from pipelines.reports.usage.view import View
from resources.version import VERSION

_HERE = Path(__file__).parent
STYLE = _HERE / "report.css"
SCRIPT = _HERE / "script"
_PARTS = ("texts", "figures", "view", "tables", "charts", "start")
"""Of the script, in the order in which they stand in the page."""
UPLOT = _HERE / "uplot"
"""The chart library as it is published; uplot/README.md says which version."""
SHARP = 'if (devicePixelRatio < 2) Object.defineProperty(window, "devicePixelRatio", { value: 2 });'
"""Has the library draw at least two pixels for one: else charts are coarse on paper."""


def page(
    title: str,
    about: Sequence[str],
    store: Store,
    views: Sequence[View],
    billing: Billing,
    coverage: Coverage,
) -> str:
    """The document; `about` are the lines below its title."""
    language = store.language
    texts = {key: words.page(key, language) for key in words.PAGE}
    scripts = [SHARP, (UPLOT / "uPlot.iife.min.js").read_text("utf-8"), _script()]
    return templates.render(
        "usage/page.html.j2",
        [coverage_page.STYLE, UPLOT / "uPlot.min.css", STYLE],
        language="zh-CN" if language == "zh" else language,
        title=title,
        about=about,
        views=views,
        billing=billing,
        coverage=coverage,
        words=texts,
        made=texts["made"].format(version=VERSION),
        first=store.source.range.first,
        last=store.source.range.last,
        data=data.safe(data.data(store, views, billing, coverage)),
        licence=(UPLOT / "LICENSE").read_text("utf-8").strip(),
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
        policy=" ".join(f"'{_hash(script)}'" for script in scripts),
    )


def _script() -> str:
    """The parts as one script, whose names are its own and not those of the window."""
    parts = [(SCRIPT / f"{name}.js").read_text("utf-8") for name in _PARTS]
    return "(() => {\n" + "\n".join(parts) + "})();\n"


def _hash(script: str) -> str:
    """What a content security policy calls a script by, so that no other one can run."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
