"""docs/cookbook.md: questions, their SQL, and what a simulated archive answers.

`python -m pipelines.docgen.cookbook` makes the archive and writes the page. The account, the days and the
clock are fixed, so the page is the same each time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.serving.example_queries import Example, example
from resources.simulator import Account, Simulator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cookbook.md"

NOW = datetime.fromisoformat("2026-11-02T12:00:00+08:00")
"""A Monday; yesterday was the first of the month, so last month is October."""

ACCOUNT = Account(seed=10, domains=2, streams_per_domain=4, deleted=0)

_WEEK = tuple(date(2026, 10, 26) + timedelta(days=n) for n in range(7))
_MONTH = tuple(date(2026, 10, 1) + timedelta(days=n) for n in range(32))
_TWO_WEEKS = tuple(date(2026, 10, 19) + timedelta(days=n) for n in range(14))
_DAYS: Mapping[str, tuple[date, ...]] = {
    "domain": (),
    "isp": (),
    "region": (),
    "edge_stat": _MONTH,
    "traffic": _MONTH,
    "bandwidth": _MONTH,
    "transcode": _MONTH,
    "record": _MONTH,
    "snapshot": _MONTH,
    "audit": _MONTH,
    "pull_to_push": _MONTH,
    "time_shift": _MONTH,
    "p95_peak_bandwidth": _MONTH,
    "edge_stat_by_region": _WEEK,
    "edge_stat_by_domain": _WEEK,
    "edge_stat_account": _WEEK,
    "batch_stream_traffic": _WEEK,
    "batch_stream_session": _WEEK,
    "stream_session_by_domain": _TWO_WEEKS,
    "stream_session_account": _WEEK,
    "source_traffic": _WEEK,
    "play_status_code": _WEEK,
    "stream_count": _WEEK,
    "push_stream_info": _WEEK,
    "transcode_info": _MONTH,
    "batch_push_stream_metrics": _WEEK[-2:],
    "batch_source_stream_metrics": _WEEK[-2:],
    "ip_info": _WEEK[-2:],
}
"""Datasets in the order in which they are captured, and the days that the questions need."""

PRICES = "domain,price_per_gb\npull-1.sim.example,0.024\npull-2.sim.example,0.03\n"
"""A price list as a user has one, which is joined as `prices`."""

CHAPTERS: Mapping[str, tuple[str, ...]] = {
    "Traffic and bandwidth": (
        "bill_of_a_month",
        "billing_by_domain",
        "cost_by_price_list",
        "billing_instants_of_a_month",
        "bandwidth_by_hour",
        "peaks_beside_averages",
        "traffic_by_isp",
        "traffic_by_country",
        "origin_pull",
    ),
    "Viewers": (
        "peak_viewers",
        "peak_viewers_account",
        "viewers_by_hour",
        "viewers_gained_and_lost",
    ),
    "Stream health": (
        "worst_streams",
        "bad_minutes_of_a_stream",
        "health_of_codecs",
    ),
    "Errors": (
        "share_4xx_5xx_by_domain",
        "share_5xx_by_isp",
        "worst_half_hours_5xx",
        "codes_of_a_day",
    ),
    "Streams and pushes": (
        "top_streams_of_a_week",
        "peak_streams",
        "interruptions",
        "transcode_minutes",
    ),
    "Is it all there?": (
        "freshness_of_tables",
        "coverage_of_months",
    ),
}
"""Headings of the page and the examples below each."""

_HEAD = """\
# Cookbook

Questions, the SQL that answers them, and the answers for a small simulated account on 2 November
2026: two pull domains with four streams each, captured for the month (what is billed, `edge_stat`),
the week or the two days (health) that the questions need. "Yesterday" is the newest day of what is
asked, "the last week" its newest seven days. Each question has a name:

    livestats query --examples                     # all of them
    livestats query --example {name}        # ask it of your archive
    livestats query --example {name} --show-sql

