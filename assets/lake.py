"""Assets that capture: one per dataset, defined by its catalog entry.

Not here: capturing itself (resources/capture), tables (warehouse.py). Read next: warehouse.py.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date
from typing import Any

import dagster as dg

from assets import asset_keys, metadata
from assets.checks import completeness
from assets.freshness import EVERY_DAY
from resources.api.catalog import DATASETS, DIMENSIONS
from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.capture.capturer import Outcome, Result
from resources.config import ENGLISH
from resources.i18n import say
from resources.lake import parquet
from resources.ledger.states import LONGEST_RUN_DAYS

OWNERS = ["team:live"]


class CaptureConfig(dg.Config):
    """Run configuration of the capture steps."""

    again: bool = False
    """Capture complete days again; different rows become a revision."""


def key(name: str) -> dg.AssetKey:
    """The asset that captures a dataset."""
    return asset_keys.of("lake", name)


STEP = "captures"
"""Name of the one step that captures days, for all datasets that a run selects."""


def again_config(*names: str) -> dict[str, Any]:
    """Run configuration that captures complete days, or the present state of dimensions, again."""
    steps = {_dimension_step(n) if DATASETS[n].is_dimension else STEP for n in names}
    return {"ops": {step: {"config": {"again": True}} for step in sorted(steps)}}


def _dimension_step(name: str) -> str:
    return "__".join(key(name).path)


def capture_assets(
    partitions: dg.PartitionsDefinition[Any], names: Collection[str], language: str = ENGLISH
) -> list[dg.AssetsDefinition]:
    """An asset for each dataset of `names`: each dimension in its own step, all others in one step."""
    datasets = [DATASETS[name] for name in names]
    daily = [dataset for dataset in datasets if not dataset.is_dimension]
    dimensions = [
        _dimension_asset(dataset, language) for dataset in datasets if dataset.is_dimension
    ]
    return [*dimensions, *([_daily_assets(daily, partitions, names, language)] if daily else [])]


def _spec_fields(dataset: Dataset, names: Collection[str], language: str) -> dict[str, Any]:
    """Arguments of the asset of a dataset; dependencies outside of `names` are left out."""
    return {
        "key": key(dataset.name),
        "deps": [key(needed) for needed in _upstream(dataset) if needed in names],
        "description": say(dataset.description, language),
        "group_name": dataset.group,
        "kinds": {"parquet"},
        "owners": OWNERS,
        "freshness_policy": EVERY_DAY,
        "metadata": metadata.of_dataset(dataset, language),
        "code_version": str(parquet.SCHEMA_VERSION),
    }


def _check_spec(dataset: Dataset) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(ANSWERS_HOLD, asset=key(dataset.name), description=_CHECK_MEANS)


def _dimension_asset(dataset: Dataset, language: str) -> dg.AssetsDefinition:
    """The asset of a dimension: the present state of the account, without partitions."""

    def dimension(
        config: CaptureConfig,
        archive: dg.ResourceParam[Archive],
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows the bare name only
        with archive.capturing() as capturer:
            result = capturer.capture_dimension(dataset, again=config.again)
        if not result.outcome.is_complete:
            raise _capture_failure([result])
        facts = metadata.of_day(result)
        facts["dagster/row_count"] = facts.pop("dagster/partition_row_count")
        now = metadata.of_dimension(archive.home, dataset)
        facts[metadata.LAST_SEEN] = now.get(metadata.LAST_SEEN, "")
        return dg.MaterializeResult(metadata=facts, check_results=[_answers_check_of([result])])

    definition: dg.AssetsDefinition
    definition = dg.asset(
        **_spec_fields(dataset, (), language), check_specs=[_check_spec(dataset)]
    )(dimension)
    return definition


def _daily_assets(
    datasets: Sequence[Dataset],
    partitions: dg.PartitionsDefinition[Any],
    names: Collection[str],
    language: str,
) -> dg.AssetsDefinition:
    """The assets of all daily datasets, one partition per day, captured concurrently in one step.

    One step, so that all datasets share workers, memory limit and rate limit. Each can be selected
    alone.
    """
    with warnings.catch_warnings():
        # Backfill policies are beta in the pinned Dagster; one run for a month needs them.
        warnings.simplefilter("ignore", dg.BetaWarning)
        asset = dg.multi_asset(
            name=STEP,
            specs=[
                dg.AssetSpec(**_spec_fields(one, names, language), skippable=True)
                for one in datasets
            ],
            check_specs=[
                *(_check_spec(one) for one in datasets),
                *(completeness.spec(key(one.name)) for one in datasets),
            ],
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.multi_run(LONGEST_RUN_DAYS),
            can_subset=True,
        )

    def captures(
        context: dg.AssetExecutionContext,
        config: CaptureConfig,
        archive: dg.ResourceParam[Archive],
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        selected = [one for one in datasets if key(one.name) in context.selected_asset_keys]
        yield from _capture(context, archive, selected, again=config.again)

    definition: dg.AssetsDefinition = asset(captures)
    return definition


def _capture(
    context: dg.AssetExecutionContext, archive: Archive, datasets: Sequence[Dataset], *, again: bool
) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Capture the run's days; each dataset is reported as soon as all of its days are complete.

    After an error, the complete days of the other datasets are reported before it is raised.
    """
    days = [date.fromisoformat(k) for k in context.partition_keys]
    due = {one: archive.in_request_order(one, days) for one in datasets}
    # Of the datasets that are not reported yet.
    results: dict[str, list[Result]] = {one.name: [] for one in due}
    missing = _capture_dimensions(context, archive)
    try:
        with (
            archive.capturing() as capturer,
            # Closed here: an error of Dagster must end the capture's threads too.
            closing(capturer.capture_all(due, again=again, progress=archive.progress)) as captured,
        ):
            for result in captured:
                of_dataset = results[result.dataset]
                of_dataset.append(result)
                if len(of_dataset) == len(days):
                    gaps = [one for one in of_dataset if not one.outcome.is_complete]
                    if gaps:
                        missing += gaps
                    else:
                        # Requests continue while Dagster stores the event.
                        yield _materialized(context, archive, results.pop(result.dataset))
        if missing:
            raise _capture_failure(missing)
    except Exception:
        for of_dataset in results.values():
            _report_complete_days(context, of_dataset)
        raise


