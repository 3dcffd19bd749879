"""From the lake to DuckDB: one asset per table, and the served copy of them all."""

# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets import captures, metadata
from resources.api.catalogue import DATASETS
from resources.api.catalogue.model import Dataset
from resources.archive import Archive

POOL = "duckdb"
"""One writer at a time; the warehouse has a lock of its own besides, across all processes."""

SERVED = dg.AssetKey(["served", "livestats"])


def key(name: str) -> dg.AssetKey:
    """The asset that brings a table level with the lake."""
    return dg.AssetKey(["warehouse", name])


def table_asset(dataset: Dataset) -> dg.AssetsDefinition:
    """The DuckDB table of a dataset: loads the days whose lake file is not the loaded one."""

    @dg.asset(
        key=key(dataset.name),
        deps=[captures.key(dataset.name)],
        description=f"DuckDB table `{dataset.name}`. {dataset.description}",
        group_name="warehouse",
        kinds={"duckdb"},
        owners=captures.OWNERS,
        pool=POOL,
        metadata={**metadata.of_dataset(dataset), "dagster/table_name": dataset.name},
        check_specs=[
            dg.AssetCheckSpec(
                "level_with_lake",
                asset=key(dataset.name),
                description="Every loaded day still has its lake file; row counts and unique keys "
                "are proven inside each load.",
            )
        ],
    )
    def table(archive: dg.ResourceParam[Archive]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows the bare name only
        (loaded,) = archive.bring_level([dataset])
        found: dict[str, Any] = {
            "dagster/row_count": loaded.total_rows,
            "days_loaded": len(loaded.days),
            "rows_loaded": loaded.rows,
        }
        if loaded.days:
            found["from"], found["to"] = loaded.days[0].isoformat(), loaded.days[-1].isoformat()
        gone = [day.isoformat() for day in loaded.gone]
        verdict = dg.AssetCheckResult(
            passed=not gone,
            check_name="level_with_lake",
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"days_without_lake_file": gone} if gone else {},
        )
        return dg.MaterializeResult(metadata=found, check_results=[verdict])

    return table


def served_asset(names: Sequence[str]) -> dg.AssetsDefinition:
    """The file that is read: the ledger is written, and readers are switched to a new copy."""

    @dg.asset(
        key=SERVED,
        deps=[key(name) for name in names],
        description="The read-only copy that queries and BI open, with the ledger in it.",
        group_name="served",
        kinds={"duckdb"},
        owners=captures.OWNERS,
        pool=POOL,
    )
    def served_copy(archive: dg.ResourceParam[Archive]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows the bare name only
        published = archive.publish()
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(archive.home.served)),
                "copy": published.path.name,
                "bytes": published.size,
                "is_new": published.is_new,
            }
        )

    return served_copy


def table_assets(names: Sequence[str]) -> list[dg.AssetsDefinition]:
    """One asset for each table of `names`, and the served copy of them."""
    return [*(table_asset(DATASETS[name]) for name in names), served_asset(names)]
