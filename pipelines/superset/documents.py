"""Documents of databases, datasets and charts, in Superset's own export format.

Which charts there are is in tabs.py; the dashboard is in dashboard.py, the settings of a chart in forms.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pipelines.superset.forms import form_data, in_words, query
from pipelines.superset.model import Chart, Metric, Table
from pipelines.superset.sources import FILLED_BY, OF_PUSH_DOMAINS
from pipelines.superset.titles import TITLES
from resources.config import CHINESE, ENGLISH
from resources.i18n import say
from resources.sql import quoting

VERSION = "1.0.0"
"""Superset's version of the document format."""

_ROOT = uuid5(NAMESPACE_URL, "livestats/superset")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")
_CACHE_S = 300
_PUSHED = "Of push domains: for a pull domain, choose its domain space."


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
                "verbose_name": say(TITLES[column.name], source.language)
                if column.name in TITLES
                else None,
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


def description(chart: Chart, language: str) -> str:
    """What a chart shows, what it means that it is empty, and which datasets fill it."""
    pushed = _PUSHED if chart.table in OF_PUSH_DOMAINS else ""
    found = [say(text, language) for text in (chart.note, chart.empty, pushed) if text]
    if filled_by := FILLED_BY.get(chart.table):
        listed = ", ".join(f"`{dataset}`" for dataset in filled_by)
        found.append(say("Filled by: {}.", language).format(listed))
    return ("" if language == CHINESE else " ").join(found)


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
        "description": description(chart, source.language),
        "viz_type": chart.kind.value,
        "params": form,
        "query_context": json.dumps(context, ensure_ascii=False),
        "uuid": str(source.uuid("chart", chart.title)),
        "version": VERSION,
        "dataset_uuid": str(source.uuid("dataset", chart.table)),
    }
