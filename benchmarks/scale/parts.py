"""The parts of the benchmark, each of which adds its figures."""

from __future__ import annotations

import importlib.util
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.scale import marts, servers, template
from benchmarks.scale.figures import Figure, Figures, size_mb
from benchmarks.scale.replicas import Replicas, days
from resources.archive import Archive

_WORK = "benchmarks.scale.work"
_MARTS = "benchmarks.scale.marts"
_MONTH = 31
_STEPS = ("load", "marts", "copy", "iceberg")


@dataclass
class Bench:
    """A large archive of `rows` rows below `scratch`, and a small one that grows."""

    figures: Figures
    scratch: Path
    rows: int
    shape: tuple[int, int]  # domains of the captured day, and streams of each
    sizes: tuple[int, ...]  # days that the small archive has before one more
    engines: tuple[str, ...]
    spark_home: Path | None
    spark_memory: str
    is_in_store: bool  # Iceberg tables lie in an object store; False: in a folder

    @cached_property
    def replicas(self) -> Replicas:
        """Makes days of the large account."""
        source = template.capture(self.scratch, *self.shape)
        whole = Replicas(source, 1).rows_per_day
        return Replicas(source, max(1, math.ceil(self.rows / (_MONTH * whole))))

    @property
    def number(self) -> int:
        """Days of the large archive: 31, or fewer if these are more rows than wanted."""
        return min(_MONTH, max(2, math.ceil(self.rows / self.replicas.rows_per_day)))

    @property
    def home(self) -> Path:
        """Of the large archive."""
        return self.scratch / "large" / "home"

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done each day: without Iceberg where its package is not installed."""
        return _STEPS if _is_installed("pyiceberg") else _STEPS[:-1]

    def environ(self, home: Path, number: int) -> dict[str, str]:
        """The variables of a step on a home of so many days."""
        return {**template.settings(home, number), "TMPDIR": str(self.scratch)}

    def lake(self) -> None:
        """Raw and lake files of the large archive."""
        self._write("lake", self.replicas, self.home, self.number)
        self.figures.add(
            Figure(
                part="lake", step=f"{self.number} days of {self.replicas.copies} x the account",
                rows=self.replicas.rows_per_day * self.number, size_mb=size_mb(self.home / "lake"),
            )
        )  # fmt: skip

    def _write(self, part: str, replicas: Replicas, home: Path, number: int) -> Archive:
        archive = template.archive(home, number)
        began_s = time.process_time()
        replicas.write(archive, days(number))
        took_s = time.process_time() - began_s
        self.figures.add(Figure(part=part, step=f"write {number} days", cpu_s=took_s))
        return archive

    def load(self) -> None:
        """Tables, marts and served copy of the large archive."""
        around = self.environ(self.home, self.number)
        for step in ("load", "marts", "copy"):
            self.figures.run("load", step, [_WORK, step], around)
        self._sizes("load", self.home)

    def _sizes(self, part: str, home: Path) -> None:
        for name in ("lake", "warehouse"):
            self.figures.add(Figure(part=part, step=f"{name}, bytes", size_mb=size_mb(home / name)))

    def iceberg(self) -> None:
        """The large archive as Iceberg tables, and the same once more."""
        if "iceberg" not in self.steps:
            self.figures.left_out("iceberg", "pyiceberg is not installed")
            return
        around = self.environ(self.home, self.number)
        with self._store(self.scratch / "large") as (variables, told):
            for step in ("iceberg", "iceberg, nothing new"):
                self.figures.run("iceberg", step, [_WORK, "iceberg"], {**around, **variables})
            told("iceberg")
            self._one_more("iceberg", self.replicas, self.home, self.number, variables)
            told("iceberg")

    @contextmanager
    def _store(self, folder: Path) -> Iterator[tuple[Mapping[str, str], Callable[[str], None]]]:
        """Variables of the place of Iceberg tables, and what adds a figure of its bytes."""
        if not self.is_in_store or not _is_installed("moto"):
            place = folder / "home" / "iceberg"
            yield (
                {},
                lambda part: self.figures.add(
                    Figure(part=part, step="folder, bytes", size_mb=size_mb(place))
                ),
            )
            return
        with servers.object_store(folder) as variables:

            def tell(part: str) -> None:
                objects, size = servers.bytes_in_store(variables)
                about = f"{objects:,} objects"
                self.figures.add(
                    Figure(part=part, step="store, bytes", size_mb=size / 1e6, note=about)
                )

            yield variables, tell

    def _one_more(
        self, part: str, replicas: Replicas, home: Path, before: int, variables: Mapping[str, str]
    ) -> None:
        """What the next two days cost, step by step: the first follows a load of many days."""
        for number in (before, before + 1):
            replicas.write(template.archive(home, number + 1), days(number + 1))
            around = {**self.environ(home, number + 1), **variables}
            for step in self.steps:
                self.figures.run(part, f"one day more than {number}: {step}", [_WORK, step], around)

    def growth(self) -> None:
        """What one more day costs as an archive of a smaller account grows."""
        replicas = Replicas(template.capture(self.scratch, 1, self.shape[1]), 1)
        home = self.scratch / "small" / "home"
        home.parent.mkdir(parents=True, exist_ok=True)
        with self._store(home.parent) as (variables, told):
            for size in self.sizes:
                self._write("growth", replicas, home, size)
                around = {**self.environ(home, size), **variables}
                for step in self.steps:
                    self.figures.run("growth", f"up to {size} days: {step}", [_WORK, step], around)
                self._one_more("growth", replicas, home, size, variables)
                self._sizes("growth", home)
                told("growth")

    def marts(self) -> None:
        """Three marts of the large archive on each engine, and whether their rows are equal."""
        folder = self.scratch / "marts"
        folder.mkdir(exist_ok=True)
        with template.archive(self.home, self.number).reading() as connection:
            connection.execute(f"COPY ledger TO '{folder / marts.LEDGER}'")
        for engine in self.engines:
            if lacking := self._lacking(engine):
                self.figures.left_out("marts", f"{engine}: {lacking}")
            else:
                self._marts_on(engine, folder)

    def _lacking(self, engine: str) -> str:
        """Why an engine cannot be tried here; "" if it can."""
        wanted = {"sail": ("pysail", "pyspark", "sqlglot"), "spark": ("pyspark", "sqlglot")}
        for package in wanted.get(engine, ()):
            if not _is_installed(package):
                return f"{package} is not installed"
        is_named = engine != "spark" or self.spark_home is not None
        return "" if is_named else "SPARK_HOME, or --spark-home, names no Spark"

    def _marts_on(self, engine: str, folder: Path) -> None:
        around = {**self.environ(self.home, self.number), "PATH": os.environ["PATH"]}
        if engine == "duckdb":
            for name in marts.MARTS:
                words = [_MARTS, name, engine, str(folder / engine)]
                self.figures.run("marts", f"{engine}: {name}", words, around)
            return
        with self._engine(engine, folder) as server:
            for name in ("-", *marts.MARTS):
                self._mart_on(server, engine, name, folder, around)

    @contextmanager
    def _engine(self, name: str, folder: Path) -> Iterator[servers.Server]:
        if name == "sail":
            with servers.sail(folder) as server:
                yield server
        else:
            assert self.spark_home is not None
            with servers.spark(folder, self.spark_home, self.spark_memory) as server:
                yield server

    def _mart_on(
        self,
        server: servers.Server,
        engine: str,
        name: str,
        folder: Path,
        around: Mapping[str, str],
    ) -> None:
        """The client's figure, then the server's with what is said of the rows."""
        before_s = 0.0 if name == "-" else server.cpu_s()
        server.forget_peak()
        words = [_MARTS, name, f"sc://127.0.0.1:{server.port}", str(folder / engine)]
        about = "its start" if name == "-" else name
        self.figures.run("marts", f"{engine}'s client: {about}", words, around)
        note = ""
        reference = folder / "duckdb" / f"{name}.parquet"
        if reference.exists():
            count = marts.differing(name, reference, folder / engine / f"{name}.parquet")
            note = f"{count:,} rows differ from DuckDB's"
        self.figures.add(
            Figure(
                part="marts", step=f"{engine}: {about}", cpu_s=server.cpu_s() - before_s,
                peak_mb=server.peak_mb(), note=note,
            )
        )  # fmt: skip


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


PARTS: Mapping[str, Callable[[Bench], None]] = {
    "lake": Bench.lake,
    "load": Bench.load,
    "marts": Bench.marts,
    "iceberg": Bench.iceberg,
    "growth": Bench.growth,
}
"""Each needs what those before it have made; growth needs none."""
