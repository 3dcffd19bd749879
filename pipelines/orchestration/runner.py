"""Materialises assets in this process: no daemon, no web server, the same history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import dagster as dg

from assets import lake, marts, warehouse
from pipelines.orchestration.asset_graph import all_assets
from pipelines.orchestration.instance import COMMAND, instance
from pipelines.orchestration.processes import PROCESS, this_process
from pipelines.orchestration.run_retention import forget_old_runs
from pipelines.planning.capture_plan import Chunk
from resources.archive import Archive

# Not the names of the schedule's jobs: it starts nothing while one of those runs.
_CAPTURES, _LOADS = "backfill", "backfill_load"

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

# Dagster turns Ctrl-C inside of a step into a failure of the step.
_INTERRUPTS = {KeyboardInterrupt.__name__, dg.DagsterExecutionInterruptedError.__name__}


class Runner:
    """Runs pieces of the graph one after the other; failures are told to `archive.heard`."""

    def __init__(self, archive: Archive) -> None:
        """Nothing is opened before the block is entered."""
        self._archive = archive
        self._assets = all_assets(archive, is_shown=False)
        self._stack = ExitStack()
        self._history: dg.DagsterInstance

    def __enter__(self) -> Self:
        self._history = self._stack.enter_context(instance(self._archive))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def capture_dimensions(self, names: Sequence[str], *, again: bool) -> None:
        """Capture the present state of the account, unless that was done today."""
        if names:
            keys = [lake.key(name) for name in names]
            config = lake.asking_again(*names) if again else None
            self._materialize(_CAPTURES, keys, config=config)

    def capture(self, chunk: Chunk) -> None:
        """Capture the days of a chunk in one run."""
        tags = {
            "dagster/asset_partition_range_start": chunk.first.isoformat(),
            "dagster/asset_partition_range_end": chunk.last.isoformat(),
        }
        keys = [lake.key(name) for name in chunk.datasets]
        config = lake.asking_again(*chunk.datasets) if chunk.again else None
        self._materialize(_CAPTURES, keys, tags=tags, config=config)

    def load(self, loaded: Collection[str] = ()) -> None:
        """Bring tables and marts that are behind the lake level, and make the served copy.

        `loaded` are tables that are level already and got rows: the history shall tell of them.
        """
        archive = self._archive
        # The copy says what is behind, unless the warehouse that it was made from is gone.
        has_warehouse = archive.home.warehouse.exists()
        behind = archive.behind() if has_warehouse else archive.settings.datasets
        names = archive.settings.datasets
        changed = [name for name in names if name in behind or name in loaded]
        keys = [*map(warehouse.key, changed), *marts.following(names, {*behind, *loaded})]
        with archive.staying() as at_desk:
            self._materialize(_LOADS, [*keys, warehouse.SERVED], archive=at_desk)

    def tidy(self) -> None:
        """Forget old runs: whoever backfills by cron has no daemon that would."""
        forget_old_runs(self._history)

    def _materialize(
        self,
        job: str,
        keys: Sequence[dg.AssetKey],
        *,
        tags: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        archive: Archive | None = None,
    ) -> None:
        if not keys:
            return
        heard = _Heard(archive or self._archive)
        # What dg.materialize does, under a name that tells people what ran.
        definitions = dg.Definitions(
            assets=self._assets,
            jobs=[dg.define_asset_job(job, selection=[*keys])],
            resources={"archive": heard.archive},
        )
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=self._history,
            tags={COMMAND: "backfill", PROCESS: this_process(), **(tags or {})},
            run_config={**_QUIET, **(config or {})},
            raise_on_error=False,
        )
        heard.raise_fatal()
        if not result.success:
            errors = _errors(result)
            if any(kind in _INTERRUPTS for kind, _ in errors):
                raise KeyboardInterrupt
            if not heard.failures:
                texts = "\n".join(text for _, text in errors)
                raise RuntimeError(texts or "the run failed and Dagster does not say why")


class _Heard:
    """Listens in between assets and listener: keeps errors that must end the whole command."""

    def __init__(self, archive: Archive) -> None:
        self._listener = archive.heard
        self._fatal: BaseException | None = None
        self.failures = 0
        self.archive = archive.hearing(self)

    def __call__(self, event: object) -> None:
        if isinstance(event, BaseException):
            self._fatal = self._fatal or event
        else:
            outcome = getattr(event, "outcome", None)
            self.failures += bool(outcome is not None and not outcome.is_complete)
            if self._listener is not None:
                self._listener(event)

    def raise_fatal(self) -> None:
        """Raise what an asset could not go on after."""
        if self._fatal is not None:
            raise self._fatal


def _errors(result: dg.ExecuteInProcessResult) -> list[tuple[str | None, str]]:
    """Class and text of what each failed step failed with."""
    return [
        (error.cls_name, error.to_string())
        for event in result.all_events
        if event.is_step_failure and (error := event.step_failure_data.error) is not None
    ]
