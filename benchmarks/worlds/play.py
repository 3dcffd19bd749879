"""Plays a world: its commands in their order, a look at the archive after each, the end.

What will happen is decided in world.py.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from benchmarks.worlds.commands import Commands, Ended
from benchmarks.worlds.reference import Reference, environ_of
from benchmarks.worlds.world import FIRST_DAY, Step, WorldPlan
from resources.api.catalog import DAILY, DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DomainRole
from resources.archive import Archive
from resources.fs import atomic
from resources.simulator import Simulator

MOST_RUNS = 2  # plain backfills after the faults


@dataclass
class Played:
    """What became of a world."""

    seed: int
    problems: list[str] = field(default_factory=list)
    commands: int = 0
    kills: int = 0
    cpu_s: float = 0.0


class World:
    """The archive of one world while it is played."""

    def __init__(
        self,
        plan: WorldPlan,
        simulator: Simulator,
        reference: Reference,
        commands: Commands,
        folder: Path,
    ) -> None:
        self.plan, self.simulator, self.reference = plan, simulator, reference
        self.commands, self.folder = commands, folder
        self.home = folder / "home"
        self.played = Played(plan.seed)
        self._right: dict[Path, str] = {}  # lake files that were looked at: which domains they have
        folder.mkdir()

    def play(self) -> Played:
        """All of it; the problems that were found are in the result."""
        with duckdb.connect(config={"threads": 1}) as self._connection:
            self._connection.execute("SET enable_progress_bar = false")
            for number, step in enumerate(self.plan.steps, 1):
                self._step(number, step)
                if self.played.problems:
                    break
            else:
                self._end()
        self.simulator.manners = []
        return self.played

    def _step(self, number: int, step: Step) -> None:
        self.simulator.manners = [*self.plan.lasting, *step.manners]
        (self.folder / "livestats.toml").write_text(step.toml + self.plan.shape.toml)
        with self._read_only(step.read_only):
            ended = self._run(step.words, step.now, step.token, step.killed_after_s, step)
        where = f"after step {number} ({step})"
        self.played.kills += ended.code < 0 and bool(step.killed_after_s)
        if ended.is_hung:
            self._problem(f"{where}: no end", ended.output)
        elif "Traceback (most recent" in ended.output or (
            ended.code < 0 and not step.killed_after_s
        ):
            self._problem(f"{where}: code {ended.code}", ended.output)
        self._look(where, step.now, step.token)

    def _run(
        self,
        words: tuple[str, ...],
        now: datetime,
        token: str = "",
        killed_after_s: float = 0.0,
        step: Step | None = None,
    ) -> Ended:
        meanwhile = self._remove_temp if step and step.removes_temp else (lambda: None)
        environ = environ_of(self.simulator, self.home, now, token)
        ended = self.commands.run(words, environ, self.folder, killed_after_s, meanwhile)
        self.played.commands += 1
        self.played.cpu_s += ended.cpu_s
        return ended

    def _end(self) -> None:
        """The faults have passed: plain backfills must bring all that the world holds."""
        self.simulator.manners = list(self.plan.lasting)
        (self.folder / "livestats.toml").write_text(self.plan.shape.toml)
        for _ in range(MOST_RUNS):
            ended = self._run(("backfill",), self.plan.end)
            if ended.code == 0:
                break
        else:
            self._problem(f"backfill ends with {ended.code} after the faults", ended.output)
            return
        self._look("at the end", self.plan.end, "")
        days = (self.plan.end.date() - date.fromisoformat(FIRST_DAY)).days
        whole = self.reference.home(days)
        self.simulator.manners = list(self.plan.lasting)
        self._compare(whole)
        left = [*self.home.rglob(f"{atomic.TEMP_PREFIX}*")]
        if left:
            self._problem(f"left over: {left[:3]}")

    def _compare(self, whole: Path) -> None:
        """The served tables with those of the faultless run."""
        with duckdb.connect(self.home / "served" / "livestats.duckdb", read_only=True) as found:
            found.execute("SET enable_progress_bar = false")
            found.execute(f"ATTACH '{whole / 'served' / 'livestats.duckdb'}' AS whole (READ_ONLY)")
            wanted = {name: _one_spelling(found, name) for name in DATASETS}
            wanted["ledger"] = "dataset, business_date, state, rows"
            for name, columns in wanted.items():
                for what, one, other in (
                    ("lost", f"whole.{name}", name),
                    ("too much", name, f"whole.{name}"),
                ):
                    sql = f"SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other}"
                    rows = found.execute(sql).fetchall()
                    if rows:
                        self._problem(f"{name}: {len(rows)} rows {what}, such as {rows[0]}")

    # Between the commands -------------------------------------------------------------------------

    def _look(self, where: str, now: datetime, token: str) -> None:
        """No dataset-day is green that lacks rows of what is known to the archive by now."""
        if not (self.home / "raw").is_dir():
            return
        environ = environ_of(self.simulator, self.home, now, token)
        archive = Archive.open(environ, self.folder)
        first = date.fromisoformat(FIRST_DAY)
        last = archive.today - timedelta(days=1)
        known = self._known_domains(archive)
        wrong: dict[date, set[str]] = {}
        for dataset in sorted(DAILY, key=lambda d: bool(d.needs)):
            for entry in archive.ledger(dataset, first, last):
                if not entry.state.is_complete or getattr(entry, "is_suspect", False):
                    wrong.setdefault(entry.day, set()).add(dataset.name)
                    continue
                if wrong.get(entry.day, set()) & {*dataset.needs}:
                    continue  # what its answers rest on may have been wrong when it was asked
                problem = self._what_is_wrong(dataset, entry.day, known)
                if problem:
                    wrong.setdefault(entry.day, set()).add(dataset.name)
                    self._problem(f"{where}: {dataset.name} {entry.day} is green: {problem}")

    def _known_domains(self, archive: Archive) -> frozenset[str]:
        """Domains that any snapshot of the account has, of those that the settings want."""
        files = str(self.home / "lake" / "domain" / "*" / "*.parquet")
        try:
            rows = self._connection.execute(
                "SELECT DISTINCT lower(domain) FROM read_parquet(?)", [files]
            ).fetchall()
        except duckdb.IOException:
            return frozenset()
        found = {name for (name,) in rows}
        for side in ("push", "pull"):
            wanted = set(getattr(archive.settings, f"{side}_domains", ()))
            if wanted:
                found = {n for n in found if not n.startswith(side) or n in wanted}
        return frozenset(found)

    def _what_is_wrong(self, dataset: Dataset, day: date, known: frozenset[str]) -> str:
        """What the lake file lacks of the known domains, or has too much; "" if it is right."""
        own = self.home / "lake" / dataset.name / f"day={day}"
        files = [*own.glob("*.parquet")]
        if not files:
            return ""  # killed before its rows were made: the next command makes them
        whole = self.reference.home(max(3, (day - date.fromisoformat(FIRST_DAY)).days + 1))
        (right,) = (whole / "lake" / dataset.name / f"day={day}").glob("*.parquet")
        table, expected = pq.read_table(files[0]), pq.read_table(right)
        if table.equals(expected) or (not table.num_rows and self._may_be_empty(dataset)):
            return ""
        self._connection.register("found", table)
        self._connection.register("expected", expected)
        # A rank is a place among the domains that were asked for.
        is_partly_ranked = dataset.ranked and len(known) < len(self.plan.shape.domains)
        columns = _one_spelling(self._connection, "found", "rank" if is_partly_ranked else "")
        lost = f"SELECT {columns} FROM expected EXCEPT ALL SELECT {columns} FROM found"
        more = f"SELECT {columns} FROM found EXCEPT ALL SELECT {columns} FROM expected"
        column = "domain" if "domain" in table.column_names else ""
        if column:
            lost = f"SELECT * FROM ({lost}) WHERE list_contains(?, domain)"
        elif dataset.role is DomainRole.ANY and len(known) < len(self.plan.shape.domains):
            return ""  # without a name in its rows nobody can say whose are missing
        for what, sql in (("lacks", lost), ("has too much", more)):
            values = [[*known]] if what == "lacks" and column else []
            rows = self._connection.execute(sql, values).fetchall()
            if rows:
                return f"{what} {len(rows)} rows, such as {rows[0]}"[:400]
        return ""

    def _may_be_empty(self, dataset: Dataset) -> bool:
        """An empty answer was false, which nothing but its siblings can tell: see the end."""
        manners = [m for step in self.plan.steps for m in step.manners]
        return any(m.startswith(f"false-empty={dataset.endpoint.action}") for m in manners)

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


def _one_spelling(connection: duckdb.DuckDBPyConnection, table: str, without: str = "") -> str:
    """All columns, domains in lower case: an archive keeps them as the account lists them."""
    every = f"* EXCLUDE ({without})" if without else "*"
    rows = connection.execute(f"DESCRIBE {table}").fetchall()
    names = [name for name, *_ in rows if name in ("domain", "push_domain", "cname")]
    lower = ", ".join(f"lower({name}) AS {name}" for name in names)
    return f"{every} REPLACE ({lower})" if lower else every
