"""Documentation of the datasets' tables and columns, as data for programs and as DuckDB comments.

Not here: marts and the tables of livestats itself (marts/data_dictionary.py).
"""

from __future__ import annotations

from typing import Any

from resources import i18n
from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Column
from resources.config import ENGLISH, LANGUAGES


def tables(language: str = ENGLISH) -> list[dict[str, Any]]:
    """All tables of the datasets: the contract that other people's programs read.

    Each has `table`, `kind` (dataset), `group`, `action`, `description`, `parameters` (fixed request fields), `variants`
    (parameter sets whose values are columns), `key` and `columns` with `name`, `type`, `unit`,
    `field` (the API's name; None if ours), `factor` (column value = API value x factor), `comment`.
    """
    return [_table(dataset, language) for dataset in DATASETS.values()]


def _table(dataset: Dataset, language: str) -> dict[str, Any]:
    return {
        "table": dataset.name,
        "kind": "dataset",
        "group": dataset.group,
        "action": dataset.endpoint.action,
        "description": i18n.say(dataset.description, language),
        "parameters": dataset.fixed_parameters,
        "variants": [dict(v) for v in dataset.variants if v],
        "key": list(dataset.key),
        "columns": [_column(column, language) for column in dataset.columns],
    }


def _column(column: Column, language: str) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.kind.sql,
        "unit": column.unit,
        "field": column.field,
        "factor": column.factor,
        "comment": i18n.say(column.comment, language),
    }


def table_comment(dataset: Dataset, language: str = ENGLISH) -> str:
    """The comment of a table, as DuckDB and BI tools show it."""
    return i18n.table_comment(
        dataset.description, source=dataset.endpoint.action, key=dataset.key, language=language
    )


def key_sentences(dataset: Dataset) -> tuple[str, ...]:
    """The last sentence of the table's comment, which names the key, in each language."""
    return tuple(i18n.key_sentence(dataset.key, language) for language in LANGUAGES)


def column_comment(column: Column, language: str = ENGLISH) -> str:
    """The comment of a column: meaning, unit, API field."""
    return i18n.column_comment(
        column.comment, unit=column.unit, field=column.field, language=language
    )
