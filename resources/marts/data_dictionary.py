"""The data dictionary of the warehouse: datasets, marts and livestats' own tables.

Not here: the entries of datasets (warehouse/dataset_docs.py), pages made of it (docgen).
"""

from __future__ import annotations

from typing import Any

from resources import i18n
from resources.config import ENGLISH
from resources.marts import schema
from resources.marts.definition import Mart, read
from resources.system_tables.registry import OWN_TABLES
from resources.warehouse import dataset_docs


def tables(language: str = ENGLISH) -> list[dict[str, Any]]:
    """Everything that can be queried, as a public contract: other programs read this.

    Each entry has the fields of `dataset_docs.tables`. `kind` is dataset, view, table by day, macro
    or bookkeeping. Only datasets have an `action`. The `parameters` of a macro are its own: name ->
    default (None: required). Columns of marts and bookkeeping have no `field`. Descriptions and
    comments are in `language`; all other values are the same in every language.
    """
    types = schema.types()
    return [
        *dataset_docs.tables(language),
        *(_mart(mart, dict(types[name]), language) for name, mart in sorted(read().items())),
        *(
            {
                "table": name,
                "kind": "bookkeeping",
                "group": "bookkeeping",
                "action": None,
                "description": i18n.say(own.comment, language),
                "parameters": {},
                "variants": [],
                "key": [],
                "columns": [
                    _column(column, sql, None, i18n.say(comment, language))
                    for column, (sql, comment) in own.columns.items()
                ],
            }
            for name, own in OWN_TABLES.items()
        ),
    ]


def _mart(mart: Mart, types: dict[str, str], language: str) -> dict[str, Any]:
    return {
        "table": mart.name,
        "kind": mart.kind.value,
        "group": mart.group,
        "action": None,
        "description": i18n.say(mart.meaning, language),
        "parameters": {p.name: p.default for p in mart.parameters},
        "variants": [],
        "key": list(mart.key),
        "columns": [
            _column(c.name, types[c.name], c.unit, i18n.say(c.meaning, language))
            for c in mart.columns
        ],
    }


def _column(name: str, kind: str, unit: str | None, comment: str) -> dict[str, Any]:
    return {
        "name": name, "type": kind, "unit": unit, "field": None, "factor": 1.0, "comment": comment,
    }  # fmt: skip
