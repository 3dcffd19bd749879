"""Kill backfills at many instants, and look for rows lost, rows doubled, days wrongly green.

    python -m benchmarks.crash --kills 200 --days 2 --faults 0.3

Each archive is backfilled by one process after the other. Half of them die at a random step (a
write, rename, flush, lock or statement), half after a random time; the next goes on from there.
After every kill all that has a name is checked before anything is mended; an archive that is
complete is compared with one that was never killed: lake, served tables and ledger, row by row. With
faults a day may lack an item when all attempts have failed; the runs after that complete it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa

from resources.simulator import Account, Faults
from resources.simulator.faults import FaultPicker
from tests.support.archives import DAYS, Lab, lab, lake_rows, leftovers
from tests.support.killed_backfills import Backfills, tables, what_is_wrong

KINDS = ("throttle", "internal", "gateway", "unavailable", "reset", "cut", "garbled", "no_result")
MOST_TRIES = 200  # about ten are usual


def main() -> int:
    """Kill, look, go on; 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--faults", type=float, default=0.0, help="share of calls that go wrong")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    account = Account(domains=1, streams_per_domain=2, deleted=0, audience=0.05)
    faults = Faults(seed=asked.seed, odds=dict.fromkeys(KINDS, asked.faults / len(KINDS)))
    found: Counter[str] = Counter()
    scratch = Path(tempfile.mkdtemp(prefix="livestats-crash-"))
    started = time.monotonic()
    with lab(scratch / "whole", account) as whole:
        whole.backfill(DAYS[-asked.days :])
        rows, loaded = lake_rows(whole.archive.home), tables(whole)
        number = sum(table.num_rows for table in rows.values())
        print(f"{asked.days} days of {len(loaded) - 1} tables, {number} rows; seed {asked.seed}")
        whole.simulator._service.chooser = FaultPicker(faults)  # noqa: SLF001 - from here on
        with Backfills(whole.archive.environ, asked.days, scratch) as backfills:
            steps = backfills.run(LIVESTATS_HOME=str(scratch / "counted")) or 0
            while found["kills"] < asked.kills:
                one = whole.beside("killed")
                end_s, tries = 0.0, 0
                while True:
                    # Later and later: what looks through all tables and publishes must fit once.
                    far, tries = 1 + tries // 5, tries + 1
                    at, after_s = chance.randint(1, far * steps // 4), 0.0
                    if chance.random() < 0.5:
                        at, after_s = 0, chance.uniform(0.05, 2.0 * far)
                    began_s = time.monotonic()
                    done = backfills.run(at, after_s, LIVESTATS_HOME=str(one.root))
                    end_s += time.monotonic() - began_s
                    found["kills"] += done is None
                    wrong = what_is_wrong(one.archive.home, rows)
                    found["wrongly green"] += len(wrong)
                    print(*wrong, sep="\n", end="\n" * bool(wrong))
                    if done is not None and (wrong or is_whole(one, rows)):
                        break
                    if tries == MOST_TRIES:  # an incomplete day that is taken for complete
                        found["wrongly green"] += 1
                        print(f"not whole after {tries} backfills")
                        break
                found["archives"] += 1
                if one.archive.home.served.exists():
                    compare(tables(one), loaded, found)
                found["left behind"] += len(leftovers(one.root))
                print(f"{found['kills']:4} kills, archive {found['archives']}: {end_s:.0f} s")
                shutil.rmtree(one.root)
    shutil.rmtree(scratch)
    wrong = {what: found[what] for what in ("lost", "doubled", "wrongly green", "left behind")}
    print(
        f"{found['kills']} kills, {found['archives']} archives, {time.monotonic() - started:.0f} s;"
        f" faults in {asked.faults:.0%} of the calls: {whole.simulator.refused.total()} of"
        f" {whole.requests}. Rows lost {wrong['lost']}, rows doubled {wrong['doubled']}, days"
        f" wrongly green {wrong['wrongly green']}, files left behind {wrong['left behind']}"
    )
    return int(any(wrong.values()))


def is_whole(one: Lab, rows: dict[str, pa.Table]) -> bool:
    """True if each day is captured and published: one that lacks an item holds that up."""
    there = lake_rows(one.archive.home)
    is_published = one.archive.home.served.exists()
    is_same = there.keys() == rows.keys() and all(there[name].equals(rows[name]) for name in rows)
    return is_published and is_same


def compare(
    loaded: dict[str, list[tuple[object, ...]]],
    whole: dict[str, list[tuple[object, ...]]],
    found: Counter[str],
) -> None:
    """Count rows of the served copy that are missing or stand there too much."""
    for name, rows in whole.items():
        there, wanted = Counter(loaded.get(name, [])), Counter(rows)
        found["lost"] += (wanted - there).total()
        found["doubled"] += (there - wanted).total()


if __name__ == "__main__":
    raise SystemExit(main())