def _capture_dimensions(context: dg.AssetExecutionContext, archive: Archive) -> list[Result]:
    """Capture the present state of the account (domains, carriers, ...), unless it was asked for today.

    Returns those that failed. They hold up nothing by themselves: an earlier list of the account
    serves as well, and a dataset that has none says so for each of its days.
    """
    failed = []
    with archive.capturing() as capturer:
        for dimension in (one for one in DIMENSIONS if one.name in archive.settings.datasets):
            result = capturer.capture_dimension(dimension)
            if not result.outcome.is_complete:
                failed.append(result)
            elif result.outcome is not Outcome.KEPT:
                facts = metadata.of_dimension(archive.home, dimension)
                context.log_event(dg.AssetMaterialization(key(dimension.name), metadata=facts))
    return failed


def _materialized(
    context: dg.AssetExecutionContext, archive: Archive, results: Sequence[Result]
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Event of a dataset whose days of the run are all complete."""
    name = results[0].dataset
    for result in results:
        about = metadata.of_day(result)
        file = parquet.path_of(archive.home.lake, name, result.day)
        shown = metadata.preview(file, archive.settings.zone)
        if shown is not None:
            about["preview"] = shown
        context.add_asset_metadata(about, asset_key=key(name), partition_key=result.day.isoformat())
    # Figures of the whole run are logged only: as metadata they would stand at each of its days.
    context.log.info("%s: %s", name, metadata.of_run(results))
    return dg.MaterializeResult(
        asset_key=key(name),
        check_results=[
            _answers_check_of(results),
            completeness.result(key(name), archive.whole_ledger(name)),
        ],
    )


def _upstream(dataset: Dataset) -> list[str]:
    """Datasets that must be captured before this one."""
    if dataset.is_dimension:
        return []
    drawn = {*dataset.drawn.values()}
    carriers = ["isp"] if "ISP" in dataset.split or "isps" in drawn else []
    regions = ["region"] if drawn - {"isps"} else []
    domains = [] if dataset.addresses_from else ["domain"]
    return [*domains, *carriers, *regions, *dataset.needs]


def _report_complete_days(context: dg.AssetExecutionContext, results: Sequence[Result]) -> None:
    """Report the complete days of a dataset with incomplete ones: their captures are in the archive."""
    for result in results:
        if result.outcome.is_complete:
            context.log_event(
                dg.AssetMaterialization(
                    key(result.dataset),
                    partition=result.day.isoformat(),
                    metadata=metadata.of_day(result),
                )
            )


def _capture_failure(missing: Sequence[Result]) -> dg.Failure:
    """Failure that names the days that are not complete; the first five of each dataset with reasons."""
    by_dataset: dict[str, list[Result]] = {}
    for result in missing:
        by_dataset.setdefault(result.dataset, []).append(result)
    return dg.Failure(
        "\n".join(_not_captured(name, results) for name, results in by_dataset.items()),
        metadata={
            "missing_days": {n: [r.day.isoformat() for r in one] for n, one in by_dataset.items()},
            "lacking_items": {
                n: {r.day.isoformat(): [*r.lacking] for r in one if r.lacking}
                for n, one in by_dataset.items()
            },
        },
        allow_retries=False,
    )


def _not_captured(name: str, missing: Sequence[Result]) -> str:
    first = "; ".join(f"{r.day}: {_reason(r)}" for r in missing[:5])
    more = f"; and {len(missing) - 5} more" if len(missing) > 5 else ""
    lacks = any(r.outcome is Outcome.INCOMPLETE for r in missing)
    is_rest = all(r.outcome is Outcome.INCOMPLETE for r in missing)
    what = "incomplete" if is_rest else "not captured completely" if lacks else "not captured"
    return f"{len(missing)} days of {name} are {what}: {first}{more}"


def _reason(result: Result) -> str:
    if result.outcome is Outcome.FAILED or result.message:
        return result.message
    return f"{result.outcome}, {result.rows} rows, {result.requests} requests"


ANSWERS_HOLD = "answers_hold"
_CHECK_MEANS = (
    "Totals of the answers are the sums of their rows, no row lies outside of its day, and the "
    "vendor sends no field that the catalog does not know. Completeness and unique keys are no "
    "check: a day without them is not captured."
)


def _answers_check_of(results: Sequence[Result]) -> dg.AssetCheckResult:
    origins = [r.origin for r in results if r.origin is not None]
    return answers_check(results[0].dataset, origins)


def answers_check(name: str, origins: Iterable[parquet.Provenance]) -> dg.AssetCheckResult:
    """Result of the check ANSWERS_HOLD over days of the dataset `name`; it never blocks a run."""
    origins = [*origins]
    findings: dict[str, dict[str, Any]] = {
        "totals_that_disagree": {o.day: ", ".join(o.disagreeing) for o in origins if o.disagreeing},
        "rows_outside_the_day": {o.day: o.outside for o in origins if o.outside},
        "unknown_fields": {o.day: ", ".join(o.unknown) for o in origins if o.unknown},
    }
    problems = {what: days for what, days in findings.items() if days}
    return dg.AssetCheckResult(
        passed=not problems,
        check_name=ANSWERS_HOLD,
        asset_key=key(name),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=problems,
    )
