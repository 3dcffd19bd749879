"""Document of the dashboard: positions of the charts, and the filters above them.

The charts' own documents are in documents.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.superset.documents import VERSION, Source
from pipelines.superset.model import Chart, Section
from resources.i18n import say

_GRID = ["ROOT_ID", "GRID_ID"]
_COLUMNS = 12


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A filter that offers the values of a column."""

    title: str
    follower: str  # value of Chart.follows that makes a chart use this filter
    table: str
    column: str


def dashboard(
    source: Source,
    title: str,
    sections: Sequence[Section],
    choices: Sequence[Choice],
    time_range: str,
) -> dict[str, Any]:
    """One page: the sections below each other, above them filters for the time and `choices`."""
    charts = [chart for section in sections for row in section.rows for chart in row]
    numbers = {chart.title: number for number, chart in enumerate(charts, 1)}
    return {
        "dashboard_title": say(title, source.language),
        "slug": f"{source.name}-{title}".lower().replace(" ", "-"),
        "uuid": str(source.uuid("dashboard", title)),
        "version": VERSION,
        "published": True,
        "css": "",
        "position": _position(source, title, sections, numbers),
        "metadata": {
            "color_scheme": "supersetColors",
            "cross_filters_enabled": False,
            "filter_bar_orientation": "HORIZONTAL",
            "refresh_frequency": 0,
            "native_filter_configuration": [
                _time_filter(source, time_range, _not_following(charts, "time", numbers)),
                *(_choice(source, c, _not_following(charts, c.follower, numbers)) for c in choices),
            ],
        },
    }


def _not_following(charts: Iterable[Chart], follower: str, numbers: Mapping[str, int]) -> list[int]:
    """Numbers of the charts that do not use the filter."""
    return [numbers[chart.title] for chart in charts if follower not in chart.follows]


def _position(
    source: Source, title: str, sections: Sequence[Section], numbers: Mapping[str, int]
) -> dict[str, Any]:
    said = say(title, source.language)
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": said}},
    }
    order = []
    for s, section in enumerate(sections):
        if section.title:
            heading = _heading(say(section.title, source.language))
            order.append(_add(found, f"HEADER-{s}", "HEADER", _GRID, heading))
        for r, row in enumerate(section.rows):
            key = f"ROW-{s}-{r}"
            order.append(key)
            inside = [
                _add(found, f"CHART-{numbers[c.title]}", "CHART", [*_GRID, key], meta)
                for c, meta in zip(row, _placed(source, row, numbers), strict=True)
            ]
            _add(found, key, "ROW", _GRID, {"background": "BACKGROUND_TRANSPARENT"}, inside)
    found["GRID_ID"] = {
        "id": "GRID_ID", "type": "GRID", "parents": ["ROOT_ID"], "children": order,
    }  # fmt: skip
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


def _heading(text: str) -> dict[str, Any]:
    return {
        "text": text,
        "headerSize": "MEDIUM_HEADER",
        "background": "BACKGROUND_TRANSPARENT",
    }


def _placed(
    source: Source, row: Sequence[Chart], numbers: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Position of each chart in its row; the last one takes the remaining width."""
    widths = [chart.width for chart in row]
    widths[-1] += _COLUMNS - sum(widths)
    return [
        {
            "chartId": numbers[chart.title],
            "uuid": str(source.uuid("chart", chart.title)),
            "sliceName": say(chart.title, source.language),
            "width": width,
            "height": max(c.height for c in row),
        }
        for chart, width in zip(row, widths, strict=True)
    ]


def _filter(source: Source, title: str, kind: str, excluded: Sequence[int]) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{source.uuid('filter', title)}",
        "type": "NATIVE_FILTER",
        "filterType": kind,
        "name": say(title, source.language),
        "description": "",
        "scope": {"rootPath": ["ROOT_ID"], "excluded": [*excluded]},
        "cascadeParentIds": [],
    }


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
        **_filter(source, choice.title, "filter_select", excluded),
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
