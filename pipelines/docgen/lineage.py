"""assets/sql/column_lineage.json: from which columns each column of a mart is made.

Made by `python -m pipelines.docgen.lineage`, in an environment with sqlglot (`.[scale]`); it takes some
seconds, so it is not done each time that Dagster loads the assets. Read next: resources/marts/lineage.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from resources.api.catalog import DATASETS
from resources.marts import lineage, schema
from resources.marts.definition import ARCHIVE_TABLE, Mart, read
from resources.system_tables.registry import OWN_TABLES


def page() -> str:
    """The file."""
    columns = {
        mart.name: {"sql": lineage.digest(mart), "columns": derived(mart)}
        for mart in sorted(read().values(), key=lambda mart: mart.name)
    }
    return json.dumps(columns, indent=1) + "\n"


def derived(mart: Mart) -> dict[str, list[str]]:
    """Column -> `table.column` of every column that its values are made from, sorted.

    Columns that only decide which rows there are (WHERE, JOIN) are not among them.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.lineage import lineage as trace
    from sqlglot.optimizer import build_scope, qualify

    tree = qualify.qualify(
        sqlglot.parse_one(mart.sql, read="duckdb"),
        schema=_known(),
        dialect="duckdb",
        validate_qualify_columns=False,  # the parameters of a macro are no columns
        identify=False,
    )
    scope = build_scope(tree)
    found = {}
    for column in mart.columns:
        leaves = [
            node
            for node in trace(column.name, tree, schema={}, scope=scope, dialect="duckdb").walk()
            if isinstance(node.source, exp.Table) and not node.downstream
        ]
        sources = {(node.source.name, node.name.rpartition(".")[2]) for node in leaves}
        sources -= {(ARCHIVE_TABLE.partition(".")[2], name) for _, name in sources}
        found[column.name] = [f"{table}.{name}" for table, name in sorted(sources)]
    return found


def _known() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Every table that a mart may read, with its columns and their types."""
    tables: dict[str, dict[str, str]] = {
        name: {column.name: column.kind.sql for column in dataset.columns}
        for name, dataset in DATASETS.items()
    }
    for name, table in OWN_TABLES.items():
        tables[name] = {column: kind for column, (kind, _) in table.columns.items()}
    tables |= {name: dict(columns) for name, columns in schema.types().items()}
    archive: dict[str, Any] = {ARCHIVE_TABLE.partition(".")[2]: {"time_zone": "VARCHAR"}}
    return {"main": tables, "meta": archive}


if __name__ == "__main__":
    lineage.FILE.write_text(page(), "utf-8")
