"""What Superset would ask DuckDB: the SQL of a chart's query, built from the documents alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_GRAINS = {"PT1H": "hour", "P1D": "day", "P1M": "month"}


def relation(dataset: Mapping[str, Any]) -> str:
    """What stands in the FROM."""
    return f"({dataset['sql']})"


def sql(query: Mapping[str, Any], dataset: Mapping[str, Any]) -> str:
    """A chart's query as a SELECT: columns, metrics, filters, grouping, order, limit.

    All series, in the place of the first ones and "Others".
    """
    measures = {m["metric_name"]: m["expression"] for m in dataset["metrics"]}
    plain = [_column(column) for column in query["columns"]]
    wanted = [f"{expression} AS {name}" for expression, name in plain]
    wanted += [f"{measures[name]} AS {name}" for name in query.get("metrics", ())]
    text = f"SELECT {', '.join(wanted)} FROM {relation(dataset)} AS asked"
    conditions = [_condition(limit) for limit in query["filters"]]
    if conditions:
        text += f" WHERE {' AND '.join(conditions)}"
    if "metrics" in query and plain:
        text += f" GROUP BY {', '.join(expression for expression, _ in plain)}"
    order = [f"{measures[name]} {'ASC' if up else 'DESC'}" for name, up in query["orderby"]]
    if order:
        text += f" ORDER BY {', '.join(order)}"
    return f"{text} LIMIT {query['row_limit']}"


def _column(column: str | Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(column, str):
        return column, column
    name = column["sqlExpression"]
    grain = column.get("timeGrain")
    return (f"date_trunc('{_GRAINS[grain]}', {name})" if grain else name), column["label"]


def _condition(limit: Mapping[str, Any]) -> str:
    if limit["op"] == "IN":
        return f"{limit['col']} IN ({', '.join(map(_text, limit['val']))})"
    return f"{limit['col']} {limit['op']} {'' if limit['val'] is None else limit['val']}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
