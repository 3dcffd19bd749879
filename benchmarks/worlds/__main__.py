"""Plays seeded worlds and reports those in which history was lost, wrong or held up.

    python -m benchmarks.worlds --seeds 2000
    python -m benchmarks.worlds --seed 17 --keep
    python -m benchmarks.worlds --first 301 --seeds 300 --json results.jsonl
    python -m benchmarks.worlds --sum results.jsonl more.jsonl
    python -m benchmarks.worlds --plant all

One seed makes an account, manners of the API, faults, kills, clocks, settings and commands. When the
faults have passed, plain `livestats backfill` must bring what a faultless run has; after each
command no dataset-day may be green that lacks what the archive knows of, and none may be held up by
a manner that has nothing to do with it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.worlds import results
from benchmarks.worlds.jobs import Job, find, play, told
from benchmarks.worlds.planted import PLANTED
from benchmarks.worlds.results import Played
from benchmarks.worlds.world import WorldPlan, world_of
from pipelines.backfill import orphans

GROUP = 12  # worlds of one shape that share a simulator and a faultless run
SEEDS_OF_PLANT = 60  # worlds in which a planted bug must be found


def main() -> int:
    """Play, report; 1 if any world failed, or a planted bug was not found."""
    asked = _asked()
    if asked.sum:
        print(*results.summary(results.read(asked.sum)), sep="\n")
        return 0
    only = frozenset(filter(None, asked.only.split(",")))
    first, count = (asked.seed, 1) if asked.seed is not None else (asked.first, asked.seeds)
    count = count or (SEEDS_OF_PLANT if asked.plant else 100)
    known = set() if asked.seed is not None else results.seeds_in(asked.json)
    seeds = [n for n in range(first, first + count) if n not in known]
    plans = [world_of(n, only, asked.most_pairs) for n in seeds]
    if asked.show:
        print(*map(told, plans), sep="\n")
        return 0
    scratch = Path(tempfile.mkdtemp(prefix="livestats-worlds-"))
    try:
        return _find_planted(asked, plans, scratch) if asked.plant else _play(asked, plans, scratch)
    finally:
        if not asked.keep:
            shutil.rmtree(scratch, ignore_errors=True)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, help="number of worlds (100, or 60 with --plant)")
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    parser.add_argument("--seed", type=int, help="this world alone")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no world after these")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--only", default="", metavar="MANNER,MANNER", help="of these kinds alone")
    parser.add_argument("--most-pairs", type=int, default=15, help="pairs of domains, at most")
    parser.add_argument("--keep", action="store_true", help="leave the homes of worlds that fail")
    parser.add_argument("--show", action="store_true", help="say what the worlds are, play none")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="append each world's result; what it has is not played",
    )
    parser.add_argument("--sum", type=Path, nargs="+", metavar="FILE", help="sum such files up")
    parser.add_argument(
        "--plant", choices=(*PLANTED, "all"), help="plant a bug, and play until a world finds it"
    )
    return parser.parse_args()


def _pool(processes: int) -> ProcessPoolExecutor:
    """Processes that end with this one."""
    return ProcessPoolExecutor(processes, get_context("spawn"), orphans.end_with_parent)


def _play(asked: argparse.Namespace, plans: list[WorldPlan], scratch: Path) -> int:
    until = time.monotonic() + asked.minutes * 60
    jobs, shapes = [], set()
    for group in groups(plans):
        shape = group[0].shape
        is_first = shape.number not in shapes and shape.account.domains < 3 and len(group) > 4
        shapes.add(shape.number)
        jobs.append(Job(group, scratch, until, asked.keep, is_first, asked.json, asked.processes))
    found: list[Played] = []
    with _pool(asked.processes) as pool:
        for ended in as_completed([pool.submit(play, job) for job in jobs]):
            found += ended.result()
    print(*results.summary(found), sep="\n")
    return int(any(one.problems for one in found) or not found)


def _find_planted(asked: argparse.Namespace, plans: list[WorldPlan], scratch: Path) -> int:
    names = [*PLANTED] if asked.plant == "all" else [asked.plant]
    with _pool(asked.processes) as pool:
        tries = pool.map(partial(find, plans=plans, scratch=scratch), names)
        found = dict(zip(names, tries, strict=True))
    for name, played in found.items():
        print(f"{name}: {PLANTED[name].what}")
        if played[-1].problems:
            print(f"  found in world {len(played)}, seed {played[-1].seed}:")
            print(f"  {played[-1].problems[0][:300]}")
        else:
            print(f"  NOT FOUND in {len(played)} worlds")
    return int(not all(played[-1].problems for played in found.values()))


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


if __name__ == "__main__":
    raise SystemExit(main())
