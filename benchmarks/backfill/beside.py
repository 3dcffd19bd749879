"""What else a year costs, measured in the same run: start-up, growth of the archive, memory.

Each is a benchmark of its own (`python -m benchmarks.growth` ...), run here as a child that writes
its figures into a file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROGRAMS = {
    "startup": ("benchmarks.startup", 15.0),
    "growth": ("benchmarks.growth", 150.0),
    "memory": ("benchmarks.memory", 900.0),
}
"""Name -> module, and the seconds that it takes, guessed generously."""
_RANGE = re.compile(r" --(?:from|to|dataset) [^ `]+")  # of a command: which days says the text
HELP_S, OLDEST_S, PEAK_MB, FLAT = 0.3, 5.0, 1074.0, 1.1

Line = tuple[str, str, bool | None]


def run(name: str, folder: Path, root: Path) -> Any:
    """The figures of one of PROGRAMS. Its output goes into `folder`/NAME.log.

    A step of `benchmarks.memory` that takes too much makes it end with 1: that is a figure, too.
    Raises OSError where there are none.
    """
    file, log = folder / f"{name}.json", folder / f"{name}.log"
    command = [sys.executable, "-m", PROGRAMS[name][0], "--json", str(file)]
    with log.open("wb") as output:
        subprocess.run(command, cwd=root, stdout=output, stderr=output, check=False)
    return json.loads(file.read_text("utf-8"))


def targets(told: Mapping[str, Any]) -> Iterator[Line]:
    """What the issue wants of them, what was measured, whether it is met."""
    help_s = told.get("startup", {}).get("--help")
    yield (
        f"`livestats --help` < {HELP_S} s",
        f"{help_s:.2f} s" if help_s else "",
        help_s < HELP_S if help_s else None,
    )
    yield from _flat(told)
    growth = told.get("growth") or {}
    days = max(growth, key=int, default="")
    for step in ("status", "publish, nothing new"):
        cpu_s = growth[days][step][0] if growth else None
        yield (
            f"{step}: below seconds with three years of history",
            f"{cpu_s:.1f} s CPU with {days} days" if cpu_s is not None else "",
            cpu_s < OLDEST_S if cpu_s is not None else None,
        )
    for part, what in (("answer", "an answer of 300 MB"), ("table", "100 million rows")):
        peaks_mb = [one["peak_mb"] for one in told.get("memory", {}).get(part, [])]
        yield (
            f"peak memory, {what}",
            f"{max(peaks_mb):,.0f} MB" if peaks_mb else "",
            max(peaks_mb) < PEAK_MB if peaks_mb else None,
        )


def _flat(told: Mapping[str, Any]) -> Iterator[Line]:
    """Seconds of a day in a long backfill, beside those of a day in a month's."""
    for size in ("small", "medium"):
        per_day = {
            c["days"]: c["measured"]["livestats"]["cpu_s"] / c["days"]
            for c in told["cells"]
            if c["size"] == size and not (c["budget"] or c["latency_ms"])
            if not c["measured"].get("livestats", {"failed": True})["failed"]
        }
        year, month = per_day.get(365), per_day.get(31)
        if year and month:
            yield (
                f"CPU of a day is flat from 31 to 365 days, {size} account",
                f"{month:.2f} s and {year:.2f} s",
                year <= FLAT * month,
            )


def tables(told: Mapping[str, Any]) -> Iterator[str]:
    """Lines of Markdown."""
    if told.get("startup"):
        each = ", ".join(f"`livestats {w}` {s:.2f} s" for w, s in told["startup"].items())
        yield from ("", f"Start-up, the fastest of nine runs: {each}.")
    if told.get("growth"):
        yield from ("", "Growth: CPU milliseconds (and file operations) of what is done every day.")
        yield from ("", *_growth(told["growth"]))
    for part, what in (
        ("answer", "Memory, answers of 300 MB"),
        ("table", "Memory, a table of 100 million rows"),
    ):
        if steps := told.get("memory", {}).get(part):
            yield from ("", f"{what}:", "", "| step | peak MB | CPU s |", "|---|--:|--:|")
            for one in steps:
                step = _RANGE.sub("", one["step"])
                yield f"| {step} | {one['peak_mb']:,.0f} | {one['cpu_s']:,.1f} |"


def _growth(found: Mapping[str, Mapping[str, tuple[float, int]]]) -> Iterator[str]:
    sizes = sorted(found, key=int)
    yield "| step |" + "".join(f" {n} {'day' if n == '1' else 'days'} |" for n in sizes)
    yield "|---|" + "--:|" * len(sizes)
    for step in found[sizes[0]]:
        cells = (found[n][step] for n in sizes)
        yield f"| {step} |" + "".join(f" {cpu * 1000:,.0f} ({files:,}) |" for cpu, files in cells)
