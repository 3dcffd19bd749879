"""Measure backfills beside the floors and beside peers, and write docs/performance.md.

python -m benchmarks.backfill                    # all of it in about an hour
python -m benchmarks.backfill --case medium-31   # one cell, told on the screen only
"""

from __future__ import annotations

import argparse
import compileall
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from benchmarks.backfill import beside, report
from benchmarks.backfill.cases import ALL, MATRIX, SHAPES, Case
from benchmarks.backfill.contenders import ROOT, Bench, Measured, peers_python
from benchmarks.backfill.serving import Server

RESULTS = ROOT / "benchmarks" / "backfill" / "results.json"
PAGE = ROOT / "docs" / "performance.md"

_START_S = 10.0  # of any contender, guessed generously
_DAY_S = {"small": 1.0, "medium": 4.0, "large": 90.0}  # of livestats, until it has been measured
_RENDER_S = {"small": 2.0, "medium": 10.0, "large": 200.0}  # the server's template day
_SHARE = {
    "livestats": 1.0,
    "requests": 0.1,
    "cpu": 0.4,
    "dlt-rows": 4,
    "dlt-arrow": 1.5,
    "naive": 3,
}


class Campaign:
    """Cells one after the other, until the time is over."""

    def __init__(self, scratch: Path, minutes: float, hours: float) -> None:
        self.scratch, self.hours = scratch, hours
        self._deadline_s = time.monotonic() + minutes * 60
        self._stack = ExitStack()
        self._servers: dict[str, Server] = {}
        self._day_s = dict(_DAY_S)
        self._measured_days = dict.fromkeys(_DAY_S, 0)  # that _day_s is taken from
        self.told: dict[str, Any] = {
            "machine": report.machine(),
            "hours": hours,
            "cells": [],
            "skipped": [],
        }

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def left_s(self) -> float:
        """Time that is left."""
        return self._deadline_s - time.monotonic()

    def bench(self, size: str) -> Bench:
        """The bench for an account of that size; its server stays for the next case."""
        if size not in self._servers:
            domains, streams = SHAPES[size]
            started = time.monotonic()
            server = Server(domains, streams, self.hours, self.scratch)
            self._servers[size] = self._stack.enter_context(server)
            say(f"server for {size}: day rendered in {time.monotonic() - started:.0f} s")
        return Bench(self._servers[size], self.scratch)

    def cell(self, case: Case) -> None:
        """All contenders of a case, as far as time goes."""
        found: dict[str, Any] = {}
        for who in case.who:
            needed_s = self.needed_s(case, who)
            if needed_s > self.left_s:
                self.skip(f"{case} {who}", f"needs about {needed_s:.0f} s")
                if who == "livestats":  # the others stand beside it
                    return
                continue
            one = self.attempt(who, case)
            found[who] = one.told()
            if who == "livestats" and not one.failed:
                day_s = (one.wall_s - _START_S / 2) / case.days
                bound = case.budget or case.latency_ms
                if not bound and case.days > self._measured_days[case.size]:
                    self._day_s[case.size] = max(day_s, 0.05)
                    self._measured_days[case.size] = case.days
        if found:
            cell = {"case": case.name, "days": case.days, "size": case.size, "measured": found}
            self.told["cells"].append(cell | {"latency_ms": case.latency_ms, "budget": case.budget})

    def attempt(self, who: str, case: Case) -> Measured:
        """Measure; whatever goes wrong is a result, too."""
        try:
            bench = self.bench(case.size)
            limit_s = self.limit_s(case, who)
            if who == "livestats" and case.days > 300:
                one = self.year(bench, case, limit_s)
            else:
                one = bench.measure(who, case, limit_s)
        except Exception as error:  # noqa: BLE001 - told in the table; the other cells still count
            one = Measured.none(who, error)
        say(
            f"{case} {who}: {one.wall_s:.1f} s, CPU {one.cpu_s:.1f} s, {one.rss_mb:.0f} MB, "
            f"{one.requests:,} requests, {one.throttled} throttled {one.failed}"
        )
        return one

    def limit_s(self, case: Case, who: str) -> float:
        """When a contender is given up: much later than expected, and not long after the end."""
        return min(max(300.0, 3 * self.needed_s(case, who)), max(60.0, self.left_s + 240.0))

    def year(self, bench: Bench, case: Case, limit_s: float) -> Measured:
        """A year's backfill, and the daily run that follows it."""
        home = self.scratch / "year"
        one = bench.livestats(case, limit_s, home=home)
        if not one.failed and case.size == "medium":
            # Once as fast as the server can, and once as the API is.
            for later, at in enumerate((case, replace(case, latency_ms=50, budget=True)), start=1):
                daily = bench.daily(at, home, 120.0, later)
                floor = bench.requests_floor(replace(at, days=1), 120.0)
                self.told.setdefault("daily", {"run": daily.told(), "floor": floor.told()})
                say(
                    f"the day after, {at}: {daily.wall_s:.1f} s, CPU {daily.cpu_s:.1f} s; its "
                    f"requests alone {floor.wall_s:.1f} s {daily.failed}"
                )
        shutil.rmtree(home, ignore_errors=True)
        return one

    def together(self) -> None:
        """Four processes, one home, one budget."""
        case = Case(size="medium", days=8, budget=True)
        self.extra("together", case, lambda b, limit_s: b.together(case, limit_s))

    def extra(self, name: str, case: Case, run: Callable[[Bench, float], Measured]) -> None:
        """One more run of livestats, told by itself."""
        needed_s = self.needed_s(case, "livestats")
        if needed_s > self.left_s:
            self.skip(name, f"needs about {needed_s:.0f} s")
            return
        try:
            one = run(self.bench(case.size), self.limit_s(case, "livestats"))
        except Exception as error:  # noqa: BLE001 - as above
            one = Measured.none(name, error)
        self.told[name] = one.told()
        say(f"{name}: {one.wall_s:.0f} s, CPU {one.cpu_s:.1f} s, {one.throttled} throttled")

    def beside(self, name: str) -> None:
        """One of the other benchmarks."""
        needed_s = beside.PROGRAMS[name][1]
        if needed_s > self.left_s:
            self.skip(name, f"needs about {needed_s:.0f} s")
            return
        try:
            self.told[name] = beside.run(name, self.scratch, ROOT)
            say(f"{name}: measured")
        except (OSError, ValueError) as error:
            self.skip(name, f"{type(error).__name__}: {error}")

    def skip(self, what: str, why: str) -> None:
        """Say what is not measured."""
        self.told["skipped"].append(f"{what}: {why}, {max(0, self.left_s):.0f} s were left")
        say(f"skipped {self.told['skipped'][-1]}")

    def needed_s(self, case: Case, who: str) -> float:
        """A guess, from what was measured so far."""
        days = min(case.days, 31) if who == "cpu" else case.days
        needed_s = _START_S + days * self._day_s[case.size] * _SHARE[who]
        if case.size not in self._servers:
            needed_s += _RENDER_S[case.size]
        if case.size in self._servers and who != "cpu":
            per_day: dict[str, tuple[int, float]] = {}
            for one in self._servers[case.size].plan["requests"]:
                calls, _ = per_day.get(one["action"], (0, 0.0))
                per_day[one["action"]] = calls + 1, one["rate_per_s"]
            if case.budget:
                slowest_s = max(calls / rate for calls, rate in per_day.values())
                needed_s = max(needed_s, _START_S + 1.1 * days * slowest_s)
            most = max(calls for calls, _ in per_day.values())
            needed_s = max(needed_s, _START_S + days * most * case.latency_ms / 1000 / 16)
        return needed_s


