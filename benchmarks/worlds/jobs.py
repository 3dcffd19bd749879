"""Worlds played one after the other by one process, each printed as it ends; and planted bugs."""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.worlds import results
from benchmarks.worlds.commands import Commands
from benchmarks.worlds.play import World
from benchmarks.worlds.reference import SIMULATED_NOW, Reference
from benchmarks.worlds.results import Played
from benchmarks.worlds.world import Shape, WorldPlan
from resources.simulator import Simulator


@dataclass(frozen=True)
class Job:
    """Worlds of one shape."""

    plans: tuple[WorldPlan, ...]
    scratch: Path
    until: float  # of the monotonic clock
    keeps: bool  # the homes of worlds that fail
    checks_reference: bool  # holds the faultless run against the simulated world: takes long
    record: Path | None = None
    processes: int = 1


@dataclass(frozen=True)
class Stage:
    """The simulator of a shape, and what worlds of the shape have in common."""

    simulator: Simulator
    commands: Commands
    reference: Reference
    root: Path

    def play(self, plan: WorldPlan, plant: str = "", *, keeps: bool = False) -> Played:
        """One world; a fault of the benchmark itself is a problem of the world."""
        folder, began = self.root / f"{plan.seed}", time.monotonic()
        world = World(plan, self.simulator, self.reference, self.commands, folder, plant)
        try:
            world.play()
        except Exception as error:  # noqa: BLE001 - the other worlds are played all the same
            trace = "".join(traceback.format_exception(error)[-3:])
            world.played.problems.append(f"this benchmark: {trace}")
        played = world.played
        played.wall_s, played.plant = time.monotonic() - began, plant
        played.moments = plan.moments
        if not (keeps and played.problems):
            shutil.rmtree(folder, ignore_errors=True)
        return played


@contextmanager
def stage_of(shape: Shape, scratch: Path, *, is_checked: bool = False) -> Iterator[Stage]:
    """A stage for a shape; its simulator and commands end with the block."""
    root = Path(tempfile.mkdtemp(prefix=f"shape-{shape.number}-", dir=scratch))
    simulator = Simulator(
        shape.account, rate=None, clock=lambda: SIMULATED_NOW, options=shape.options
    )
    with simulator, Commands(root / "log") as commands:
        (root / "reference").mkdir()
        reference = Reference(shape, simulator, commands, root / "reference", is_checked=is_checked)
        yield Stage(simulator, commands, reference, root)


def play(job: Job) -> list[Played]:
    """All worlds of a job, each printed and recorded as it ends."""
    found: list[Played] = []
    began = time.monotonic()
    with stage_of(job.plans[0].shape, job.scratch, is_checked=job.checks_reference) as stage:
        for plan in job.plans:
            if time.monotonic() > job.until:
                break
            played = stage.play(plan, keeps=job.keeps)
            ended = time.monotonic()
            played.wall_s, began, played.processes = ended - began, ended, job.processes
            found.append(played)
            if job.record is not None:
                results.append(job.record, played)
            print(*_lines(plan, played), sep="\n", flush=True)
    return found


def _lines(plan: WorldPlan, played: Played) -> list[str]:
    verdict = "FAILED" if played.problems else "held"
    return [
        f"seed {plan.seed}: {verdict}, {played.commands} commands, {played.kills} killed, "
        f"{played.wall_s:.1f} s (CPU of commands {played.cpu_s:.1f} s)",
        *(f"  {text[:3000]}" for text in played.problems[:6]),
        *([f"  {told(plan)}"] if played.problems else []),
    ]


def find(plant: str, plans: Iterable[WorldPlan], scratch: Path) -> list[Played]:
    """Worlds with a planted bug, until one fails."""
    found: list[Played] = []
    stages: dict[int, Stage] = {}
    with ExitStack() as stack:
        for plan in plans:
            number = plan.shape.number
            if number not in stages:
                stages[number] = stack.enter_context(stage_of(plan.shape, scratch))
            played = stages[number].play(plan, plant)
            found.append(played)
            if played.problems:
                break
    return found


def told(plan: WorldPlan) -> str:
    """The world in words, and how it is repeated."""
    account = plan.shape.account
    lines = [
        f"repeat: python -m benchmarks.worlds --seed {plan.seed}",
        f"  account: {account.domains} pairs of {account.streams_per_domain} streams, "
        f"{account.deleted} deleted{', hostile names' if account.hostile else ''}; "
        f"{plan.shape.options}",
        *(f"  always: {manner}" for manner in plan.lasting),
        *(f"  {number}. {step}" for number, step in enumerate(plan.steps, 1)),
        f"  end: plain backfill at {plan.end:%d %H:%M}",
    ]
    return "\n  ".join(lines)
