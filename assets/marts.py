"""From tables to answers: one asset per mart, all made in one step with one connection."""

# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import dagster as dg

from assets import lake
from assets.freshness import EVERY_DAY
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.config import ENGLISH
from resources.i18n import say
from resources.marts import build, schema
from resources.marts.build import MartResult
from resources.marts.definition import Mart, MartKind, available, read
from resources.system_tables.registry import OWN_TABLES

_MEANS = {
    MartKind.VIEW: "View `{}`. {}",
    MartKind.TABLE: "Table, brought level day by day, `{}`. {}",
    MartKind.MACRO: "Table macro `{}`. {}",
}


def key(name: str) -> dg.AssetKey:
    """The asset that brings a mart level with what it reads."""
    return dg.AssetKey(["marts", name])


def keys(names: Collection[str]) -> list[dg.AssetKey]:
    """Those of all marts that the datasets `names` are enough for."""
    return [key(mart.name) for mart in _possible(names)]


def served_names(archive: Archive) -> list[str]:
    """The marts that have an asset and are in the served copy."""
    with archive.reading() as connection:
        present = build.present(connection)
    return [mart.name for mart in _possible(archive.settings.datasets) if mart.name in present]


def mart_assets(
    names: Collection[str],
    table_key: Callable[[str], dg.AssetKey],
    language: str = ENGLISH,
) -> list[dg.AssetsDefinition]:
    """The marts that the datasets `names` are enough for; `table_key` gives a dataset's table."""
    marts = _possible(names)
    if not marts:
        return []
    return [_marts([_spec(mart, table_key, language) for mart in marts], marts)]


def _possible(names: Collection[str]) -> list[Mart]:
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
        description=say(_MEANS[mart.kind], language).format(mart.name, say(mart.meaning, language)),
        group_name="marts",
        kinds={"duckdb", "sql"},
        owners=lake.OWNERS,
        freshness_policy=EVERY_DAY,
        tags={"livestats/group": mart.group},
        metadata=_shown(mart, language),
        skippable=True,
    )


def _shown(mart: Mart, language: str) -> dict[str, Any]:
    types = schema.types()[mart.name]
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    c.name,
                    types[c.name],
                    description=c.comment(language),
                    tags={"key": ""} if c.name in mart.key else None,
                )
                for c in mart.columns
            ]
        ),
        "dagster/table_name": mart.name,
        "sql": dg.MetadataValue.md(f"```sql\n{mart.sql}\n```"),
    }


def _marts(specs: Sequence[dg.AssetSpec], marts: Collection[Mart]) -> dg.AssetsDefinition:
    @dg.multi_asset(name="marts", specs=specs, can_subset=True)
    def sync_marts(
        context: dg.AssetExecutionContext, archive: dg.ResourceParam[Archive]
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        # All of them, whichever were chosen: one alone would stand on others that are behind.
        done = {made.mart.name: made for made in archive.sync_marts()}
        for mart in marts:
            if key(mart.name) in context.selected_asset_keys:
                yield dg.MaterializeResult(
                    asset_key=key(mart.name), metadata=_facts(done.get(mart.name))
                )

    return sync_marts


def _facts(made: MartResult | None) -> dict[str, Any]:
    if made is None:
        return {"left_out": "a table that it reads has not been loaded yet"}
    found: dict[str, Any] = {"is_new": made.is_new}
    if made.mart.kind is MartKind.TABLE:
        found["days_made"] = len(made.days)
    if made.impossible:
        found["days_that_cannot_be_made"] = {str(d): why for d, why in made.impossible.items()}
    if made.days:
        found |= {"from": made.days[0].isoformat(), "to": made.days[-1].isoformat()}
    return found