def say(text: str) -> None:
    """One line with the time, on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def steps(campaign: Campaign, cases: tuple[Case, ...]) -> Iterator[None]:
    """The whole campaign, a step at a time."""
    for number, case in enumerate(cases):
        campaign.cell(case)
        yield
        if cases is MATRIX and number == 1:
            campaign.together()
            yield
    for name in beside.PROGRAMS if cases is MATRIX else ():
        campaign.beside(name)
        yield


def main() -> int:
    """Measure, write; 1 if a contender of a named case failed."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0], epilog="Cases: medium-31, medium-10-50ms-budget ..."
    )
    parser.add_argument("--minutes", type=float, default=75.0, help="what does not fit is named")
    parser.add_argument("--case", action="append", default=[], help="a single cell; repeatable")
    parser.add_argument("--who", default=",".join(ALL), help=f"for --case: of {', '.join(ALL)}")
    parser.add_argument("--hours", type=float, default=2.0, help="that a stream is live on a day")
    parser.add_argument("--scratch", type=Path, help="folder for archives, up to 30 GB for a year")
    parser.add_argument(
        "--report", action="store_true", help="write the page from the last figures"
    )
    asked = parser.parse_args()
    if asked.report:
        report.write(json.loads(RESULTS.read_text("utf-8")), PAGE)
        return 0
    cases = tuple(Case.of(text, tuple(asked.who.split(","))) for text in asked.case) or MATRIX
    if any(who.startswith("dlt") for case in cases for who in case.who):
        try:
            peers_python()  # installed before the time counts
        except (OSError, CalledProcessError) as error:  # told again in each of their cells
            say(f"dlt cannot be installed: {error}")
    for package in ("assets", "pipelines", "resources"):  # as an installed livestats is
        compileall.compile_dir(ROOT / package, quiet=1)
    scratch = Path(tempfile.mkdtemp(prefix="livestats-bench-", dir=asked.scratch))
    try:
        with Campaign(scratch, asked.minutes, asked.hours) as campaign:
            for _ in steps(campaign, cases):
                if not asked.case:
                    RESULTS.write_text(json.dumps(campaign.told, indent=1) + "\n", "utf-8")
                    report.write(campaign.told, PAGE)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("\n".join(report.cells(campaign.told)))
    measured = [one for cell in campaign.told["cells"] for one in cell["measured"].values()]
    return int(bool(asked.case) and any(one["failed"] for one in measured))


if __name__ == "__main__":
    raise SystemExit(main())
