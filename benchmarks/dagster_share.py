"""How much of a backfill's CPU is Dagster's own: the same days with it and without it.

    python -m benchmarks.dagster_share                          # 31 days, 1 domain, 2 streams
    python -m benchmarks.dagster_share --domains 10 --streams 20 --days 366

Each way is a process of its own, in a fresh archive, against the same simulated account. What the
share is a share of grows with the account, and Dagster's part does not: the smallest account shows
the largest share.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from benchmarks.grown import TODAY
from resources.api.catalog import DATASETS, DIMENSIONS
from resources.archive import Archive
from resources.simulator import Account
from tests.support.archives import lab


def with_dagster(archive: Archive, days: list[date]) -> None:
    """What `livestats backfill` does."""
    from pipelines.backfill import run

    done = run.run(archive, run.plan(archive, days[0], days[-1], []), lambda _: None)
    assert not done.failed, done.failed[:3]


def without(archive: Archive, days: list[date]) -> None:
    """The same by the archive alone: captures month by month, loads, publishes."""
    archive.home.prepare(archive.settings, archive.now())
    with archive.capturing() as capturer:
        for dataset in DIMENSIONS:
            capturer.capture_dimension(dataset)
        for _, month in groupby(reversed(days), key=lambda day: day.replace(day=1)):
            of_month = sorted(month)
            for result in capturer.capture_all(dict.fromkeys(archive.daily, of_month)):
                assert result.outcome.is_complete, result
            for _ in archive.bring_level(DATASETS[n] for n in archive.settings.datasets):
                pass
            archive.publish()


def main() -> int:
    """Run both, print CPU seconds and the share."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--domains", type=int, default=1)
    parser.add_argument("--streams", type=int, default=2)
    parser.add_argument("--way", choices=["with", "without"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    days = [TODAY - timedelta(days=i) for i in range(asked.days, 0, -1)]
    if asked.way:
        way = with_dagster if asked.way == "with" else without
        way(Archive.open(os.environ), days)
        return 0
    account = Account(domains=asked.domains, streams_per_domain=asked.streams, deleted=0)
    scratch = Path(tempfile.mkdtemp(prefix="livestats-share-"))
    took: dict[str, float] = {}
    try:
        with lab(scratch / "home", account) as one:
            for way in ("without", "with"):
                environ = {
                    **one.archive.environ,
                    "LIVESTATS_HOME": str(scratch / way),
                    "LIVESTATS_FIRST_DAY": days[0].isoformat(),
                }
                words = [sys.executable, "-m", "benchmarks.dagster_share", "--way", way]
                before = _cpu_s()
                subprocess.run([*words, "--days", str(asked.days)], env=environ, check=True)
                took[way] = _cpu_s() - before
                print(f"{way:7} Dagster: {took[way]:6.1f} s CPU", flush=True)
    finally:
        shutil.rmtree(scratch)
    extra = took["with"] - took["without"]
    print(
        f"Dagster's own: {extra:.1f} s CPU, {extra / took['with']:.0%} of {asked.days} days of all "
        f"datasets of {asked.domains} domains with {asked.streams} streams each"
    )
    return 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
