"""Document of the dashboard: tabs of charts, and the filters above them.

The charts' own documents are in documents.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.superset.documents import VERSION, Source, description
from pipelines.superset.model import DAY_COLUMN, Chart, Tab, Table
from resources.i18n import say

_TABS = ["ROOT_ID", "TABS"]
_COLUMNS = 12
_CSS = """.dashboard-markdown .dashboard-component { background: none; padding: 0 16px; }
.dashboard .header-title { font-size: 14px; }
.dashboard-markdown { font-size: 12px; opacity: 0.75; }
"""
# How much of a caption is on one line: letters for each of the 12 columns, less those that margins
# take. Chinese ones are twice as wide.
_LETTERS = 16
_MARGIN = 5


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A filter that offers the values of a column, for every chart whose table has that column."""

    title: str
    table: str
    column: str
    within: str = ""  # title of the choice that narrows what this one offers


def dashboard(
    source: Source,
    title: str,
    tabs: Sequence[Tab],
    choices: Sequence[Choice],
    time_range: str,
    tables: Mapping[str, Table],
) -> dict[str, Any]:
    """Tabs, above them filters for the time and `choices`; `tables` has the table of each chart.

    A filter is for each chart whose table has its column, so it means the same wherever it counts.
    """
    charts = [chart for tab in tabs for chart in tab.charts]
    numbers = {chart.title: number for number, chart in enumerate(charts, 1)}

    def without(column: str) -> list[int]:
        return [numbers[chart.title] for chart in charts if not tables[chart.table].has(column)]

    return {
        "dashboard_title": say(title, source.language),
        "slug": f"{source.name}-{title}".lower().replace(" ", "-"),
        "uuid": str(source.uuid("dashboard", title)),
        "version": VERSION,
        "published": True,
        "css": _CSS,
        "position": _position(source, title, tabs, numbers),
        "metadata": {
            "color_scheme": "supersetColors",
            "label_colors": {"Others": "#b2b2b2"},  # Superset's name, for what is beyond Chart.top
            # A click on a value limits all charts that have its column, like a filter.
            "cross_filters_enabled": True,
            "filter_bar_orientation": "HORIZONTAL",
            "refresh_frequency": 0,
            "native_filter_configuration": [
                _time_filter(source, time_range, without(DAY_COLUMN)),
                *(_choice(source, choice, without(choice.column)) for choice in choices),
            ],
        },
    }


def _position(
    source: Source, title: str, tabs: Sequence[Tab], numbers: Mapping[str, int]
) -> dict[str, Any]:
    said = say(title, source.language)
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["TABS"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": said}},
        # Superset expects it; with tabs, nothing is in it.
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "parents": ["ROOT_ID"], "children": []},
    }
    keys = []
    for t, tab in enumerate(tabs):
        inside = [*_TABS, f"TAB-{t}"]
        rows = []
        for r, row in enumerate(tab.rows):
            key = f"ROW-{t}-{r}"
            cells = _cells(found, source, row, numbers, [*inside, key])
            meta = {"background": "BACKGROUND_TRANSPARENT"}
            rows.append(_add(found, key, "ROW", inside, meta, cells))
        meta = {"text": say(tab.title, source.language)}
        keys.append(_add(found, f"TAB-{t}", "TAB", _TABS, meta, rows))
    _add(found, "TABS", "TABS", ["ROOT_ID"], {}, keys)
    return found


def _add(
    found: dict[str, Any],
    key: str,
    kind: str,
    parents: Sequence[str],
    meta: Mapping[str, Any],
    children: Sequence[str] = (),
) -> str:
    found[key] = {
        "id": key,
        "type": kind,
        "parents": [*parents],
        "children": [*children],
        "meta": dict(meta),
    }
    return key


def _cells(
    found: dict[str, Any],
    source: Source,
    row: Sequence[Chart],
    numbers: Mapping[str, int],
    parents: Sequence[str],
) -> list[str]:
    """Keys of the cells of a row: each chart above its caption; the last takes the remaining width.

    Captions are texts of their own, because Superset 6.1 does not show the description of a chart,
    and its empty charts do not say what they lack.
    """
    widths = [chart.width for chart in row]
    widths[-1] += _COLUMNS - sum(widths)
    captions = [description(chart, source.language) for chart in row]
    lines = max(_lines(text, width) for text, width in zip(captions, widths, strict=True))
    keys = []
    for chart, width, caption in zip(row, widths, captions, strict=True):
        number = numbers[chart.title]
        key, inside = f"COLUMN-{number}", [*parents, f"COLUMN-{number}"]
        meta = {
            "chartId": number,
            "uuid": str(source.uuid("chart", chart.title)),
            "sliceName": say(chart.title, source.language),
            "width": width,
            "height": max(c.height for c in row),
        }
        text = {"code": caption, "width": width, "height": 3 + 2 * lines}
        children = [
            _add(found, f"CHART-{number}", "CHART", inside, meta),
            _add(found, f"MARKDOWN-{number}", "MARKDOWN", inside, text),
        ]
        meta = {"width": width, "background": "BACKGROUND_TRANSPARENT"}
        keys.append(_add(found, key, "COLUMN", parents, meta, children))
    return keys


def _lines(text: str, width: int) -> int:
    """Lines that a text takes in a cell of that width."""
    letters = sum(1 if character.isascii() else 2 for character in text)
    return -(-letters // (_LETTERS * width - _MARGIN))


def _filter(
    source: Source, title: str, kind: str, excluded: Sequence[int], within: str = ""
) -> dict[str, Any]:
    return {
        "id": _filter_id(source, title),
        "type": "NATIVE_FILTER",
        "filterType": kind,
        "name": say(title, source.language),
        "description": "",
        "scope": {"rootPath": ["ROOT_ID"], "excluded": [*excluded]},
        "cascadeParentIds": [_filter_id(source, within)] if within else [],
    }


def _filter_id(source: Source, title: str) -> str:
    return f"NATIVE_FILTER-{source.uuid('filter', title)}"


def _time_filter(source: Source, time_range: str, excluded: Sequence[int]) -> dict[str, Any]:
    return {
        **_filter(source, "Days", "filter_time", excluded),
        "targets": [{}],
        "controlValues": {"enableEmptyFilter": False},
        "defaultDataMask": {
            "extraFormData": {"time_range": time_range},
            "filterState": {"value": time_range},
            "ownState": {},
        },
    }


def _choice(source: Source, choice: Choice, excluded: Sequence[int]) -> dict[str, Any]:
    dataset = str(source.uuid("dataset", choice.table))
    return {
        **_filter(source, choice.title, "filter_select", excluded, choice.within),
        "targets": [{"column": {"name": choice.column}, "datasetUuid": dataset}],
        "controlValues": {
            "enableEmptyFilter": False,
            "defaultToFirstItem": False,
            "multiSelect": True,
            "searchAllOptions": False,
            "creatable": False,
            "inverseSelection": False,
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
    }
