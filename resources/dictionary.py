"""The data dictionary: every table and column, as data for programs and as comments for DuckDB."""

from __future__ import annotations

from typing import Any

from resources.api.catalogue import DATASETS
from resources.api.catalogue.model import Column, Dataset


def tables() -> list[dict[str, Any]]:
    """All tables of the datasets: the contract that other people's programs read.

    Each has `table`, `kind` (dataset), `group`, `action`, `description`, `parameters` (fixed request fields), `variants`
    (parameter sets whose values are columns), `key` and `columns` with `name`, `type`, `unit`,
    `field` (the API's name; None if ours), `factor` (column value = API value x factor), `comment`.
    """
    return [_table(dataset) for dataset in DATASETS.values()]


def _table(dataset: Dataset) -> dict[str, Any]:
    return {
        "table": dataset.name,
        "kind": "dataset",
        "group": dataset.group,
        "action": dataset.endpoint.action,
        "description": dataset.description,
        "parameters": dataset.fixed_parameters,
        "variants": [dict(v) for v in dataset.variants if v],
        "key": list(dataset.key),
        "columns": [_column(column) for column in dataset.columns],
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.kind.sql,
        "unit": column.unit,
        "field": column.field,
        "factor": column.factor,
        "comment": column.comment,
    }


def table_comment(dataset: Dataset) -> str:
    """What DuckDB and BI tools show of a table."""
    return (
        f"{dataset.description} Source: {dataset.endpoint.action}. Key: {', '.join(dataset.key)}."
    )


def column_comment(column: Column) -> str:
    """What DuckDB and BI tools show of a column: meaning, unit, API field."""
    unit = f" Unit: {column.unit}." if column.unit else ""
    source = f" API: {column.field}." if column.field else ""
    return f"{column.comment}{unit}{source}"
