"""What became of worlds, one line of JSON for each, and the summary of many.

Campaigns that were played in parts, in one file or several, are summed up from their lines.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.worlds.manners import LASTING, PASSING

KINDS = sorted({*PASSING, *LASTING, "fault"})


@dataclass
class Played:
    """What became of a world."""

    seed: int
    problems: list[str] = field(default_factory=list)
    commands: int = 0
    kills: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0  # with its share of what worlds of one shape have in common
    processes: int = 1  # that played at the time
    plant: str = ""
    moments: list[list[str]] = field(default_factory=list)  # manners that there were at a time


def append(path: Path, played: Played) -> None:
    """Add one line; several processes may do so at once."""
    line = json.dumps(asdict(played), ensure_ascii=False) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read(paths: Iterable[Path]) -> list[Played]:
    """The worlds in these files; of one that was played again, the last result."""
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
    found = [Played(**json.loads(line)) for line in lines]
    return [*{(one.plant, one.seed): one for one in found}.values()]


def seeds_in(path: Path | None) -> set[int]:
    """The worlds that a file has already."""
    return {one.seed for one in read([path])} if path is not None and path.exists() else set()


def summary(found: list[Played]) -> list[str]:
    """Figures of the whole, and for each manner how often it was met, alone and beside others."""
    failed = sorted(one.seed for one in found if one.problems)
    commands, kills = sum(one.commands for one in found), sum(one.kills for one in found)
    per_hour = 3600 * len(found) / max(1e-9, sum(one.wall_s / one.processes for one in found))
    lines = [
        f"worlds {len(found)}, held {len(found) - len(failed)}, failed {len(failed)}",
        f"commands {commands}, of them killed {kills} ({kills / max(1, commands):.1%})",
        f"{per_hour:.0f} worlds an hour",
        f"  {'manner':16}{'worlds':>7}{'held':>7}{'alone':>7}{'in pairs':>10}",
    ]
    for kind in KINDS:
        with_it = [one for one in found if any(kind in moment for moment in one.moments)]
        held = sum(not one.problems for one in with_it)
        sizes = Counter(len(m) for one in with_it for m in one.moments if kind in m)
        alone, in_pairs = sizes[1], sizes.total() - sizes[1]
        lines.append(f"  {kind:16}{len(with_it):7}{held:7}{alone:7}{in_pairs:10}")
    pairs = {(a, b) for one in found for m in one.moments for a in m for b in m if a < b}
    lines.append(f"  {len(pairs)} of {len(KINDS) * (len(KINDS) - 1) // 2} pairs of manners")
    if failed:
        lines.append(f"failed seeds: {' '.join(map(str, failed))}")
    return lines
