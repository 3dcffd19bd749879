"""Whether a day costs the same in an archive of a day and of three years.

    python -m benchmarks.growth                 # 1, 31, 366 and 1096 days
    python -m benchmarks.growth --days 1 31     # quicker
    python -m benchmarks.growth --json FILE     # the figures into a file, for benchmarks.backfill

One archive of all datasets grows from size to size; at each, what is done every day is measured:
CPU seconds of this process, and how often it opens, lists or looks at a file. What has to look at
every day once (status, plan) is given per thousand days of a dataset as well. Only the ratios
within one run say something.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

from benchmarks import grown
from benchmarks.offered import DAILY, DATASETS
from pipelines.backfill import plan
from pipelines.planning import capture_plan
from pipelines.reports.coverage import report as coverage_report
from resources.archive import Archive
from resources.system_tables import ledger as ledger_table
from resources.system_tables import revisions
from resources.system_tables.reconciliation import run as reconciliation_run

SIZES = (1, 31, 366, 1096)
_FILE_EVENTS = {"open", "os.listdir", "os.scandir", "os.rename", "os.remove", "os.mkdir"}


@dataclass
class Meter:
    """Counts what this process does to files, between `start` and now."""

    on: bool = False
    files: int = 0
    found: dict[str, tuple[float, int]] = field(default_factory=dict)

    def install(self) -> None:
        """Listen to the interpreter; opening and listing is told to auditors, looking is not."""

        def hear(event: str, _arguments: object) -> None:
            self.files += self.on and event in _FILE_EVENTS

        def looking(real: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
            def look(*arguments: object, **options: object) -> os.stat_result:
                self.files += self.on
                return real(*arguments, **options)

            return look

        sys.addaudithook(hear)
        for name in ("stat", "lstat"):
            mock.patch.object(os, name, looking(getattr(os, name))).start()

    @contextmanager
    def measuring(self, what: str) -> Iterator[None]:
        """Measure the block: CPU seconds of all threads, and file operations of Python."""
        self.files, self.on, began = 0, True, time.process_time()
        try:
            yield
        finally:
            self.on = False
            self.found[what] = time.process_time() - began, self.files


def measured(one: Archive, new_day: date) -> dict[str, tuple[float, int]]:
    """What the daily work costs with the archive as it is; `new_day` is added to it."""
    meter = METER
    meter.found = {}
    publish(one)
    today = one.today
    with meter.measuring("status"):
        coverage_report.read(one, one.daily, one.first_day, today)
    with meter.measuring("plan"):
        todo = plan.plan(one, one.first_day, None, [])
    with meter.measuring("backfill with nothing to do"):
        assert not todo.chunks, todo.chunks
        assert one.behind() == []
    with meter.measuring("what is due (schedule)"):
        capture_plan.what_is_due(one)
    with meter.measuring("publish, nothing new"):
        one.publish()
    grown.grow(one, [new_day])
    with meter.measuring("load one new day"):
        for loaded in one.sync_tables(DATASETS.values()):
            assert len(loaded.days) == (not DATASETS[loaded.table].is_dimension)
    with one.writing() as connection:
        with meter.measuring("ledger"):
            ledger_table.refresh(connection, one.home, one.settings, one.now())
        with meter.measuring("revisions"):
            revisions.refresh(connection, one.home)
        with meter.measuring("reconciliation"):
            reconciliation_run.sync_reconciliation(connection, one.home, one.settings.datasets)
    with meter.measuring("marts and publish"):
        one.publish()
    return meter.found


def publish(one: Archive) -> None:
    """Load and publish all there is."""
    for _ in one.sync_tables(DATASETS.values()):
        pass
    one.publish()


METER = Meter()


def main() -> int:
    """Grow, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--days", type=int, nargs="+", default=[*SIZES])
    parser.add_argument("--home", type=Path, help="grow this archive, and keep it")
    parser.add_argument("--json", type=Path, help="write the figures into this file as well")
    asked = parser.parse_args()
    METER.install()
    scratch = Path(tempfile.mkdtemp(prefix="livestats-growth-"))
    home = asked.home or scratch / "home"
    results: dict[int, dict[str, tuple[float, int]]] = {}
    try:
        for days in sorted(asked.days):
            one = grown.archive(home, days)
            last = grown.TODAY - timedelta(days=1)
            first = grown.TODAY - timedelta(days=days)
            there = {date.fromisoformat(p.name) for p in (home / "raw" / DAILY[0].name).glob("*")}
            wanted = (first + timedelta(days=i) for i in range((last - first).days + 1))
            grown.grow(one, [day for day in wanted if day not in there])
            results[days] = measured(one, first - timedelta(days=1))
            report({days: results[days]})
    finally:
        shutil.rmtree(scratch)
    report(results)
    if asked.json:
        asked.json.write_text(json.dumps(results), "utf-8")
    return 0


def report(results: dict[int, dict[str, tuple[float, int]]]) -> None:
    """CPU milliseconds and file operations of each step at each size."""
    sizes = [*results]
    print(f"{'CPU ms (file operations)':30}" + "".join(f"{f'{n} days':>20}" for n in sizes))
    for what in results[sizes[0]]:
        cells = (
            f"{cpu * 1000:,.0f} ({count:,})" for cpu, count in (results[n][what] for n in sizes)
        )
        print(f"{what:30}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    raise SystemExit(main())
