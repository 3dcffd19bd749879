"""Who is measured: livestats, the two floors, dlt in two forms, the naive script."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.backfill.cases import Case
from benchmarks.backfill.load import LEFT_OUT
from benchmarks.backfill.processes import Usage, run
from benchmarks.backfill.serving import Server
from resources.api.catalog import DATASETS

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-peers"
PEER_PACKAGES = ROOT / "benchmarks" / "peers-requirements.txt"
NOW = "2026-11-22T12:00:00+08:00"
LAST = date(2026, 11, 21)  # the last whole day then
CONNECTIONS = 16  # of each action: as many as livestats' default number of workers
CPU_DAYS = 31  # the CPU floor does the same for every day, so a year is 31 days times so many


@dataclass(kw_only=True)
class Measured:
    """One contender in one case. Requests and bytes are as the server counted them."""

    who: str
    wall_s: float
    cpu_s: float
    rss_mb: float
    cores: float  # busy on average, with the server's
    requests: int = 0
    bytes: int = 0
    throttled: int = 0
    rows: int = 0
    served_rows: int = 0
    days: int = 0  # measured; fewer than the case's where the rest is a multiple of them
    failed: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def none(cls, who: str, error: Exception) -> Measured:
        """Nothing was measured."""
        said = f"{type(error).__name__}: {error}"
        return cls(who=who, wall_s=0, cpu_s=0, rss_mb=0, cores=0, failed=said)

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Bench:
    """One case at a time, on one server."""

    def __init__(self, server: Server, scratch: Path) -> None:
        self.server, self.scratch = server, scratch

    def livestats(self, case: Case, timeout_s: float, *, home: Path | None = None) -> Measured:
        """The whole backfill, as a user runs it."""
        home = home or self._fresh("home")
        command = [str(Path(sys.executable).with_name("livestats")), "backfill"]
        first_load_s: list[float] = []

        def watch(elapsed_s: float) -> None:
            if not first_load_s and (home / "served" / "livestats.duckdb").exists():
                first_load_s.append(round(elapsed_s, 1))

        found = self._measure(
            "livestats", case, command, environ(self.server.url, home, case), timeout_s, watch
        )
        found.extra["first_load_s"] = first_load_s[0] if first_load_s else None
        if not found.failed:
            self.check(found, home)
        return found

    def check(self, found: Measured, home: Path) -> None:
        """Compare what is in the home with what the server says it served.

        By action: of one domain, the whole account and the domain are asked for in the same words.
        """
        module = [sys.executable, "-m", "benchmarks.backfill.check", str(home)]
        there = json.loads(subprocess.run(module, capture_output=True, check=True, cwd=ROOT).stdout)
        tables, served = there["tables"], found.extra["served"]
        captured = {table: there["captured"].get(table, rows) for table, rows in tables.items()}
        found.rows = sum(tables.values())
        kept = by_action(captured)
        wrong = [
            f"{action}: {rows} rows served, {kept[action]} kept"
            for action, rows in by_action(served).items()
            if kept[action] != rows
        ]
        wrong += [
            f"{table}: {rows} rows captured, {tables[table]} in the table"
            for table, rows in captured.items()
            if table not in there["once"] and tables[table] != rows
        ]
        found.failed = "; ".join(wrong)

    def daily(self, case: Case, home: Path, timeout_s: float, later: int) -> Measured:
        """The run `later` days after NOW, on an archive that holds all days before."""
        then = datetime.fromisoformat(NOW) + timedelta(days=later)
        around = environ(self.server.url, home, case) | {"LIVESTATS_NOW": then.isoformat()}
        command = [str(Path(sys.executable).with_name("livestats")), "backfill"]
        return self._measure("daily", case, command, around, timeout_s, days=1)

    def together(self, case: Case, timeout_s: float, processes: int = 4) -> Measured:
        """Several backfills of one home at once, each of some of the days."""
        home = self._fresh("home")
        livestats = shlex.quote(str(Path(sys.executable).with_name("livestats")))
        each, lines = case.days // processes, []
        for number in range(processes):
            last = LAST - timedelta(days=number * each)
            first = last - timedelta(days=each - 1)
            lines.append(f"{livestats} backfill --from {first} --to {last} & pids[{number}]=$!")
        lines.append(
            'status=0; for p in "${pids[@]}"; do wait "$p" || status=1; done; exit $status'
        )
        command = ["bash", "-c", "\n".join(lines)]
        around = environ(self.server.url, home, case)
        found = self._measure("together", case, command, around, timeout_s)
        if not found.failed:
            self.check(found, home)
        return found

    def requests_floor(self, case: Case, timeout_s: float) -> Measured:
        """Fetched and thrown away."""
        task = self._task(case, case.days)
        module = [sys.executable, "-m", "benchmarks.backfill.floor_requests", str(task)]
        return self._measure("requests", case, module, os.environ, timeout_s)

    def cpu_floor(self, case: Case, timeout_s: float) -> Measured:
        """The same bytes parsed, written and loaded, at most 31 days of them."""
        answers = self._fresh("answers")
        module = [sys.executable, "-m", "benchmarks.backfill.floor_requests"]
        kept = [*module, str(self._task(case, 1)), str(answers)]
        subprocess.run(kept, check=True, cwd=ROOT, capture_output=True)
        days = min(case.days, CPU_DAYS)
        task = self._task(case, days, answers=str(answers))
        module = [sys.executable, "-m", "benchmarks.backfill.floor_cpu", str(task)]
        return self._measure("cpu", case, module, os.environ, timeout_s, days=days)

    def dlt(self, case: Case, timeout_s: float, form: str) -> Measured:
        """The peer, in rows or in Arrow tables."""
        script = ROOT / "benchmarks" / "backfill" / "peer_dlt.py"
        command = [str(peers_python()), str(script), str(self._task(case, case.days)), form]
        around = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(self._fresh("dlt-home"))}
        return self._measure(f"dlt-{form}", case, command, around, timeout_s)

    def naive(self, case: Case, timeout_s: float) -> Measured:
        """The script that one writes first."""
        module = [sys.executable, "-m", "benchmarks.backfill.naive"]
        command = [*module, str(self._task(case, case.days))]
        return self._measure("naive", case, command, os.environ, timeout_s)

    def measure(self, who: str, case: Case, timeout_s: float) -> Measured:
        """One contender by name."""
        contenders: Mapping[str, Callable[[], Measured]] = {
            "livestats": lambda: self.livestats(case, timeout_s),
            "requests": lambda: self.requests_floor(case, timeout_s),
            "cpu": lambda: self.cpu_floor(case, timeout_s),
            "dlt-rows": lambda: self.dlt(case, timeout_s, "rows"),
            "dlt-arrow": lambda: self.dlt(case, timeout_s, "arrow"),
            "naive": lambda: self.naive(case, timeout_s),
        }
        return contenders[who]()

    def _measure(
        self,
        who: str,
        case: Case,
        command: Sequence[str],
        around: Mapping[str, str],
        timeout_s: float,
        watch: Callable[[float], None] | None = None,
        days: int | None = None,
    ) -> Measured:
        log = self.scratch / f"{case.name}-{who}.log"
        self.server.reset(latency_s=case.latency_ms / 1000, budget=case.budget)
        usage = run(command, environ=around, folder=ROOT, log=log, timeout_s=timeout_s, watch=watch)
        return self.counted(who, case, usage, log, days or case.days)

    def counted(self, who: str, case: Case, usage: Usage, log: Path, days: int) -> Measured:
        """What was used, with what the server counted meanwhile."""
        served = self.server.counted()
        output = log.read_text("utf-8", errors="replace").strip().splitlines() or [""]
        found = Measured(
            who=who,
            wall_s=usage.wall_s,
            cpu_s=usage.cpu_s,
            rss_mb=usage.rss_mb,
            cores=usage.cores + (served["server_cpu_s"] / usage.wall_s if usage.wall_s else 0.0),
            requests=sum(served["calls"].values()),
            bytes=served["bytes"],
            throttled=served["refused"].get("FlowLimitExceeded", 0),
            served_rows=sum(served["rows"].values()),
            days=days,
            extra={
                "served": served["rows"],
                "calls": served["calls"],
                "spans_s": served["spans_s"],
                "server_cpu_s": served["server_cpu_s"],
            },
        )
        if usage.status:
            said = " / ".join(output[-3:])[-300:]
            found.failed = f"ended with {usage.status} after {usage.wall_s:.0f} s of {case}: {said}"
        elif output[-1].startswith("{"):
            found.rows = json.loads(output[-1]).get("rows", 0)
        return found

    def _task(self, case: Case, days: int, **more: str) -> Path:
        path = self.scratch / "task.json"
        requests = [
            {**one, "days": _days(days, one["history_days"]) if one["daily"] else []}
            for one in self.server.plan["requests"]
        ]
        task = {
            "template": self.server.plan["template"],
            "requests": requests,
            "url": self.server.url,
            "budget": case.budget,
            "connections": CONNECTIONS,
            "out": str(self._fresh("out")),
            **more,
        }
        path.write_text(json.dumps(task), "utf-8")
        return path

    def _fresh(self, name: str) -> Path:
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def _days(count: int, history_days: int) -> list[str]:
    """The last `count` days, newest first, as far as the API remembers them on the day after."""
    return [str(LAST - timedelta(days=i)) for i in range(min(count, history_days - 1))]


def by_action(rows: Mapping[str, int]) -> Counter[str]:
    """The rows of tables, added up for each action of the API."""
    found: Counter[str] = Counter()
    for table, count in rows.items():
        found[DATASETS[table].endpoint.action] += count
    return found


def environ(url: str, home: Path, case: Case) -> dict[str, str]:
    """What livestats is told, and nothing of what the machine's user has set."""
    settings = home.with_suffix(".toml")
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f"[datasets]\noff = {json.dumps(LEFT_OUT)}\n")
    return {
        "LIVESTATS_SETTINGS": str(settings),
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "LIVESTATS_HOME": str(home),
        "LIVESTATS_API_URL": url,
        "LIVESTATS_NOW": NOW,
        "LIVESTATS_FIRST_DAY": str(LAST - timedelta(days=case.days - 1)),
        "LIVESTATS_CALLS_PER_SECOND": "none",
        "LIVESTATS_QUOTA_FACTOR": "1" if case.budget else "1000",
        "VOLC_ACCESSKEY": "AKSIMULATED",
        "VOLC_SECRETKEY": "simulated-secret-key",
    }


def peers_python() -> Path:
    """The interpreter of the peers' own environment, which is made if it is not there."""
    python = PEERS / "bin" / "python"
    stamp, wanted = PEERS / ".complete", PEER_PACKAGES.read_text("utf-8")
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--requirement"]
        subprocess.run([*install, str(PEER_PACKAGES)], check=True)
        stamp.write_text(wanted, "utf-8")
    return python
