"""Assets of marts: one per mart, all built in one step with one connection.

Not here: building (resources/marts), the SQL (assets/sql). Read next: resources/marts/definition.py.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import dagster as dg

from assets import asset_keys, lake
from assets.checks import marts as checks
from assets.freshness import EVERY_DAY
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.config import ENGLISH
from resources.i18n import say
from resources.marts import build, incremental, lineage, schema
from resources.marts.build import MartResult
from resources.marts.definition import Mart, MartKind, available, read
from resources.system_tables.registry import OWN_TABLES

_DESCRIPTIONS = {
    MartKind.VIEW: "View `{}`. {}",
    MartKind.TABLE: "Table, updated day by day, `{}`. {}",
    MartKind.MACRO: "Table macro `{}`. {}",
}


def key(name: str) -> dg.AssetKey:
    """The asset that updates a mart from the tables that it reads."""
    return asset_keys.of("marts", name)


def keys(names: Collection[str]) -> list[dg.AssetKey]:
    """Keys of the marts that need no other datasets than `names`."""
    return [key(mart.name) for mart in _available_marts(names)]


def served_names(archive: Archive) -> list[str]:
    """Names of the marts that have an asset and are in the served copy."""
    with archive.reading() as connection:
        present = build.present(connection)
    return [
        mart.name for mart in _available_marts(archive.settings.datasets) if mart.name in present
    ]


def mart_assets(
    names: Collection[str],
    table_key: Callable[[str], dg.AssetKey],
    language: str = ENGLISH,
) -> list[dg.AssetsDefinition]:
    """Assets of the marts that need no other datasets than `names`.

    `table_key` gives the asset of a dataset's table.
    """
    marts = _available_marts(names)
    if not marts:
        return []
    return [_marts([_spec(mart, table_key, language) for mart in marts], marts)]


def _available_marts(names: Collection[str]) -> list[Mart]:
    return available(read(), [*names, *OWN_TABLES])


def _spec(mart: Mart, table_key: Callable[[str], dg.AssetKey], language: str) -> dg.AssetSpec:
    deps = [
        table_key(name) if name in DATASETS else key(name)
        for name in mart.reads
        if name in DATASETS or name in read()
    ]
    return dg.AssetSpec(
        key(mart.name),
        deps=deps,
        description=say(_DESCRIPTIONS[mart.kind], language).format(
            mart.name, say(mart.meaning, language)
        ),
        group_name="marts",
        kinds={"duckdb", "sql"},
        owners=lake.OWNERS,
        freshness_policy=EVERY_DAY,
        tags={"livestats/group": mart.group},
        metadata=_metadata(mart, table_key, language),
        skippable=True,
    )


def _metadata(mart: Mart, table_key: Callable[[str], dg.AssetKey], language: str) -> dict[str, Any]:
    types = schema.types()[mart.name]
    sources = lineage.of(mart)
    found: dict[str, Any] = {
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    c.name,
                    types[c.name],
                    description=c.comment(language) + _made_from(sources.get(c.name, ()), language),
                    tags={"key": ""} if c.name in mart.key else None,
                )
                for c in mart.columns
            ]
        ),
        "dagster/table_name": mart.name,
        "sql": dg.MetadataValue.md(f"```sql\n{mart.sql}\n```"),
    }
    if sources:
        found["dagster/column_lineage"] = dg.TableColumnLineage(
            {column: _deps(of_column, table_key) for column, of_column in sources.items()}
        )
    return found


def _made_from(sources: Sequence[lineage.Source], language: str) -> str:
    """The end of a column's description: by table, the columns that it is made from.

    Dagster's own view of column lineage is not in its open-source page, so it is said in words too.
    """
    by_table: dict[str, list[str]] = {}
    for table, column in sources:
        by_table.setdefault(table, []).append(column)
    if not by_table:
        return ""
    parts = [f"{table}.{', '.join(columns)}" for table, columns in by_table.items()]
    return say(" From: {}.", language).format(say("; ", language).join(parts))


def _deps(
    sources: Sequence[lineage.Source], table_key: Callable[[str], dg.AssetKey]
) -> list[dg.TableColumnDep]:
    """Columns of other assets; tables about the archive, such as the ledger, have none."""
    return [
        dg.TableColumnDep(table_key(table) if table in DATASETS else key(table), column)
        for table, column in sources
        if table in DATASETS or table in read()
    ]


def _marts(specs: Sequence[dg.AssetSpec], marts: Collection[Mart]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="marts",
        specs=specs,
        can_subset=True,
        check_specs=[
            spec for mart in marts if _has_checks(mart)
            for spec in checks.specs(key(mart.name), mart.key)
        ],
    )  # fmt: skip
    def sync_marts(
        context: dg.AssetExecutionContext, archive: dg.ResourceParam[Archive]
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        # All marts are updated, not only the selected ones: a mart reads other marts.
        results = {result.mart.name: result for result in archive.sync_marts()}
        selected = [mart for mart in marts if key(mart.name) in context.selected_asset_keys]
        doubled = _doubled_keys(archive, [results[m.name] for m in selected if m.name in results])
        for mart in selected:
            result = results.get(mart.name)
            impossible = result.impossible if result is not None else {}
            found = checks.results(key(mart.name), doubled.get(mart.name, 0), impossible)
            yield dg.MaterializeResult(
                asset_key=key(mart.name),
                metadata=_facts(result),
                check_results=[*found] if _has_checks(mart) else [],
            )

    return sync_marts


def _doubled_keys(archive: Archive, results: Collection[MartResult]) -> dict[str, int]:
    """Mart -> how many keys come more than once in the days that were made."""
    with archive.writing() as connection:
        return {
            result.mart.name: incremental.doubled_keys(connection, result.mart, result.days)
            for result in results
            if _has_checks(result.mart)
        }


def _has_checks(mart: Mart) -> bool:
    return mart.kind is MartKind.TABLE and bool(mart.key)


def _facts(result: MartResult | None) -> dict[str, Any]:
    if result is None:
        return {"left_out": "a table that it reads has not been loaded yet"}
    facts: dict[str, Any] = {
        "is_redefined": result.is_redefined,
        "seconds": round(result.seconds, 3),
    }
    if result.rows is not None:
        facts |= {"dagster/row_count": result.rows, "days_made": len(result.days)}
    if result.days:
        facts |= {"from": result.days[0].isoformat(), "to": result.days[-1].isoformat()}
    return facts
