"""How fast a year of 5-minute data answers what is billed, and why.

    python -m benchmarks.billing --domains 100 --isps 12 --days 365

Makes the table edge_stat of such an account (100 x 12 x 365: 126 million rows, some 3 GB on the
disk below --scratch), brings the marts level with it as a load does, and asks the billing marts on
two threads: beside the same question asked of edge_stat. CPU seconds are what to compare; the
first answer of a mart is not warmed up.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from benchmarks.offered import DATASETS
from resources.home.layout import Home
from resources.marts import build
from resources.serving import publish
from resources.system_tables.registry import OWN_TABLES
from resources.warehouse import connection as warehouse_connection

ZONE = "Asia/Shanghai"
FIRST = date(2025, 11, 1)

# A day curve with its peak in the evening, weekends and domains of different size, and some noise.
_DAY = """
INSERT INTO edge_stat BY NAME
SELECT DATE '{day}' AS business_date,
       timezone('Asia/Shanghai', TIMESTAMP '{day}') + to_seconds(300 * slot) AS slot_start_at,
       300 AS slot_seconds,
       'pull-' || lpad(d::VARCHAR, 3, '0') || '.example' AS domain, 'isp-' || i AS isp,
       down / 50 AS up_bandwidth_mbps, down * 1.2 AS down_bandwidth_mbps,
       round(down / 50 * 37.5e6) AS up_traffic_bytes, round(down * 37.5e6) AS down_traffic_bytes,
       round(down * 3) AS requests
FROM (SELECT slot, d, i,
             1000 / (d + 1) / (i + 1) * (1.1 - cos((slot - 108) * pi() / 144))
             * (0.9 + (hash({number}, slot, d, i) % 1000) / 5000) AS down
      FROM range(288) s(slot), range({domains}) a(d), range({isps}) b(i))
"""

NAIVE = """
WITH points AS (
    SELECT date_trunc('month', business_date) AS month, domain, slot_start_at,
           (sum(up_traffic_bytes) + sum(down_traffic_bytes)) * 8 / 300 / 1e6 AS mbps
    FROM edge_stat GROUP BY ALL)
