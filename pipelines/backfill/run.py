"""A backfill: captures what the plan names, loads it meanwhile, and publishes.

Here: the order of the steps and what is counted. Not here: what is due (plan.py), the capture
itself (resources/capture) and the load in the background (loader.py). Nothing here needs Dagster;
its assets call the same functions of the archive.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, timedelta

from pipelines.backfill import log_files
from pipelines.backfill.loader import Loader, load
from pipelines.backfill.plan import (
    BackfillPlan,
    newly_lost_in_part,
    supplements,
)
from pipelines.backfill.summary import Event, Recorder, Summary
from pipelines.planning.capture_plan import Chunk
from resources.api.catalog import DATASETS
from resources.api.errors import FixSetup
from resources.archive import Archive
from resources.capture.capturer import Outcome
from resources.capture.inventory import InventoryReader, PrerequisiteMissing
from resources.home.presence import HomeGone
from resources.ledger.states import Entry
from resources.ledger.unlisted import unlisted_in

WORTH_DAYS = 7
"""In a backfill of more days, the first that is complete is loaded and published at once."""

MOST = 3 / 4
"""Of the days of the last chunk, if it has more than WORTH_DAYS: then these are loaded."""


def run(
    archive: Archive,
    todo: BackfillPlan,
    tell: Callable[[str], None],
    listener: Callable[[Event], None] | None = None,
) -> Summary:
    """Capture chunk by chunk, load and publish meanwhile, and load the rest at the end.

    `tell` gets lines for people, `listener` the result of each day, table and publication. One
    dataset's failure holds up only what its answers are needed for. An error of the set-up, after
    which no call can succeed, is in `Summary.ended_by`: what was captured before is loaded and
    published. It is raised if nothing was captured.
    """
    unusable: list[tuple[str, date | None, str]] = [(n, None, w) for n, w in todo.unusable.items()]
    summary = Summary(kept=todo.kept, failed=unusable)
    archive.home.prepare(archive.settings, archive.now())
    before = suspect_days(archive, todo)
    has_requests = todo.derived or todo.chunks or todo.dimensions or todo.supplements
    if has_requests or archive.behind() or not archive.is_described():
        recorder = Recorder(summary, listener)
        with Loader(archive, tell, recorder.record) as loader:
            try:
                _capture_all(archive, todo, recorder, loader, tell)
            except FixSetup as error:
                if isinstance(error, HomeGone) or not (summary.captured or summary.incomplete):
                    raise
                summary.ended_by = error
                tell(f"The run ends: {error}")
            loader.finish()
            tell("Loading and publishing")
            load(archive, recorder.record)
    else:
        summary.published = archive.home.served
    _publish_elsewhere(archive, tell)
    if summary.ended_by is None:
        _download(archive, todo, summary, tell)
    for name, lines in suspect_days(archive, todo).items():
        known = {line.day for line in before.get(name, ())}
        if new := [line for line in lines if line.day not in known]:
            summary.suspect[name] = [line.day for line in new]
            summary.doubts += [f"{name} {line.day}: {line.doubt}" for line in new if line.doubt]
    summary.unlisted = unlisted_in(archive.home.lake, archive.settings)
    summary.is_complete = not (
        summary.failed
        or summary.not_made
        or summary.ended_by
        or summary.incomplete
        or todo.lost
        or todo.lost_in_part
        or summary.lost_in_part
        or todo.lacks_settling
        or summary.suspect
        or summary.log_files.lacking
    )
    return summary


def _publish_elsewhere(archive: Archive, tell: Callable[[str], None]) -> None:
    """Publish to the place of the settings, if there is one. What fails is told, and alarmed."""
    if archive.settings.publish_to:
        from resources.publish_to import run as elsewhere

        done = elsewhere.publish_if_set(archive.home, archive.settings, archive.now())
        if done:
            tell(
                f"Not published to {done.place}: {done.problem}"
                if done.problem
                else f"Published to {done.place}"
            )


def _download(
    archive: Archive, todo: BackfillPlan, summary: Summary, tell: Callable[[str], None]
) -> None:
    """Download log files, last of all: they can take hours, and nothing waits for them."""
    try:
        summary.log_files = log_files.download(archive, todo, tell)
    except FixSetup as error:
        if not (summary.captured or summary.incomplete):
            raise
        summary.ended_by = error
        tell(f"The run ends: {error}")


def _capture_all(
    archive: Archive,
    todo: BackfillPlan,
    recorder: Recorder,
    loader: Loader,
    tell: Callable[[str], None],
) -> None:
    """Capture lists, days and supplements, and have finished months loaded meanwhile."""
    _capture_dimensions(archive, todo, recorder)
    _stop_without_domains(archive, todo, recorder.summary)
    for one in unlisted_in(archive.home.lake, archive.settings):
        tell(one.sentence)
    for number, chunk in enumerate(todo.derived, start=1):
        tell(f"{_heading(number, len(todo.derived), chunk)}, out of captured answers")
        _capture(archive, chunk, recorder, None)
    early = _EarlyLoads(todo.chunks, loader.load)
    for number, chunk in enumerate(todo.chunks, start=1):
        tell(_heading(number, len(todo.chunks), chunk))
        early.begin(chunk)
        _capture(archive, chunk, recorder, early)
        if number in todo.ends_of_months:
            loader.load(f"{chunk.first:%B %Y}")
    _supplement(archive, todo, recorder, tell)


def suspect_days(archive: Archive, todo: BackfillPlan) -> dict[str, list[Entry]]:
    """Suspect days of all datasets in the range to capture: siblings that are not asked included."""
    if not todo.chunks:
        return {}
    first, last = min(c.first for c in todo.chunks), max(c.last for c in todo.chunks)
    return {
        name: found
        for name, lines in archive.ledgers(archive.daily, first, last).items()
        if (found := [line for line in lines if line.is_suspect])
    }


def _heading(number: int, total: int, chunk: Chunk) -> str:
    names = len(chunk.datasets)
    datasets = "1 dataset" if names == 1 else f"{names} datasets"
    again = ", again" if chunk.again else ""
    return f"[{number}/{total}] {chunk.first} to {chunk.last}: {datasets}{again}"


def _capture_dimensions(archive: Archive, todo: BackfillPlan, recorder: Recorder) -> None:
    """Capture the present state of the account, unless that was done today."""
    if not todo.dimensions:
        return
    with archive.capturing() as capturer:
        has_changed = False
        for name in todo.dimensions:
            result = capturer.capture_dimension(DATASETS[name], again=todo.again)
            recorder.record(result)
            has_changed |= result.outcome is Outcome.CAPTURED
    if has_changed and (todo.kept or todo.supplements):
        recorder.summary.lost_in_part = newly_lost_in_part(archive, todo)


def _supplement(
    archive: Archive, todo: BackfillPlan, recorder: Recorder, tell: Callable[[str], None]
) -> None:
    """Complete the captured days that lack items, after everything else.

    In several rounds: streams that a supplement brings to light are missing in what needs them, also
    in days that this run captured without them. An item is tried once in a run.
    """
    tried = recorder.lacking_items()
    while chunks := supplements(archive, todo, tried):
        for number, chunk in enumerate(chunks, start=1):
            tell(f"{_heading(number, len(chunks), chunk)}, to complete them")
            _capture(archive, chunk, recorder, None)


def _capture(archive: Archive, chunk: Chunk, recorder: Recorder, early: _EarlyLoads | None) -> None:
    """Capture the days of a chunk. The key is read anew for each: it may have been rotated."""
    days = [chunk.first + timedelta(days=n) for n in range(chunk.days)]
    due = {
        DATASETS[name]: archive.in_request_order(DATASETS[name], days) for name in chunk.datasets
    }
    with archive.capturing() as capturer:
        results = capturer.capture_all(due, again=chunk.again, progress=archive.progress)
        # Closed here: an error of the listener, or Ctrl-C in it, must end the capture's threads too.
        with closing(results):
            for result in results:
                recorder.record(result)
                if early is not None:
                    early.ended(result.day)


def _stop_without_domains(archive: Archive, todo: BackfillPlan, summary: Summary) -> None:
    """Raise NotYet if the domains could not be listed and none is known from before.

    Every day of every dataset would fail for want of them, each with the same words.
    """
    reasons = {name: message for name, _, message in summary.failed}
    if not todo.chunks or "domain" not in reasons:
        return
    try:
        InventoryReader(archive.home.lake, archive.settings).domains()
    except PrerequisiteMissing as none:
        raise PrerequisiteMissing(
            f"nothing can be captured before the domains are listed: {reasons['domain']}"
        ) from none


class _EarlyLoads:
    """Has days loaded while much is left to do: whoever backfills a year sees a day within seconds.

    Once more when most of the last chunk is in the lake: then little is left for the load at the
    end, which nothing else goes on beside.
    """

    def __init__(self, chunks: Sequence[Chunk], load: Callable[[str], None]) -> None:
        self._chunks, self._load = chunks, load
        self._is_worth_it = sum(chunk.days for chunk in chunks) > WORTH_DAYS
        self._ended: Counter[date] = Counter()  # of the present chunk: datasets that are done
        self._awaited: Chunk
        self._complete = 0

    def begin(self, chunk: Chunk) -> None:
        """What ends from now on is of this chunk."""
        self._awaited, self._complete = chunk, 0
        self._ended.clear()

    def ended(self, day: date) -> None:
        """A dataset is done with `day`, however."""
        chunk = self._awaited
        self._ended[day] += 1
        if self._ended[day] < len(chunk.datasets):
            return
        self._complete += 1
        if chunk is self._chunks[0] and self._is_worth_it:
            self._is_worth_it = False
            self._load(str(day))
        elif (
            chunk is self._chunks[-1]
            and chunk.days > WORTH_DAYS
            and self._complete == math.ceil(chunk.days * MOST)
        ):
            self._load(f"{self._complete} of the last {chunk.days} days")
