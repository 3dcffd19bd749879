"""Worlds of one shape, played one after the other by one process, each printed as it ends."""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from benchmarks.worlds.commands import Commands
from benchmarks.worlds.play import Played, World
from benchmarks.worlds.reference import SIMULATED_NOW, Reference
from benchmarks.worlds.world import SHAPES, WorldPlan
from resources.simulator import Simulator


@dataclass(frozen=True)
class Job:
    """Worlds of one shape."""

    plans: tuple[WorldPlan, ...]
    scratch: Path
    until: float  # of the monotonic clock
    keeps: bool
    checks_reference: bool  # holds the faultless run against the simulated world: takes long


def play(job: Job) -> list[Played]:
    """All worlds of a job, each printed as it ends."""
    found: list[Played] = []
    shape = SHAPES[job.plans[0].shape.number]
    root = Path(tempfile.mkdtemp(prefix=f"shape-{shape.number}-", dir=job.scratch))
    simulator = Simulator(
        shape.account, rate=None, clock=lambda: SIMULATED_NOW, options=shape.options
    )
    with simulator, Commands(root / "log") as commands:
        (root / "reference").mkdir()
        reference = Reference(
            shape, simulator, commands, root / "reference", is_checked=job.checks_reference
        )
        for plan in job.plans:
            if time.monotonic() > job.until:
                break
            folder = root / f"{plan.seed}"
            began = time.monotonic()
            try:
                played = World(plan, simulator, reference, commands, folder).play()
            except Exception as error:  # noqa: BLE001 - the other worlds are played all the same
                trace = "".join(traceback.format_exception(error)[-3:])
                played = Played(plan.seed, [f"this benchmark: {trace}"])
            found.append(played)
            verdict = "FAILED" if played.problems else "held"
            print(
                f"seed {plan.seed}: {verdict}, {played.commands} commands, "
                f"{time.monotonic() - began:.1f} s (CPU {played.cpu_s:.1f} s)",
                *(f"  {text[:3000]}" for text in played.problems[:6]),
                *([f"  {told(plan)}"] if played.problems else []),
                sep="\n",
                flush=True,
            )
            if not (job.keeps and played.problems):
                shutil.rmtree(folder, ignore_errors=True)
    return found


def told(plan: WorldPlan) -> str:
    """The world in words, and how it is repeated."""
    account = plan.shape.account
    lines = [
        f"repeat: python -m benchmarks.worlds --seeds 1 --first {plan.seed}",
        f"  account: {account.domains} pairs of {account.streams_per_domain} streams, "
        f"{account.deleted} deleted{', hostile names' if account.hostile else ''}; "
        f"{plan.shape.options}",
        *(f"  always: {manner}" for manner in plan.lasting),
        *(f"  {number}. {step}" for number, step in enumerate(plan.steps, 1)),
        f"  end: plain backfill at {plan.end:%d %H:%M}",
    ]
    return "\n  ".join(lines)
