"""Plays seeded worlds and reports those in which history was lost, wrong or held up.

    python -m benchmarks.worlds --seeds 2000
    python -m benchmarks.worlds --seeds 1 --first 17 --keep

One seed makes an account, manners of the API, faults, kills, clocks, settings and commands. When the
faults have passed, plain `livestats backfill` must bring what a faultless run has; and after each
command no dataset-day may be green that lacks what the archive knows of.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from benchmarks.worlds.jobs import Job, play, told
from benchmarks.worlds.play import Played
from benchmarks.worlds.world import WorldPlan, world_of

GROUP = 12  # worlds of one shape that share a simulator and a faultless run


def main() -> int:
    """Play, report; 1 if any world failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=100, help="number of worlds")
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no world after these")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--only", default="", metavar="MANNER,MANNER", help="of these kinds alone")
    parser.add_argument("--most-pairs", type=int, default=15, help="pairs of domains, at most")
    parser.add_argument("--keep", action="store_true", help="leave the homes of worlds that fail")
    parser.add_argument("--show", action="store_true", help="say what the worlds are, play none")
    asked = parser.parse_args()
    only = frozenset(filter(None, asked.only.split(",")))
    seeds = range(asked.first, asked.first + asked.seeds)
    plans = [world_of(seed, only, asked.most_pairs) for seed in seeds]
    if asked.show:
        for plan in plans:
            print(told(plan))
        return 0
    scratch = Path(tempfile.mkdtemp(prefix="livestats-worlds-"))
    began = time.monotonic()
    until = began + asked.minutes * 60
    jobs, shapes = [], set()
    for group in groups(plans):
        shape = group[0].shape
        is_first = shape.number not in shapes and shape.account.domains < 3 and len(group) > 4
        shapes.add(shape.number)
        jobs.append(Job(group, scratch, until, asked.keep, is_first))
    by_seed = {plan.seed: plan for plan in plans}
    found: list[Played] = []
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        for ended in as_completed([pool.submit(play, job) for job in jobs]):
            found += ended.result()
    if not asked.keep:
        shutil.rmtree(scratch, ignore_errors=True)
    report(found, by_seed, time.monotonic() - began)
    return int(any(one.problems for one in found) or not found)


def groups(plans: Iterable[WorldPlan]) -> Iterator[tuple[WorldPlan, ...]]:
    """Worlds of one shape together, in an order that mixes the shapes."""
    by_shape: dict[int, list[WorldPlan]] = defaultdict(list)
    for plan in plans:
        by_shape[plan.shape.number].append(plan)
    found = [
        tuple(some[n : n + GROUP]) for some in by_shape.values() for n in range(0, len(some), GROUP)
    ]
    random.Random(len(found)).shuffle(found)
    yield from found


def report(found: list[Played], plans: dict[int, WorldPlan], wall_s: float) -> None:
    """Figures of the whole, and for each manner the worlds that held."""
    tried: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for one in found:
        kinds = plans[one.seed].kinds or {"no manner"}
        tried.update(kinds)
        held.update(kinds if not one.problems else ())
    failed = sorted(one.seed for one in found if one.problems)
    commands, kills = sum(o.commands for o in found), sum(o.kills for o in found)
    print(
        f"{len(found)} worlds in {wall_s:.0f} s ({3600 * len(found) / wall_s:.0f} an hour), "
        f"{commands} commands, {kills} of them killed; failed: {len(failed)}"
    )
    for kind, number in sorted(tried.items()):
        print(f"  {kind:16} held {held[kind]:4} of {number:4}")
    if failed:
        print(f"failed seeds: {' '.join(map(str, failed))}")


if __name__ == "__main__":
    raise SystemExit(main())