Another day, month, week or domain is a parameter, `getvariable('day')` in the SQL; without a value it
is NULL, and the newest days are meant. In any other client of DuckDB: `SET VARIABLE day = DATE '2026-11-01'`.

    livestats query --example codes_of_a_day --param day=2026-11-19
    livestats query --example billing_by_domain --param month=2026-11 --domain pull-1.sim.example

Before you change the SQL, three rules that keep sums right. Peaks are never added, over whatever.
Shares and ratios are made from sums, never averaged. Splits that overlap (protocols; what is pushed
and what is pulled) are never added. Names and comments of columns say which is which:
`livestats tables NAME`.

This page is made by `python -m pipelines.docgen.cookbook`, and a test asks every question again.
"""


@contextmanager
def archive() -> Iterator[dict[str, str]]:
    """Capture and serve what the page is made from; the environment that leads to it."""
    ahead = NOW - datetime.now(UTC)
    with (
        TemporaryDirectory(prefix="livestats-cookbook-") as folder,
        Simulator(ACCOUNT, rate=None, clock=lambda: datetime.now(UTC) + ahead) as simulator,
    ):
        settings = Path(folder) / "livestats.toml"
        off = [name for name in DATASETS if name not in _DAYS]
        settings.write_text(f"[datasets]\noff = {off}\n", "utf-8")
        environ = {
            "LIVESTATS_SETTINGS": str(settings),
            "LIVESTATS_HOME": str(Path(folder) / "home"),
            "LIVESTATS_API_URL": simulator.url,
            "LIVESTATS_NOW": NOW.isoformat(),
            "LIVESTATS_FIRST_DAY": _MONTH[0].isoformat(),
            "LIVESTATS_CALLS_PER_SECOND": "none",
            "VOLC_ACCESSKEY": simulator.credentials.access_key,
            "VOLC_SECRETKEY": simulator.credentials.secret_key,
            "HOME": folder,
        }
        Path(folder, "prices.csv").write_text(PRICES, "utf-8")
        _capture(Archive.open(environ, Path(folder)))
        yield environ


def _capture(found: Archive) -> None:
    with found.capturing() as one:
        for name, days in _DAYS.items():
            dataset = DATASETS[name]
            if dataset.is_dimension:
                one.capture_dimension(dataset)
            else:
                for result in one.capture(dataset, [*days]):
                    if not result.outcome.is_complete:
                        raise RuntimeError(f"{name} {result.day}: {result.message}")
    for _ in found.sync_tables(DATASETS[name] for name in _DAYS):
        pass
    found.publish()


def words(name: str) -> list[str]:
    """What is typed to ask an example, with the file that it joins, which lies in the home folder."""
    files = [word for one in example(name).files for word in ("--with", f"{one}=~/{one}.csv")]
    return ["query", "--example", name, *files]


def page(ask: Callable[[str], str]) -> str:
    """The page's text; `ask` gives what `livestats query --example` prints for a name."""
    parts = [_HEAD.format(name="worst_streams")]
    for chapter, names in CHAPTERS.items():
        parts.append(f"## {chapter}\n")
        parts += [_entry(example(name), ask(name)) for name in names]
    return "\n".join(parts)


def _entry(found: Example, answer: str) -> str:
    lines = found.sql.strip().splitlines()
    sql = "\n".join(lines[len([*_comment(lines)]) :]).strip()
    shown = "\n".join(line.rstrip() for line in answer.rstrip().splitlines())
    return f"### {found.question}\n\n`{found.name}`\n\n```sql\n{sql}\n```\n\n```\n{shown}\n```\n"


def _comment(lines: list[str]) -> Iterator[str]:
    """The lines of the question."""
    for line in lines:
        if not line.startswith("--"):
            return
        yield line


def main() -> None:
    """Write docs/cookbook.md."""
    with archive() as environ:

        def ask(name: str) -> str:
            livestats = [sys.executable, "-c", "from pipelines.cli import main; main()"]
            done = subprocess.run(
                [*livestats, *words(name)],
                env={**environ, "PATH": os.environ.get("PATH", "")},
                cwd=PAGE.parents[1],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            return done.stdout

        PAGE.write_text(page(ask), "utf-8")


if __name__ == "__main__":
    main()
