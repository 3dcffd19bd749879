"""What an archive of a shape must hold: a faultless run, held against the simulated world itself."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb

from benchmarks.offered import DATASETS
from benchmarks.worlds.commands import Commands
from benchmarks.worlds.world import BEGIN, FIRST_DAY, Shape
from resources.simulator import Simulator
from tests.support.expected_tables import Expected, differences

SIMULATED_NOW = datetime.fromisoformat("2026-12-01T12:00:00+08:00")
"""The clock of every simulator stands: answers do not depend on when they are asked for."""


def environ_of(simulator: Simulator, home: Path, now: datetime, token: str = "") -> dict[str, str]:
    """All that a command needs, and nothing else."""
    found = {
        "LIVESTATS_API_URL": simulator.url,
        "LIVESTATS_HOME": str(home),
        "LIVESTATS_NOW": now.isoformat(),
        "LIVESTATS_FIRST_DAY": FIRST_DAY,
        "LIVESTATS_CALLS_PER_SECOND": "none",
        "LIVESTATS_WORKERS": "4",
        "VOLC_ACCESSKEY": simulator.credentials.access_key,
        "VOLC_SECRETKEY": simulator.credentials.secret_key,
        "HOME": str(home.parent),
        "PATH": "/usr/bin:/bin",
    }
    return found | ({"VOLC_SESSION_TOKEN": token} if token else {})


class Reference:
    """Faultless runs of a shape, made when they are needed: by number of days and account."""

    def __init__(
        self,
        shape: Shape,
        simulator: Simulator,
        commands: Commands,
        root: Path,
        *,
        is_checked: bool = False,
    ) -> None:
        self._shape, self._simulator, self._commands = shape, simulator, commands
        self._root, self._is_checked = root, is_checked
        self._homes: dict[tuple[int, tuple[str, ...]], Path] = {}
        self.cpu_s = 0.0  # of the last one

    def home(self, days: int, truth: tuple[str, ...] = ()) -> Path:
        """The home of a run over this many days of an account that is also as `truth` says.

        Raises AssertionError if it holds other rows than the simulated world.
        """
        key = days, truth
        if key not in self._homes:
            folder = self._root / f"{len(self._homes)}"
            folder.mkdir()
            (folder / "livestats.toml").write_text(self._shape.toml)
            now = BEGIN + timedelta(days=days - 3)
            self._simulator.manners = list(truth)
            environ = environ_of(self._simulator, folder / "home", now)
            ended = self._commands.run(("backfill",), environ, folder)
            self.cpu_s = ended.cpu_s
            assert ended.code == 0, ended.output
            if key == (3, ()) and self._is_checked:
                self._compare(folder / "home", days)
            self._homes[key] = folder / "home"
        return self._homes[key]

    def _compare(self, home: Path, days: int) -> None:
        """Its tables against the simulated world, without planner, parser and lake between."""
        from zoneinfo import ZoneInfo

        settings = SimpleNamespace(zone=ZoneInfo("Asia/Shanghai"))
        lab = SimpleNamespace(simulator=self._simulator, archive=SimpleNamespace(settings=settings))
        some = [date.fromisoformat(FIRST_DAY) + timedelta(days=n) for n in range(days)]
        expected = Expected(lab, some, SIMULATED_NOW)
        with duckdb.connect(home / "served" / "livestats.duckdb", read_only=True) as connection:
            connection.execute("SET TimeZone = 'Asia/Shanghai'")
            for name in DATASETS:
                if f"[dataset.{name}]" in self._shape.toml:
                    continue  # the expected tables have the default widths
                found = differences(connection, name, expected.rows(name))
                assert found == [], f"the faultless run of {self._shape}: {name}: {found}"
