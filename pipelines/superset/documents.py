"""Documents of databases, datasets and charts, in Superset's own export format.

Which charts there are is in overview.py; the dashboard is in dashboard.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pipelines.superset.model import Chart, Filter, Kind, Metric, Table
from resources.config import ENGLISH
from resources.i18n import say
from resources.sql import quoting

VERSION = "1.0.0"
"""Superset's version of the document format."""

_ROOT = uuid5(NAMESPACE_URL, "livestats/superset")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")
NO_FILTER = "No filter"
_CACHE_S = 300


@dataclass(frozen=True, kw_only=True)
class Source:
    """The served copy as a database of Superset."""

    name: str  # in Superset; another name adds a second database
    path: str  # of the served copy, as the Superset server sees it
    time_zone: str  # of business days; times are shown in it
    language: str = ENGLISH  # of titles and notes

    def uuid(self, kind: str, name: str = "") -> UUID:
        """A stable id for a name, so that a new import updates instead of adding."""
        return uuid5(_ROOT, f"{self.name}\n{kind}\n{name}")


def database(source: Source) -> dict[str, Any]:
    """The connection: read-only, each query on a connection of its own, days in our zone."""
    # In lower case the zone is set after connecting; DuckDB refuses it before.
    arguments = {"read_only": True, "config": {"timezone": source.time_zone}}
    return {
        "database_name": source.name,
        "sqlalchemy_uri": f"duckdb:///{source.path}",
        "cache_timeout": _CACHE_S,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {
            "allows_virtual_table_explore": True,
            "engine_params": {"connect_args": arguments},
        },
        "uuid": str(source.uuid("database")),
        "version": VERSION,
    }


def dataset(source: Source, table: Table, metrics: Sequence[Metric]) -> dict[str, Any]:
    """A table with the descriptions from its comments.

    It is a SELECT of the columns, for two reasons: Superset would show times in UTC; and if its own
    database is SQLite, dataset names must be unique across databases, which a name other than the
    table's ensures.
    """
    return {
        "table_name": f"{source.name}.{table.name}",
        "main_dttm_col": table.time,
        "description": table.comment,
        "schema": "main",
        "sql": _local(source, table),
        "filter_select_enabled": True,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": str(source.uuid("dataset", table.name)),
        "columns": [
            {
                "column_name": column.name,
                "description": column.comment,
                "type": column.type.replace("TIMESTAMPTZ", "TIMESTAMP"),
                "is_dttm": column.type in _TIMES,
                "is_active": True,
                "groupby": True,
                "filterable": True,
            }
            for column in table.columns
        ],
        "metrics": [
            {
                "metric_name": metric.name,
                "verbose_name": say(metric.title, source.language),
                "expression": metric.sql,
                "description": say(metric.note, source.language) or None,
                "d3format": metric.format,
            }
            for metric in metrics
        ],
        "version": VERSION,
        "database_uuid": str(source.uuid("database")),
    }


def _local(source: Source, table: Table) -> str:
    zone = quoting.literal(source.time_zone)
    listed = ",\n".join(
        f"  {column.name} AT TIME ZONE {zone} AS {column.name}"
        if column.type == "TIMESTAMPTZ"
        else f"  {column.name}"
        for column in table.columns
    )
    return f"SELECT\n{listed}\nFROM {table.source}"


def chart(source: Source, chart: Chart, table: Table) -> dict[str, Any]:
    """A chart, with the query that returns its data without a browser."""
    form = in_words(form_data(chart, table), source.language)
    context = {
        "datasource": {"id": 0, "type": "table"},  # Superset inserts the imported dataset
        "force": False,
        "queries": [query(chart, table)],
        "form_data": form,
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": say(chart.title, source.language),
        "description": say(chart.note, source.language),
        "viz_type": chart.kind.value,
        "params": form,
        "query_context": json.dumps(context, ensure_ascii=False),
        "uuid": str(source.uuid("chart", chart.title)),
        "version": VERSION,
        "dataset_uuid": str(source.uuid("dataset", chart.table)),
    }


def query(chart: Chart, table: Table) -> dict[str, Any]:
    """The query of the chart for Superset's API."""
    axis = [_axis(chart, table)] if chart.kind.over_time else []
    found: dict[str, Any] = {
        "columns": [*axis, *(chart.columns or chart.by)],
        "filters": [{"col": f.column, "op": "IN", "val": [*f.values]} for f in chart.filters],
        "extras": {"having": "", "where": ""},
        "orderby": [[name, ascending] for name, ascending in ordered(chart)],
        "row_limit": chart.rows,
        "order_desc": True,
    }
    if chart.metrics:
        found["metrics"] = [*chart.metrics]
    if chart.grain and chart.kind.over_time:
        found["extras"]["time_grain_sqla"] = chart.grain
    if chart.kind.over_time:
        found["series_columns"] = [*chart.by]
    return found


def ordered(chart: Chart) -> list[tuple[str, bool]]:
    """The order of the rows: as given, else by the first metric, descending."""
    if chart.order:
        return [*chart.order]
    return [(chart.metrics[0], False)] if chart.metrics and not chart.kind.over_time else []


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
    days = next((c.name for c in table.columns if c.name in ("business_date", "month")), None)
    limits = [_limit(f) for f in chart.filters]
    if "time" in chart.follows and days:
        limits.insert(0, _limit_in_time(days))
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
    if chart.kind is not Kind.TABLE:
        found["groupby"] = [*chart.by]
    return found | dict(chart.options)


def in_words(form: dict[str, Any], language: str) -> dict[str, Any]:
    """The settings with their texts in `language`."""
    found = {k: say(v, language) if k in _READ else v for k, v in form.items()}
    if "column_config" in form:
        found["column_config"] = {
            name: {**shown, "customColumnName": say(shown["customColumnName"], language)}
            for name, shown in form["column_config"].items()
        }
    return found


_READ = ("compare_suffix", "subheader")


def _rows(chart: Chart) -> dict[str, Any]:
    if chart.columns:
        order = [json.dumps([name, ascending]) for name, ascending in ordered(chart)]
        return {"query_mode": "raw", "all_columns": [*chart.columns], "order_by_cols": order}
    ((by, ascending),) = ordered(chart)
    return {
        "query_mode": "aggregate",
        "groupby": [*chart.by],
        "metrics": [*chart.metrics],
        "timeseries_limit_metric": by,
        "order_desc": not ascending,
    }


def _limit(condition: Filter) -> dict[str, Any]:
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": condition.column,
        "operator": "IN",
        "operatorId": "IN",
        "comparator": [*condition.values],
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


_SERIES = {
    "color_scheme": "supersetColors",
    "legendOrientation": "top",
    "legendType": "scroll",
    "rich_tooltip": True,
    "show_legend": True,
    "tooltipTimeFormat": "smart_date",
    "truncateXAxis": False,
    "truncateYAxis": False,
    "x_axis_sort_asc": True,
    "x_axis_time_format": "smart_date",
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
