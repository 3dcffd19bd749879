"""Settings of a chart, for Superset's page, and the query that returns its data without a browser."""

from __future__ import annotations

from typing import Any

from pipelines.superset.model import DAY_COLUMN, Chart, Filter, Kind, Table
from resources.i18n import say

NO_FILTER = "No filter"


def query(chart: Chart, table: Table) -> dict[str, Any]:
    """The query of the chart for Superset's API."""
    axis = [_axis(chart, table)] if chart.kind.over_time else []
    found: dict[str, Any] = {
        "columns": [*axis, *chart.by],
        "filters": [{"col": f.column, "op": f.operator, "val": f.operand} for f in chart.filters],
        "extras": {"having": "", "where": ""},
        "orderby": [] if chart.kind.over_time else [[_order(chart), chart.ascending]],
        "row_limit": chart.rows,
        "order_desc": True,
        "metrics": [*chart.metrics],
    }
    if chart.grain and chart.kind.over_time:
        found["extras"]["time_grain_sqla"] = chart.grain
    if chart.kind.over_time:
        found["series_columns"] = [*chart.by]
    if chart.top:
        found |= {
            "series_limit": chart.top,
            "series_limit_metric": _rank(chart),
            "group_others_when_limit_reached": True,
        }
    return found


def _order(chart: Chart) -> str:
    return chart.order or chart.metrics[0]


def _rank(chart: Chart) -> str:
    return chart.rank or chart.metrics[0]


def _axis(chart: Chart, table: Table) -> dict[str, Any]:
    return {
        "columnType": "BASE_AXIS",
        "expressionType": "SQL",
        "label": table.time,
        "sqlExpression": table.time,
        **({"timeGrain": chart.grain} if chart.grain else {}),
    }


def form_data(chart: Chart, table: Table) -> dict[str, Any]:
    """The settings of the chart, as its page in Superset shows them."""
    limits = [_limit(f) for f in chart.filters]
    if table.has(DAY_COLUMN):
        limits.insert(0, _limit_in_time(DAY_COLUMN))
    found: dict[str, Any] = {
        "viz_type": chart.kind.value,
        "adhoc_filters": limits,
        "row_limit": chart.rows,
        **_OF_KIND[chart.kind],
    }
    if chart.kind is Kind.TABLE:
        found |= _rows(chart)
    elif chart.kind in (Kind.BIG_NUMBER, Kind.TOTAL, Kind.PIE):
        found["metric"] = chart.metrics[0]
    else:
        found["metrics"] = [*chart.metrics]
    if chart.kind.over_time:
        found |= {"x_axis": table.time, "time_grain_sqla": chart.grain}
        found["x_axis_time_format"] = _DAY if chart.grain in _WHOLE_DAYS else f"{_DAY} %H:%M"
    if chart.kind is not Kind.TABLE:
        found["groupby"] = [*chart.by]
    if chart.top:
        found |= {
            "limit": chart.top,
            "timeseries_limit_metric": _rank(chart),
            "group_others_when_limit_reached": True,
        }
    return found | dict(chart.options)


def in_words(form: dict[str, Any], language: str) -> dict[str, Any]:
    """The settings with their texts in `language`."""
    return {k: say(v, language) if k in READ else v for k, v in form.items()}


READ = ("compare_suffix", "subheader")
"""Settings that are texts."""


def _rows(chart: Chart) -> dict[str, Any]:
    return {
        "query_mode": "aggregate",
        "groupby": [*chart.by],
        "metrics": [*chart.metrics],
        "timeseries_limit_metric": _order(chart),
        "order_desc": not chart.ascending,
    }


_OPERATORS = {"IN": "IN", "IS NOT NULL": "IS_NOT_NULL", ">": "GREATER_THAN"}


def _limit(condition: Filter) -> dict[str, Any]:
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": condition.column,
        "operator": condition.operator,
        "operatorId": _OPERATORS[condition.operator],
        "comparator": condition.operand,
    }


def _limit_in_time(column: str) -> dict[str, Any]:
    """Placeholder for the dashboard's time filter."""
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "TEMPORAL_RANGE",
        "operatorId": "TEMPORAL_RANGE",
        "comparator": NO_FILTER,
    }


# Superset's own formats have English names of days and months, whatever the language.
_DAY = "%m-%d"
_WHOLE_DAYS = ("P1D", "P1M")
_SERIES = {
    "color_scheme": "supersetColors",
    "legendOrientation": "top",
    "legendType": "plain",
    "rich_tooltip": True,
    "show_legend": True,
    "tooltipTimeFormat": "%Y-%m-%d %H:%M",
    "truncateXAxis": False,
    "truncateYAxis": False,
    "x_axis_sort_asc": True,
    "y_axis_title_margin": 0,
    "sort_series_type": "sum",
    "sort_series_ascending": False,
}
_OF_KIND: dict[Kind, dict[str, Any]] = {
    Kind.BIG_NUMBER: {
        "header_font_size": 0.4,
        "subheader_font_size": 0.15,
        "show_trend_line": True,
        "start_y_axis_at_zero": True,
        "time_format": "%Y-%m-%d",
        "show_timestamp": True,
        "rolling_type": "None",
    },
    Kind.TOTAL: {"header_font_size": 0.4, "subheader_font_size": 0.15},
    Kind.LINE: {**_SERIES, "seriesType": "line"},
    Kind.AREA: {**_SERIES, "seriesType": "line", "opacity": 0.6, "stack": "Stack"},
    Kind.BAR: {**_SERIES, "orientation": "vertical", "stack": "Stack"},
    Kind.PIE: {
        "color_scheme": "supersetColors",
        "donut": True,
        "innerRadius": 45,
        "label_type": "key_percent",
        "labels_outside": True,
        "number_format": "SMART_NUMBER",
        "show_labels": True,
        "show_legend": False,
        "sort_by_metric": True,
    },
    Kind.TABLE: {
        "show_cell_bars": False,
        "table_timestamp_format": "smart_date",
        "page_length": 0,
    },
}
