"""Does a damaged home ever serve a wrong figure without a word? `python -m benchmarks.damage`.

A small home with a past is copied and damaged in one way at a time. Then `verify` looks at it, the next
load uses it, and every remedy that is named is executed. Judged by the rows of the undamaged home.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import duckdb

from benchmarks.damages import Damage, damages
from pipelines.backfill.loader import load
from pipelines.backfill.replay import captured, replay
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.errors import LivestatsError
from resources.verify.findings import FileFinding, Repair
from resources.verify.run import Verification
from tests.support.aged_archive import ACCOUNT, NAMES, lived_in
from tests.support.archives import Lab

Figures = dict[str, list[tuple[object, ...]]]

DATASET_NAMES = (*NAMES, "stream_count")
TABLES = (*DATASET_NAMES, "stream_count_daily", "stream_traffic_daily")
"""What is compared: datasets and a mart. The ledger may rightly say other things of a damaged home."""

_MOVE = re.compile(r"[Mm]ove (/\S+) out of the home")


@dataclass(frozen=True)
class Case:
    """What became of one damage."""

    name: str
    verified: str  # "found", "no wrong figure" or "WRONG"
    used: str  # "right", "refused", "named" or "WRONG"
    mended: str  # "nothing to do", "mended", "said to be lost" or "STILL: ..."

    @property
    def is_bad(self) -> bool:
        """True if a wrong figure came without a word, or a remedy did not work."""
        return "WRONG" in (self.verified, self.used) or self.mended.startswith("STILL")


def figures(path: Path) -> Figures:
    """The rows of a database, whatever livestats would say of it."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES}


def _served(archive: Archive) -> Figures | None:
    """What the next query gets; None if it is refused."""
    try:
        with archive.reading():
            return figures(archive.home.served.resolve())
    except (LivestatsError, duckdb.Error, OSError):
        return None


def _opened(lab: Lab) -> Lab:
    return lab.with_()


def _findings(lab: Lab) -> list[FileFinding]:
    return [f for f in Verification(_opened(lab).archive).findings() if not f.is_harmless]


def _use(lab: Lab) -> list[str]:
    """The next ordinary command: what it names; [] for exit code 0."""
    problems: list[str] = []
    try:
        load(_opened(lab).archive, lambda event: problems.append(getattr(event, "problem", "")))
    except (LivestatsError, duckdb.Error, OSError) as error:
        problems.append(str(error))
    return [one for one in problems if one]


def _mend(lab: Lab, findings: list[FileFinding]) -> None:
    """Do what the findings say, each once."""
    archive = lab.archive
    for finding in findings:
        for text in _MOVE.findall(finding.remedy):
            path = Path(text.rstrip("."))
            if path.exists() and finding.repair is not Repair.RESTORE:
                path.rename(archive.home.root.parent / f"moved-{path.parent.name}-{path.name}")
        if finding.repair is Repair.REMOVE and finding.subject.exists():
            finding.subject.rename(archive.home.root.parent / f"removed-{finding.subject.name}")
        if finding.repair is Repair.CAPTURE and finding.day and finding.dataset:
            lab.capture([finding.day], [finding.dataset], again=True)
        if finding.repair is Repair.REPLAY and finding.dataset:
            days = captured(archive, [DATASETS[finding.dataset]], finding.day, finding.day)
            for _ in replay(archive, days):
                pass
    _use(lab)


def judge(lab: Lab, damage: Damage, right: list[Figures]) -> Case:
    """Damage the home of `lab`, look at it, use it, and mend it."""
    damage.apply(lab.archive.home)
    found = _findings(lab)
    served = _served(_opened(lab).archive)
    is_right = served is None or served in right
    verified = "found" if found else "no wrong figure" if is_right else "WRONG"
    problems = _use(lab)
    served = _served(_opened(lab).archive)
    if served is None:
        used = "refused"
    elif problems:
        used = "named"
    else:
        used = "right" if served in right else "WRONG"
    found = _findings(lab)
    mended = "nothing to do"
    if found:
        try:
            _mend(lab, found)
        except (LivestatsError, OSError, duckdb.Error) as error:
            return Case(damage.name, verified, used, f"STILL: {error}")
        left = [f for f in _findings(lab) if f.repair not in (Repair.RESTORE, Repair.VERIFY)]
        lost = any(f.repair is Repair.RESTORE for f in found)
        mended = "said to be lost" if lost else "mended"
        if left:
            mended = f"STILL: {left[0].kind.value} {left[0].subject.name}: {left[0].text}"
    return Case(damage.name, verified, used, mended)


def cases(folder: Path, only: Callable[[Damage], bool] = lambda _: True) -> Iterator[Case]:
    """All damages to copies of one home, one after the other."""
    larger = replace(ACCOUNT, streams_per_domain=3)
    (folder / "other").mkdir()
    home, away = folder / "home", folder / "other" / "home"
    names = DATASET_NAMES
    with lived_in(home, names=names) as lab, lived_in(away, larger, names) as other:
        good = figures(lab.archive.home.served.resolve())
        for number, damage in enumerate(filter(only, damages(other.root))):
            place = folder / str(number) / "home"
            shutil.copytree(lab.root, place, symlinks=True)
            yield judge(lab.with_(LIVESTATS_HOME=str(place)), damage, [good])
            shutil.rmtree(place.parent)


def main() -> int:
    """Print a table; 1 if a wrong figure came without a word or a remedy did not work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="so many at random; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="1/1", help="2/3: the second of three parts")
    words = parser.parse_args()
    part, parts = map(int, words.part.split("/"))
    rng = random.Random(words.seed)
    found: list[Case] = []
    with tempfile.TemporaryDirectory() as folder:
        turn = count()

        def chosen(_: Damage) -> bool:
            is_ours = next(turn) % parts == part - 1
            return is_ours and (not words.sample or rng.random() < words.sample / 80)

        print("| damage | verify | next load | remedies |\n|---|---|---|---|")
        for case in cases(Path(folder), chosen):
            found.append(case)
            print(f"| {case.name} | {case.verified} | {case.used} | {case.mended} |", flush=True)
    bad = [case for case in found if case.is_bad]
    for name in ("verified", "used", "mended"):
        print(f"{name}: {dict(Counter(getattr(case, name) for case in found))}")
    print(f"{len(found)} damages, {len(bad)} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