SELECT month, domain,
       list(mbps ORDER BY mbps DESC)[dayofmonth(last_day(any_value(month))) * 288 // 20 + 1] AS p95
FROM points GROUP BY month, domain ORDER BY month, domain
"""
QUESTIONS = {
    "billing_monthly_by_domain, the year": "FROM billing_monthly_by_domain ORDER BY ALL",
    "billing_monthly_by_domain, last month": (
        "FROM billing_monthly_by_domain WHERE month = '2026-10-01' ORDER BY ALL"
    ),
    "billing_monthly_account, the year": "FROM billing_monthly_account ORDER BY ALL",
    "billing_instants, the year": "FROM billing_instants ORDER BY ALL",
    "traffic_daily_by_domain, the year": "FROM traffic_daily_by_domain ORDER BY ALL",
    "traffic_daily_by_isp, the year": "FROM traffic_daily_by_isp ORDER BY ALL",
}


@dataclass
class Cost:
    """What a piece of work took."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.cpu_s:7.2f} s CPU {self.wall_s:7.2f} s wall"


@contextmanager
def measured() -> Iterator[Cost]:
    """Fills in what the block took, all threads of this process together."""
    cost = Cost()
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    yield cost
    after = resource.getrusage(resource.RUSAGE_SELF)
    cost.wall_s = time.monotonic() - began
    cost.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fill(connection: duckdb.DuckDBPyConnection, asked: argparse.Namespace) -> None:
    """The table edge_stat, and what says that its days are loaded and captured."""
    for dataset in DATASETS.values():
        warehouse_connection.create_table(connection, dataset)
    for name, own in OWN_TABLES.items():
        listed = ", ".join(f"{column} {sql}" for column, (sql, _) in own.columns.items())
        connection.execute(f"CREATE TABLE {name} ({listed})")
    for number in range(asked.days):
        day = FIRST + timedelta(days=number)
        connection.execute(
            _DAY.format(day=day, number=number, domains=asked.domains, isps=asked.isps)
        )
        load(connection, day, "first")
        connection.execute(
            "INSERT INTO ledger (dataset, business_date, state) VALUES "
            "('edge_stat', ?, 'captured')",
            [day],
        )


def load(connection: duckdb.DuckDBPyConnection, day: date, capture: str) -> None:
    """Note that a day was loaded from that capture."""
    connection.execute(
        "INSERT OR REPLACE INTO meta.loaded VALUES ('edge_stat', ?, ?, 0, 1, 0, 0)", [day, capture]
    )


def ask(connection: duckdb.DuckDBPyConnection, what: str, sql: str) -> Cost:
    """Ask once cold and three times warm; the best, with what both took printed."""
    costs = []
    for _ in range(4):
        with measured() as cost:
            rows = connection.execute(sql).fetchall()
        costs.append(cost)
    best = min(costs[1:], key=lambda c: c.cpu_s)
    print(f"{what:40} {best}   ({len(rows):,} rows; first time {costs[0].wall_s:.2f} s wall)")
    return best


def explain(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Which operators take the time, with the rows that come out of them."""
    ((_, text),) = connection.execute(f"EXPLAIN (ANALYZE, FORMAT json) {sql}").fetchall()
    found: list[tuple[float, str, int, str]] = []
    todo = json.loads(text)["operator"]
    while todo:
        node = todo.pop()
        about = node["extra_info"]
        said = " ".join(
            str(about[key]) for key in ("Table", "Groups", "Aggregates") if key in about
        )
        found.append((node["timing"], node["type"], node["intermediate_rows"], said))
        todo += node.get("children", [])
    whole = sum(took for took, *_ in found) or 1.0
    for took, name, rows, said in sorted(found, reverse=True)[:6]:
        print(f"    {took / whole:5.0%}  {name:22} {rows:>12,} rows out   {said[:80]}")


def main() -> None:
    """Make the year, bring the marts level, ask."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name, default in (("--domains", 100), ("--isps", 12), ("--days", 365), ("--threads", 2)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--scratch", type=Path, help="folder that has the space; default: /tmp")
    parser.add_argument("--no-naive", action="store_true", help="leave edge_stat in peace")
    asked = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="livestats-billing-", dir=asked.scratch))
    home = Home(scratch)
    last = FIRST + timedelta(days=asked.days - 1)
    try:
        with warehouse_connection.writing(home, ZONE) as connection:
            connection.execute("SET threads = ?", [asked.threads])
            with measured() as filling:
                fill(connection, asked)
            points = asked.domains * 288 * asked.days
            print(f"edge_stat: {points * asked.isps:,} rows of {asked.days} days: {filling}")
            with measured() as whole:
                build.sync_marts(connection, ZONE, DATASETS)
            print(f"all marts for the first time:            {whole}")
            load(connection, last, "second")
            with measured() as day:
                made = build.sync_marts(connection, ZONE, DATASETS)
            tables = [f"{m.mart.name} {len(m.days)}" for m in made if m.days]
            print(f"one day anew ({', '.join(tables)} day): {day}")
            with measured() as nothing:
                build.sync_marts(connection, ZONE, DATASETS)
            print(f"nothing to do:                           {nothing}")
            published = publish.publish(connection, home)
            print(f"served copy: {published.size / 1e9:.2f} GB; this process at most "
                  f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")  # fmt: skip
        with publish.reading(home, ZONE) as connection:
            connection.execute("SET threads = ?", [asked.threads])
            costs = {what: ask(connection, what, sql) for what, sql in QUESTIONS.items()}
            first = next(iter(QUESTIONS))
            print(f"why ({first}):")
            explain(connection, QUESTIONS[first])
            if not asked.no_naive:
                with measured() as naive:
                    connection.execute(NAIVE).fetchall()
                print(f"{'the same p95 asked of edge_stat':40} {naive}")
                print(f"  {naive.cpu_s / costs[first].cpu_s:.0f} times the CPU of the mart")
                explain(connection, NAIVE)
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
