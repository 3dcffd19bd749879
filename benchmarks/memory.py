"""How much memory the data path takes: `python -m benchmarks.memory` (all) or one of its parts.

    python -m benchmarks.memory answer --mb 300          one answer of 300 MB, there and back
    python -m benchmarks.memory table --rows 100000000   a large table, loaded, read and rebuilt

Every step is a process of its own, as a user starts it; its peak is what the kernel says when it
has ended. The server is another process. Ends with 1 if a step failed or took more than --most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

MOST_MB = 1024
_SETTINGS = {
    "LIVESTATS_NOW": "2026-11-22T12:00:00+08:00",
    "LIVESTATS_FIRST_DAY": "2025-11-23",
    "LIVESTATS_CALLS_PER_SECOND": "none",
    "VOLC_ACCESSKEY": "AKBENCHMARK",
    "VOLC_SECRETKEY": "a-secret-of-no-account",
}
DAY = "2026-11-21"
LAST = date(2026, 11, 20)
METRICS, SESSIONS = "batch_push_stream_metrics", "stream_session"
ROWS_PER_DOMAIN = 3 * 12 * 288  # of SESSIONS and a day: variants x carriers x slots


def day_of(number: int) -> date:
    """The days of the large table, newest first."""
    return LAST - timedelta(days=number)


@dataclass
class Steps:
    """Runs commands one after the other and prints what each took."""

    home: Path
    most_mb: float
    failed: list[str] = field(default_factory=list)
    took: list[dict[str, str | float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin the table."""
        print("| step | peak MB | CPU s | ok |\n|---|---|---|---|")

    def run(
        self, name: str, command: Sequence[str], is_faulty: bool = False, **environ: str
    ) -> float:
        """One step; its peak in MB. A step ends with 0, or with 1 as well if it `is_faulty`."""
        settings = {**_SETTINGS, "LIVESTATS_HOME": str(self.home), "HOME": str(self.home.parent)}
        log = self.home.parent / "log"
        with log.open("w") as out:
            child = subprocess.Popen(
                command,
                env={"PATH": os.environ["PATH"], **settings, **environ},
                cwd=self.home.parent,
                stdout=out,
                stderr=out,
            )
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        peak_mb = used.ru_maxrss / 1024
        is_expected = child.returncode in ((0, 1) if is_faulty else (0,))
        is_good = is_expected and peak_mb <= self.most_mb
        cpu_s = used.ru_utime + used.ru_stime
        print(f"| {name} | {peak_mb:,.0f} | {cpu_s:,.1f} | {'yes' if is_good else 'NO'} |")
        sys.stdout.flush()
        self.took.append({"step": name, "peak_mb": peak_mb, "cpu_s": cpu_s})
        if not is_good:
            self.failed.append(name)
        if not is_expected:
            print(f"{name} ended with {child.returncode}:\n{log.read_text()[-3000:]}")
        return peak_mb

    def livestats(
        self, words: str, about: str = "", is_faulty: bool = False, **environ: str
    ) -> float:
        """One command of the command line; `about` says what it meets."""
        command = [sys.executable, "-c", "from pipelines.cli import main; main()", *words.split()]
        said = f"`livestats {words}`{about and f', {about}'}"
        return self.run(said, command, is_faulty, PYTHONPATH=str(Path.cwd()), **environ)

    def program(self, name: str, *words: object) -> float:
        """A program of the benchmarks."""
        command = [sys.executable, "-m", f"benchmarks.{name}", *map(str, words)]
        return self.run(f"`{' '.join(command[2:])}`", command, PYTHONPATH=str(Path.cwd()))


@contextmanager
def served(*words: str) -> Iterator[str]:
    """A server in a process of its own, and its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def answer(steps: Steps, mb: float, unknown: bool) -> None:
    """Two answers (max and avg) of so many MB are one day of a domain's push metrics."""
    (steps.home.parent / "livestats.toml").write_text('[domains]\npush = ["push.example.com"]\n')
    day = f"--from {DAY} --to {DAY} --dataset {METRICS}"

    def captured(words: str, about: str, *options: str, is_faulty: bool = False) -> None:
        with served("benchmarks.large_answer", str(mb), *options) as url:
            steps.livestats(f"backfill {day}{words}", about, is_faulty, LIVESTATS_API_URL=url)

    odd = ["--unknown"] if unknown else []
    captured("", f"two answers of {mb:g} MB", *odd)
    captured(" --force", "the same answers", *odd)
    captured(" --force", "answers that are refused", "--off-grid", is_faulty=True)
    captured(" --force", "other answers: a revision", "--restated")
    for words in (f"diff {METRICS} {DAY}", f"replay {day}", "verify", "verify --deep", "publish"):
        steps.livestats(words)


def table(steps: Steps, rows: int, rows_per_day: int) -> None:
    """A table of so many rows, one day copied to many: loaded, read, restated, made anew."""
    domains = max(1, rows_per_day // ROWS_PER_DOMAIN)
    days = max(3, rows // (domains * ROWS_PER_DOMAIN))
    newest, name = day_of(0), SESSIONS
    steps.program("many_days", "make", domains, days)
    steps.livestats("publish", f"{days} days to load")
    steps.program("many_days", "make", domains, 2, "--restated")
    steps.livestats("publish", "two days restated")
    steps.livestats("verify")
    steps.program("many_days", "declared-otherwise")
    steps.livestats("publish", "the table made anew")
    steps.livestats(f"diff {name} {newest}")
    few = f"--from {day_of(2)} --to {newest} --dataset {name}"
    steps.livestats(f"verify --deep {few}")
    steps.livestats(f"replay --dataset {name}")


PARTS = ("answer", "table")


def main() -> int:
    """Run the parts that were asked for; 1 if a step failed or took too much."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("part", nargs="?", choices=PARTS, help="default: all")
    parser.add_argument("--mb", type=float, default=300, help="of the one answer")
    parser.add_argument("--unknown", action="store_true", help="with a field nobody declared")
    parser.add_argument("--rows", type=int, default=100_000_000, help="of the table")
    parser.add_argument("--rows-per-day", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="write the figures into this file as well")
    parser.add_argument("--most", type=float, default=MOST_MB, help="MB that a step may take")
    asked = parser.parse_args()
    failed, took = [], {}
    for name in [asked.part] if asked.part else PARTS:
        with tempfile.TemporaryDirectory(prefix="livestats-memory-") as folder:
            steps = Steps(Path(folder) / "home", asked.most)
            if name == "answer":
                answer(steps, asked.mb, asked.unknown)
            else:
                table(steps, asked.rows, asked.rows_per_day)
            failed += steps.failed
            took[name] = steps.took
    if asked.json:
        asked.json.write_text(json.dumps(took), "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
