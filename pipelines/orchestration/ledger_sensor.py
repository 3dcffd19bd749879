"""The sensor `follow_ledger`: Dagster's pages show what was captured and published outside of it.

Commands work without Dagster, and a run that fails paints days red that were complete before. The
sensor reports the difference to the ledger as runless events. What is to be reported is decided in
history_diff.py; what an asset's own run says of a day is in assets/metadata.py.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of these functions.

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import dagster as dg

from assets import lake, marts, metadata, warehouse
from assets.checks import completeness
from assets.partitions import partitions_of
from pipelines.orchestration import location, start_status
from pipelines.orchestration.history_diff import (
    History,
    Shown,
    difference,
    fingerprint,
)
from resources.api.catalog import DIMENSIONS
from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.lake import parquet
from resources.ledger.states import Entry

MOST_EVENTS = 300
"""In a tick: the daemon writes each in about 8 ms, and other sensors wait for it."""

WHOLE = timedelta(days=7)
"""After that all datasets are compared, changed or not: events may have been wiped by hand."""

_PAGE = 1000

_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

Event = dg.AssetMaterialization | dg.AssetCheckEvaluation


@dataclass(kw_only=True)
class Cursor:
    """What was compared by the last tick."""

    compared_at: str = ""  # when all datasets were compared
    runs: str = ""  # the last change of any run of Dagster's
    datasets: dict[str, str] = field(default_factory=dict)
    """Fingerprint of the ledger of each dataset of which everything was reported."""

    @classmethod
    def parse(cls, text: str | None) -> "Cursor":
        """What a tick stored; a cursor that cannot be read compares everything."""
        try:
            found = cls(**json.loads(text or "{}"))
            datetime.fromisoformat(found.compared_at)
        except (ValueError, TypeError):
            return cls()
        return found

    def text(self) -> str:
        """As Dagster stores it."""
        return json.dumps(asdict(self))


def ledger_sensor(archive: Archive) -> dg.SensorDefinition:
    """Reports to Dagster what the ledger has and Dagster does not show."""

    @dg.sensor(
        name="follow_ledger",
        minimum_interval_seconds=60,
        default_status=start_status.of_sensors(archive.environ),
        description="Compares the ledger with what Dagster shows, and reports complete days that "
        "were captured by commands, or that a failed run marked as failed. Days that are partial, "
        f"suspect or lost fail the check `{completeness.CHECK}` of their dataset. At most {MOST_EVENTS} events a "
        "tick.",
    )
    def follow_ledger(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if archive.home.identity is None:
            return dg.SensorResult(skip_reason="There is no archive yet.")
        events, cursor = evaluate(archive, context.instance, Cursor.parse(context.cursor))
        reason = f"{len(events)} events reported" if events else "Dagster shows what is captured."
        return dg.SensorResult(asset_events=events, skip_reason=reason, cursor=cursor.text())

    return follow_ledger


def evaluate(
    archive: Archive, history: dg.DagsterInstance, before: Cursor
) -> tuple[list[Event], Cursor]:
    """The events to report now, and what is remembered for the next tick."""
    now, runs = archive.now(), _last_change(history)
    is_whole = not before.compared_at or not (
        timedelta() <= now - datetime.fromisoformat(before.compared_at) < WHOLE
    )
    # After `runs`: what ends or begins from here on is seen by the next tick.
    is_busy = bool(history.get_runs_count(dg.RunsFilter(statuses=_UNDER_WAY, tags=location.tags())))
    known = {} if is_whole else before.datasets
    events: list[Event] = []
    after = Cursor(runs=runs, compared_at=now.isoformat() if is_whole else before.compared_at)
    for dataset in archive.daily:
        lines = archive.whole_ledger(dataset.name)
        mark = fingerprint(lines)
        is_known = known.get(dataset.name) == mark
        # What runs have changed is compared once they have ended: 0.5 ms for each day.
        if is_known and (is_busy or runs == before.runs):
            after.datasets[dataset.name] = mark
            continue
        left = MOST_EVENTS - len(events)
        if left <= 0:
            continue
        found, is_final = _of_dataset(
            archive, history, dataset, lines, is_busy=is_busy, is_known=is_known
        )
        taken = list(islice(found, left))
        events += taken
        if is_final and len(taken) < left:
            after.datasets[dataset.name] = mark
    if not is_busy:
        rest = [*_dimensions(archive, history), *_published(archive, history)]
        # Whole or not at all: the served copy's own event says that the others were reported.
        if len(events) + len(rest) <= MOST_EVENTS:
            events += rest
    return events, after


def _last_change(history: dg.DagsterInstance) -> str:
    """A text that changes with the state of any run."""
    found = history.get_run_records(limit=1, order_by="update_timestamp")
    return " ".join(
        f"{one.dagster_run.run_id} {one.dagster_run.status.value} {one.update_timestamp}"
        for one in found
    )


# Days of datasets ------------------------------------------------------------------------------


def _of_dataset(
    archive: Archive,
    history: dg.DagsterInstance,
    dataset: Dataset,
    lines: Sequence[Entry],
    *,
    is_busy: bool,
    is_known: bool,
) -> tuple[Iterator[Event], bool]:
    """What is to be reported of a dataset's days, and whether nothing had to be left out for now.

    `is_known`: the ledger is as it was when all of it was shown. Then only a run can have changed
    what Dagster shows, and which captures it shows, a millisecond each to read, stays as it was.

    While any run is under way nothing is said of checks: Dagster shows the verdict that was begun
    last, so one from here would hide that of the run.
    """
    key = lake.key(dataset.name)
    complete = {line.day for line in lines if line.state.is_complete}
    statuses = _statuses(archive, history, key, complete)
    shown = {day for day, status in statuses.items() if status is Shown.MATERIALIZED}
    if is_known:
        captures = {line.day: line.capture for line in lines if line.capture and line.day in shown}
    else:
        captures = _captures(history, key, shown)
    found = History(statuses=statuses, captures=captures)
    origins = {
        day: origin
        for day in complete
        if (origin := parquet.provenance_of(parquet.path_of(archive.home.lake, dataset.name, day)))
    }
    made = {day: origin.capture for day, origin in origins.items()}
    missing = difference(lines, made, found)

    def events() -> Iterator[Event]:
        for line in missing.days:
            yield dg.AssetMaterialization(
                key,
                partition=line.day.isoformat(),
                metadata=metadata.of_capture(origins[line.day]),
            )
        if is_busy:
            return
        yield from _completeness(history, key, lines)
        days = {line.day for line in missing.days}
        # A run that was killed leaves the check without a verdict, which is shown as failed.
        if not days and _verdict(history, key, lake.ANSWERS_HOLD) is None:
            days = {*origins}
        if days:
            yield _evaluation(key, lake.answers_check(dataset.name, (origins[day] for day in days)))

    return events(), missing.is_final


def _statuses(
    archive: Archive, history: dg.DagsterInstance, key: dg.AssetKey, days: Collection[date]
) -> dict[date, Shown]:
    """What Dagster shows of the partitions of `days`."""
    keys = [day.isoformat() for day in sorted(days)]
    found = history.get_status_by_partition(key, keys, partitions_of(archive)) or {}
    return {
        date.fromisoformat(text): Shown[status.name]
        for text, status in found.items()
        if status is not None
    }


def _captures(
    history: dg.DagsterInstance, key: dg.AssetKey, days: Collection[date]
) -> dict[date, str]:
    """The capture that the newest materialisation of each of `days` names."""
    found: dict[date, str] = {}
    wanted = {*days}
    cursor: str | None = None
    while wanted - found.keys():
        page = history.fetch_materializations(key, limit=_PAGE, cursor=cursor)
        for record in page.records:
            if record.partition_key and record.asset_materialization:
                day = date.fromisoformat(record.partition_key)
                found.setdefault(day, _text(record.asset_materialization, "capture"))
        cursor = page.cursor
        if not page.has_more:
            break
    return found


def _completeness(
    history: dg.DagsterInstance, key: dg.AssetKey, lines: Sequence[Entry]
) -> Iterator[dg.AssetCheckEvaluation]:
    """The check `complete`, if Dagster shows another verdict; none for what was never captured."""
    result = completeness.result(key, lines)
    shown = _verdict(history, key, completeness.CHECK)
    if shown is None:
        is_other = not result.passed or any(line.capture for line in lines)
    else:
        is_other = (shown.passed, shown.metadata) != (result.passed, result.metadata)
    if is_other:
        yield _evaluation(key, result)


def _verdict(
    history: dg.DagsterInstance, key: dg.AssetKey, check: str
) -> dg.AssetCheckEvaluation | None:
    """What a check said when it was last begun; None if it was not begun or not finished."""
    record = history.get_latest_asset_check_evaluation_record(dg.AssetCheckKey(key, check))
    event = record.event.dagster_event if record is not None and record.event is not None else None
    found = event.event_specific_data if event is not None else None
    return found if isinstance(found, dg.AssetCheckEvaluation) else None


# What has no partitions ------------------------------------------------------------------------


def _dimensions(archive: Archive, history: dg.DagsterInstance) -> Iterator[Event]:
    """Dimensions that were asked since Dagster knows of it."""
    for dataset in DIMENSIONS:
        if dataset.name not in archive.settings.datasets:
            continue
        facts = metadata.of_dimension(archive.home, dataset)
        if facts and facts[metadata.LAST_SEEN] != _newest(history, lake.key(dataset.name)).get(
            metadata.LAST_SEEN
        ):
            yield dg.AssetMaterialization(lake.key(dataset.name), metadata=facts)


def _published(archive: Archive, history: dg.DagsterInstance) -> Iterator[Event]:
    """Tables, marts and the served copy, if another copy is served than Dagster shows."""
    if not archive.home.served.exists():
        return
    copy = archive.home.served.resolve()
    if _newest(history, warehouse.SERVED).get("copy") == copy.name:
        return
    behind, facts = archive.behind(), {"copy": copy.name, **metadata.ELSEWHERE}
    for name, rows in warehouse.served_rows(archive).items():
        if name not in behind:
            yield dg.AssetMaterialization(
                warehouse.key(name), metadata={"dagster/row_count": rows, **facts}
            )
    for name in marts.served_names(archive):
        if name not in behind:
            yield dg.AssetMaterialization(marts.key(name), metadata=facts)
    for result in warehouse.served_checks(archive):
        yield _evaluation(warehouse.SERVED, result)
    # Last: it says that all of these were reported.
    whole = warehouse.served_metadata(archive, copy, is_new=True)
    yield dg.AssetMaterialization(warehouse.SERVED, metadata={**whole, **metadata.ELSEWHERE})


def _newest(history: dg.DagsterInstance, key: dg.AssetKey) -> Mapping[str, Any]:
    """Metadata of an asset's newest materialisation that are texts."""
    event = history.get_latest_materialization_event(key)
    shown = event.asset_materialization if event is not None else None
    return {} if shown is None else {name: _text(shown, name) for name in shown.metadata}


def _text(shown: dg.AssetMaterialization, name: str) -> str:
    value = shown.metadata.get(name)
    return value.value if isinstance(value, dg.TextMetadataValue) and value.value else ""


def _evaluation(key: dg.AssetKey, result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=str(result.check_name),
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
    )
