"""From the API to the lake: one asset per dataset, made from its catalogue entry."""

# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import warnings
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any

import dagster as dg

from assets import metadata
from resources import lake
from resources.api.catalogue import DATASETS
from resources.api.catalogue.model import Dataset
from resources.archive import Archive
from resources.capture import Outcome, Result
from resources.ledger import LONGEST_RUN_DAYS

OWNERS = ["team:live"]


class CaptureConfig(dg.Config):
    """How a run treats days that are complete already."""

    again: bool = False
    """Ask them again; differing rows become a revision."""


def key(name: str) -> dg.AssetKey:
    """The asset that captures a dataset."""
    return dg.AssetKey(["lake", name])


def op_name(name: str) -> str:
    """The name under which run configuration finds that asset."""
    return "__".join(key(name).path)


def capture_asset(
    dataset: Dataset, partitions: dg.PartitionsDefinition[Any], names: Collection[str] = DATASETS
) -> dg.AssetsDefinition:
    """The dataset's lake files, one partition per day; a dimension has none: it is the present.

    `names` are the datasets that are switched on: it depends on no other.
    """
    name = dataset.name
    common: dict[str, Any] = {
        "key": key(name),
        "deps": [key(needed) for needed in _upstream(dataset) if needed in names],
        "description": dataset.description,
        "group_name": dataset.group,
        "kinds": {"parquet"},
        "owners": OWNERS,
        "metadata": metadata.of_dataset(dataset),
        "check_specs": [dg.AssetCheckSpec(_CHECK, asset=key(name), description=_CHECK_MEANS)],
        "code_version": str(lake.SCHEMA_VERSION),
    }
    if dataset.is_dimension:

        def dimension(
            config: CaptureConfig,
            archive: dg.ResourceParam[Archive],
        ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows the bare name only
            with archive.capturing() as capturer:
                result = capturer.capture_dimension(dataset, again=config.again)
            archive.report(result)
            if not result.outcome.is_complete:
                raise _failure([result])
            found = metadata.of_day(result)
            found["dagster/row_count"] = found.pop("dagster/partition_row_count")
            return dg.MaterializeResult(metadata=found, check_results=_checked(name, [result]))

        return _asset(dimension, common)

    def days(
        context: dg.AssetExecutionContext,
        config: CaptureConfig,
        archive: dg.ResourceParam[Archive],
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows the bare name only
        wanted = [date.fromisoformat(k) for k in context.partition_keys]
        results: list[Result] = []
        try:
            with archive.capturing() as capturer:
                for result in capturer.capture(
                    dataset, wanted, again=config.again, progress=archive.progress
                ):
                    archive.report(result)
                    results.append(result)
        except Exception:
            _credit(context, dataset, results)
            raise
        missing = [r for r in results if not r.outcome.is_complete]
        if missing:
            _credit(context, dataset, results)
            raise _failure(missing)
        for result in results:
            about = metadata.of_day(result)
            shown = metadata.preview(lake.path_of(archive.home.lake, name, result.day))
            if shown is not None:
                about["preview"] = shown
            context.add_asset_metadata(about, partition_key=result.day.isoformat())
        # These stand beside each day's own figures, so their names say that they are the run's.
        summary = {f"run_{what}": figure for what, figure in metadata.of_run(results).items()}
        return dg.MaterializeResult(metadata=summary, check_results=_checked(name, results))

    policy = dg.BackfillPolicy.multi_run(LONGEST_RUN_DAYS)
    return _asset(days, {**common, "partitions_def": partitions, "backfill_policy": policy})


def _asset(body: Callable[..., Any], arguments: dict[str, Any]) -> dg.AssetsDefinition:
    with warnings.catch_warnings():
        # Backfill policies are beta in the pinned Dagster; one run for a month needs them.
        warnings.simplefilter("ignore", dg.BetaWarning)
        made: dg.AssetsDefinition = dg.asset(**arguments)(body)
    return made


def capture_assets(
    partitions: dg.PartitionsDefinition[Any], names: Collection[str]
) -> list[dg.AssetsDefinition]:
    """One asset for each dataset of `names`."""
    return [capture_asset(DATASETS[name], partitions, names) for name in names]


def _upstream(dataset: Dataset) -> list[str]:
    """What must be known before the dataset can be asked."""
    if dataset.is_dimension:
        return []
    carriers = ["isp"] if "ISP" in dataset.split else []
    domains = [] if dataset.addresses_from else ["domain"]
    return [*domains, *carriers, *dataset.needs]


def _credit(context: dg.AssetExecutionContext, dataset: Dataset, results: Sequence[Result]) -> None:
    """Mark the finished days of a run that fails: their captures are in the archive."""
    for result in results:
        if result.outcome.is_complete:
            context.log_event(
                dg.AssetMaterialization(
                    key(dataset.name),
                    partition=result.day.isoformat(),
                    metadata=metadata.of_day(result),
                )
            )


def _failure(missing: Sequence[Result]) -> dg.Failure:
    """Names the days that are not captured, and why, the first few in full."""
    first = "; ".join(f"{r.day}: {_said(r)}" for r in missing[:5])
    more = f"; and {len(missing) - 5} more" if len(missing) > 5 else ""
    return dg.Failure(
        f"{len(missing)} days of {missing[0].dataset} are not captured: {first}{more}",
        metadata={"missing_days": [r.day.isoformat() for r in missing]},
        allow_retries=False,
    )


def _said(result: Result) -> str:
    if result.outcome is Outcome.FAILED or result.message:
        return result.message
    return f"{result.outcome}, {result.rows} rows, {result.requests} requests"


_CHECK = "answers_hold"
_CHECK_MEANS = (
    "Totals of the answers are the sums of their rows, no row lies outside of its day, and the "
    "vendor sends no field that the catalogue does not know. Completeness and unique keys are no "
    "check: a day without them is not captured."
)


def _checked(name: str, results: Sequence[Result]) -> list[dg.AssetCheckResult]:
    """The verdict over the days of a run; a warning alters nothing."""
    origins = [r.origin for r in results if r.origin is not None]
    found: dict[str, dict[str, Any]] = {
        "totals_that_disagree": {o.day: ", ".join(o.disagreeing) for o in origins if o.disagreeing},
        "rows_outside_the_day": {o.day: o.outside for o in origins if o.outside},
        "unknown_fields": {o.day: ", ".join(o.unknown) for o in origins if o.unknown},
    }
    odd = {what: days for what, days in found.items() if days}
    return [
        dg.AssetCheckResult(
            passed=not odd,
            check_name=_CHECK,
            asset_key=key(name),
            severity=dg.AssetCheckSeverity.WARN,
            metadata=odd,
        )
    ]
