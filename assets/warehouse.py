"""Assets of the DuckDB tables: one per table, and the served copy.

Not here: loading (resources/warehouse), marts (marts.py). Read next: marts.py.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets import asset_keys, coverage_image, lake, marts, metadata
from assets.checks import expiry, reconciliation
from assets.freshness import EVERY_DAY
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.config import ENGLISH
from resources.i18n import say
from resources.sql import quoting
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.load import Loaded

log = logging.getLogger("livestats.publish")

# Writers are not serialised by a Dagster pool: a slot in a pool outlives a process that is killed,
# and all later runs wait for it. The warehouse's own lock ends with its process.

SERVED = asset_keys.of("served", "livestats")

_CHECK = "level_with_lake"
_HELD = "every_day_has_its_lake_file"


def key(name: str) -> dg.AssetKey:
    """The asset that updates a table from the lake."""
    return asset_keys.of("warehouse", name)


def table_assets(names: Sequence[str], language: str = ENGLISH) -> list[dg.AssetsDefinition]:
    """Assets of the tables and marts of the datasets `names`, and of the served copy."""
    return [
        _tables(names, language),
        *marts.mart_assets(names, key, language),
        _served(names),
    ]


def _spec(name: str, language: str) -> dg.AssetSpec:
    dataset = DATASETS[name]
    return dg.AssetSpec(
        key(name),
        deps=[lake.key(name)],
        description=say("DuckDB table `{}`. {}", language).format(
            name, say(dataset.description, language)
        ),
        group_name="warehouse",
        kinds={"duckdb"},
        owners=lake.OWNERS,
        freshness_policy=EVERY_DAY,
        metadata={**metadata.of_dataset(dataset, language), "dagster/table_name": name},
        skippable=True,
    )


def _tables(names: Sequence[str], language: str) -> dg.AssetsDefinition:
    """The assets of all tables: one step, one connection; each can be materialised alone."""

    @dg.multi_asset(
        name="tables",
        specs=[_spec(name, language) for name in names],
        can_subset=True,
        check_specs=[
            dg.AssetCheckSpec(
                _HELD,
                asset=key(name),
                description="Every day that was loaded still has its lake file. Row counts and "
                "unique keys are proven inside each load, and a load without them fails.",
            )
            for name in names
        ],
    )
    def tables(
        context: dg.AssetExecutionContext, archive: dg.ResourceParam[Archive]
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        wanted = [name for name in names if key(name) in context.selected_asset_keys]
        problems = []
        for loaded in archive.sync_tables(DATASETS[name] for name in wanted):
            if loaded.problem:
                problems.append(f"{loaded.table}: {loaded.problem}")
                continue
            yield dg.MaterializeResult(
                asset_key=key(loaded.table), metadata=_facts(loaded), check_results=[_held(loaded)]
            )
        if problems:
            raise dg.Failure("\n".join(problems))

    return tables


def _held(loaded: Loaded) -> dg.AssetCheckResult:
    gone = [day.isoformat() for day in loaded.gone]
    return dg.AssetCheckResult(
        passed=not gone,
        asset_key=key(loaded.table),
        check_name=_HELD,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"days_without_lake_file": gone} if gone else {},
    )


def _facts(loaded: Loaded) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "dagster/row_count": loaded.total_rows,
        "days_loaded": len(loaded.days),
        "rows_loaded": loaded.rows,
    }
    if loaded.days:
        facts |= {"from": loaded.days[0].isoformat(), "to": loaded.days[-1].isoformat()}
    return facts


def _served(names: Sequence[str]) -> dg.AssetsDefinition:
    """The asset of the served copy: updates the ledger and publishes a new copy."""

    @dg.asset(
        key=SERVED,
        deps=[*(key(name) for name in names), *marts.keys(names)],
        description="The read-only copy that queries and BI open, with the ledger in it.",
        group_name="served",
        kinds={"duckdb"},
        owners=lake.OWNERS,
        freshness_policy=EVERY_DAY,
        check_specs=[
            dg.AssetCheckSpec(
                _CHECK,
                asset=SERVED,
                description="The copy holds every lake file as it is. Row counts and unique keys "
                "are proven inside each load.",
            ),
            reconciliation.spec(SERVED),
            expiry.spec(SERVED),
        ],
    )
    def served_copy(
        archive: dg.ResourceParam[Archive],
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows the bare name only
        published = archive.publish()
        facts = served_metadata(archive, published.path, is_new=published.is_new)
        return dg.MaterializeResult(
            metadata=facts | published_elsewhere(archive),
            check_results=served_checks(archive),
        )

    return served_copy


def published_elsewhere(archive: Archive) -> dict[str, Any]:
    """Publish to the place of the settings, if there is one. That it failed is told, and alarmed."""
    if not archive.settings.publish_to:
        return {}
    from resources.publish_to import run

    outcome = run.publish_if_set(archive.home, archive.settings, archive.now())
    if outcome is None:
        return {}
    if outcome.problem:
        log.error("not published to %s: %s", outcome.place, outcome.problem)
    what = f"not published: {outcome.problem}" if outcome.problem else "published"
    return {"published_to": outcome.place, "published_to_outcome": what}


def served_metadata(archive: Archive, copy: Path, *, is_new: bool) -> dict[str, Any]:
    """Metadata of the served copy `copy`."""
    return {
        "path": dg.MetadataValue.path(str(archive.home.served)),
        "copy": copy.name,
        "bytes": copy.stat().st_size,
        "is_new": is_new,
        "days": coverage_image.picture(archive),
    }


def served_checks(archive: Archive) -> list[dg.AssetCheckResult]:
    """Results of the checks of the served copy."""
    behind = archive.behind()
    level = dg.AssetCheckResult(
        passed=not behind,
        check_name=_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"tables_behind": behind} if behind else {},
    )
    return [level, reconciliation.result(archive), expiry.result(archive)]


def served_rows(archive: Archive) -> dict[str, int]:
    """The rows of each dataset's table in the served copy; what is not there is left out."""
    with archive.reading() as connection:
        present = warehouse_connection.table_schemas(connection)
        return {
            name: connection.execute(f"SELECT count(*) FROM {quoting.identifier(name)}").fetchall()[
                0
            ][0]
            for name in archive.settings.datasets
            if name in present
        }
