"""Plays a world: its commands in their order, a look at the archive after each, the end.

What will happen is decided in world.py.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb

from benchmarks.worlds.commands import Commands, Ended
from benchmarks.worlds.judge import Judge
from benchmarks.worlds.reference import Reference, environ_of
from benchmarks.worlds.results import Played
from benchmarks.worlds.world import FIRST_DAY, Step, WorldPlan
from resources.archive import Archive
from resources.fs import atomic
from resources.simulator import Simulator
from resources.simulator.manners import all_of

MOST_RUNS = 2  # plain backfills after the faults
END_A_RUN = ("proxy-login", "token-expiry", "deny-key", "redirect")
"""Manners that are about the key, the account or the network: they may end a run."""


class World:
    """The archive of one world while it is played."""

    def __init__(
        self,
        plan: WorldPlan,
        simulator: Simulator,
        reference: Reference,
        commands: Commands,
        folder: Path,
        plant: str = "",
    ) -> None:
        self.plan, self.simulator, self.reference = plan, simulator, reference
        self.commands, self.folder, self.plant = commands, folder, plant
        self.home = folder / "home"
        self.played = Played(plan.seed)
        self._touched: set[str] = set()  # actions with requests that a manner was about
        self._repeats_replay = False
        self._judge: Judge
        folder.mkdir()

    def play(self) -> Played:
        """All of it; the problems that were found are in the result."""
        self.reference.home(3, self.plan.truth)
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("SET enable_progress_bar = false")
            self._judge = Judge(self.plan, self.reference, self.home, connection, self.plant)
            for number, step in enumerate(self.plan.steps, 1):
                self._step(number, step)
                if self.played.problems:
                    break
            else:
                self._end()
        self.simulator.manners = []
        return self.played

    def _step(self, number: int, step: Step) -> None:
        passing = all_of(step.manners)
        self.simulator.manners = [*all_of(self.plan.lasting), *passing]
        (self.folder / "livestats.toml").write_text(step.toml + self.plan.shape.toml)
        killed_after_cpu_s = step.killed_at * self.reference.cpu_s
        with self._read_only(step.read_only):
            ended = self._run(step.words, step.now, step.token, killed_after_cpu_s, step)
        for manner in passing:
            self._touched |= manner.actions
        where = f"after step {number} ({step})"
        is_killed = ended.code == -signal.SIGKILL and bool(step.killed_at)
        self.played.kills += is_killed
        self._repeats_replay |= is_killed and step.words[0] == "replay"
        if ended.is_hung:
            self._problem(f"{where}: no end", ended.output)
        elif "Traceback (most recent" in ended.output or (ended.code < 0 and not is_killed):
            self._problem(f"{where}: code {ended.code}", ended.output)
        self._look(where, step.now, step.token)
        is_whole = step.words == ("backfill",) and ended.code in (0, 1)
        if is_whole and not (step.read_only or step.removes_temp):
            archive = self._archive(step.now, step.token)
            for problem in self._judge.held_up(archive, self._touched):
                self._problem(f"{where}: {problem}", ended.output)
        is_of_one_action = len(self._touched - {"ListDomainDetail"}) == len(self._touched) == 1
        is_of_one_action &= step.words[0] == "backfill"
        is_of_one_action &= not step.removes_temp  # a copy that vanishes cannot be published
        if ended.code > 1 and is_of_one_action and {*step.kinds}.isdisjoint(END_A_RUN):
            self._problem(f"{where}: code {ended.code}, for one action", ended.output)

    def _run(
        self,
        words: tuple[str, ...],
        now: datetime,
        token: str = "",
        killed_after_cpu_s: float = 0.0,
        step: Step | None = None,
    ) -> Ended:
        meanwhile = self._remove_temp if step and step.removes_temp else (lambda: None)
        environ = environ_of(self.simulator, self.home, now, token)
        ended = self.commands.run(
            words, environ, self.folder, killed_after_cpu_s, meanwhile, self.plant
        )
        self.played.commands += 1
        self.played.cpu_s += ended.cpu_s
        return ended

    def _end(self) -> None:
        """The faults have passed: plain backfills must bring all that the world holds."""
        self.simulator.manners = list(self.plan.lasting)
        (self.folder / "livestats.toml").write_text(self.plan.shape.toml)
        if self._repeats_replay:  # only the same again works on days that are complete
            self._run(("replay",), self.plan.end)
        for words in self.plan.mending:
            self._run(words, self.plan.end)
        for _ in range(MOST_RUNS):
            ended = self._run(("backfill",), self.plan.end)
            if ended.code == 0:
                break
        else:
            self._problem(f"backfill ends with {ended.code} after the faults", ended.output)
            return
        self._look("at the end", self.plan.end, "")
        days = (self.plan.end.date() - date.fromisoformat(FIRST_DAY)).days
        whole = self.reference.home(days, self.plan.truth)
        problems = [*self._judge.differences(whole)]
        if problems and self._judge.are_emptied_in_part(self._archive(self.plan.end, ""), problems):
            self._run(("backfill", "--force"), self.plan.end)
            problems = [*self._judge.differences(whole)]
        for problem in problems:
            self._problem(problem)
        left = [*self.home.rglob(f"{atomic.TEMP_PREFIX}*")]
        if left:
            self._problem(f"left over: {left[:3]}")

    def _look(self, where: str, now: datetime, token: str) -> None:
        """No dataset-day is green that lacks rows of what is known to the archive by now."""
        if (self.home / "raw").is_dir():
            for problem in self._judge.wrongly_green(self._archive(now, token)):
                self._problem(f"{where}: {problem}")

    def _archive(self, now: datetime, token: str) -> Archive:
        return Archive.open(environ_of(self.simulator, self.home, now, token), self.folder)

    # Faults of the machine ------------------------------------------------------------------------

    @contextmanager
    def _read_only(self, dataset: str) -> Iterator[None]:
        """A folder in raw/ that this user cannot write, as one `sudo` run leaves it."""
        if not dataset:
            yield
            return
        folder = self.home / "raw" / dataset
        is_new = not folder.exists()
        if is_new and not self.home.exists():
            yield  # a home that is not made yet has no folder to lock
            return
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o555)
        try:
            yield
        finally:
            folder.chmod(0o755)
            if is_new and not any(folder.iterdir()):
                folder.rmdir()

    def _remove_temp(self) -> None:
        """A cleaner takes half-made files away, one at a time."""
        found = [
            Path(folder, name)
            for folder, folders, files in os.walk(self.home)  # others remove them meanwhile
            for name in sorted((*folders, *files))
            if name.startswith(atomic.TEMP_PREFIX)
        ]
        if found:
            one = random.Random(len(found)).choice(found)
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink(missing_ok=True)

    def _problem(self, text: str, output: str = "") -> None:
        tail = "\n".join(f"    | {line}" for line in output.splitlines()[-12:])
        self.played.problems.append(text + (f"\n{tail}" if tail else ""))
