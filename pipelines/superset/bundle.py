"""The bundle as a zip of YAML documents; equal tables give equal bytes.

The documents are made by documents.py and dashboard.py. Read next: tabs.py.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pipelines.superset import documents
from pipelines.superset.dashboard import dashboard
from pipelines.superset.documents import Source
from pipelines.superset.joined import with_joined
from pipelines.superset.metrics import METRICS
from pipelines.superset.model import Chart, Tab, Table
from pipelines.superset.tabs import CHOICES, TABS, TIME_RANGE, TITLE

ROOT = "livestats"
"""Top folder of the zip, which Superset requires."""

_ANY_TIME = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # of each file in the zip, so that the bytes do not depend on the time


def bundle(source: Source, tables: Sequence[Table]) -> dict[str, Any]:
    """Path in the zip -> document.

    Charts of missing tables, whose datasets are switched off, are left out.
    """
    tables = with_joined(tables, source.language)
    known = {table.name: table for table in tables}
    tabs = available(TABS, known)
    choices = [choice for choice in CHOICES if choice.table in known]
    charts = [chart for tab in tabs for chart in tab.charts]
    return {
        # Without a type: Superset takes it as assets, over its API, and as a dashboard, by click.
        "metadata.yaml": {"version": documents.VERSION},
        f"databases/{_file(source.name)}": documents.database(source),
        **{
            f"datasets/{_file(source.name, '')}/{_file(table.name)}": documents.dataset(
                source, table, METRICS.get(table.name, ())
            )
            for table in tables
        },
        **{
            f"charts/{_file(chart.title)}": documents.chart(source, chart, known[chart.table])
            for chart in charts
        },
        f"dashboards/{_file(TITLE)}": dashboard(source, TITLE, tabs, choices, TIME_RANGE, known),
    }


def available(tabs: Sequence[Tab], tables: Mapping[str, Table]) -> list[Tab]:
    """The tabs without the charts of missing tables or columns; empty tabs are left out."""

    def can_be_made(chart: Chart) -> bool:
        table = tables.get(chart.table)
        return table is not None and all(table.has(column) for column in chart.by)

    kept = []
    for tab in tabs:
        rows = [tuple(chart for chart in row if can_be_made(chart)) for row in tab.rows]
        if any(rows):
            kept.append(Tab(title=tab.title, rows=tuple(row for row in rows if row)))
    return kept


def zipped(documents_by_path: Mapping[str, Any]) -> bytes:
    """The documents as a zip file that Superset can import."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, document in documents_by_path.items():
            text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
            archive.writestr(
                zipfile.ZipInfo(f"{ROOT}/{path}", _ANY_TIME), text, zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def _file(name: str, ending: str = ".yaml") -> str:
    """A file name of ASCII letters and digits; the real names are in the documents."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return plain.strip("_").lower() + ending
