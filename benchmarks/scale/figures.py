"""What each step took: printed as it ends, and kept for JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.backfill.contenders import ROOT
from benchmarks.backfill.processes import run

_TIMEOUT_S = 6 * 3600


class StepFailed(Exception):
    """A step ended otherwise than it should; the message has the end of what it said."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One step. CPU is user and system time; wall time says nothing on a busy machine."""

    part: str
    step: str
    cpu_s: float | None = None
    peak_mb: float | None = None  # of the largest process
    wall_s: float | None = None
    rows: int | None = None
    size_mb: float | None = None  # 10^6 bytes
    note: str = ""

    def __str__(self) -> str:
        return (
            f"{self.part:8} {self.step:44} {_text(self.cpu_s, 1):>9} {_text(self.peak_mb):>7} "
            f"{_text(self.wall_s):>7} {_text(self.rows):>13} {_text(self.size_mb, 1):>10}  {self.note}"
        ).rstrip()


def _text(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


@dataclass
class Figures:
    """All steps so far; `file`, if there is one, has them as JSON after each of them."""

    scratch: Path
    file: Path | None = None
    about: dict[str, object] = field(default_factory=dict)
    found: list[Figure] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin the table."""
        memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        self.about |= {
            "machine": platform.platform(), "cores": os.cpu_count(), "memory_gib": round(memory_gib)
        }  # fmt: skip
        heads = ("CPU s", "peak MB", "wall s", "rows", "MB")
        print(
            f"{'part':8} {'step':44} {heads[0]:>9} {heads[1]:>7} {heads[2]:>7} {heads[3]:>13} {heads[4]:>10}"
        )

    def add(self, figure: Figure) -> None:
        """Print it and keep it."""
        print(figure, flush=True)
        self.found.append(figure)
        if self.file:
            told = {**self.about, "figures": [asdict(one) for one in self.found]}
            self.file.write_text(json.dumps(told, indent=1), "utf-8")

    def left_out(self, part: str, why: str) -> None:
        """Say what is not measured, and why."""
        self.add(Figure(part=part, step="left out", note=why))

    def run(
        self, part: str, step: str, words: Sequence[str], environ: Mapping[str, str], note: str = ""
    ) -> None:
        """Run a module of the benchmarks as a process of its own; it may tell its rows at its end.

        Raises StepFailed.
        """
        log = self.scratch / "log"
        usage = run(
            [sys.executable, "-m", *words],
            environ={**environ, "PYTHONPATH": str(ROOT)},
            folder=ROOT, log=log, timeout_s=_TIMEOUT_S,
        )  # fmt: skip
        said = log.read_text("utf-8", errors="replace").strip()
        if usage.status:
            raise StepFailed(f"{step}: ended with {usage.status}: {said[-2000:]}")
        last = said.rpartition("\n")[2]
        rows = int(last.removeprefix("rows ")) if last.startswith("rows ") else None
        self.add(
            Figure(
                part=part, step=step, cpu_s=usage.cpu_s, peak_mb=usage.rss_mb, wall_s=usage.wall_s,
                rows=rows, note=note,
            )
        )  # fmt: skip


def size_mb(folder: Path) -> float:
    """Size of a file, or of all files below a folder, as they say it."""
    files = [folder] if folder.is_file() else [p for p in folder.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files if not p.is_symlink()) / 1e6
