"""The simulated account of `livestats demo`: its folder, its days, its API process and its questions.

No output here: see demo.py, which runs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.backfill import orphans
from resources.api.catalog import DAILY
from resources.api.windows import day_of
from resources.errors import LivestatsError
from resources.ledger.states import settles_at

HOME = "home"
MARKER = "demo.json"
PICTURE = "demo.png"
REPORT = "report.html"
SIMULATED = ("--seed", "7", "--domains", "4", "--streams", "6", "--rate", "none")
"""The account: four pull domains and a deleted one, each with a push domain and six streams."""

ANSWER = """
WITH carried AS (
    SELECT domain, max(peak_down_mbps) / 1000 AS peak_gbps,
           sum(down_traffic_bytes) / 1e12 AS traffic_tb
    FROM traffic_daily_by_domain GROUP BY domain
), watched AS (
    SELECT domain, max(peak_online_users) AS peak_viewers
    FROM viewers_daily WHERE online_user_type = 'Online' GROUP BY domain
), answered AS (
    SELECT domain, 100 * sum(http_5xx_responses) / sum(responses) AS "5xx_%"
    FROM error_rate_daily WHERE request_type = 'Access' GROUP BY domain
), streams AS (    -- share of minutes that breach a limit of health_threshold
    SELECT domain AS push_domain, stream, 100 - 100 * sum(good_slots) / sum(live_slots) AS bad
    FROM stream_health_daily GROUP BY ALL
), worst AS (
    SELECT push_domain, max_by(format('{} {:.0f} %', stream, bad), bad) AS worst_stream
    FROM streams GROUP BY ALL
)
SELECT domain, peak_gbps, traffic_tb, peak_viewers, worst_stream, "5xx_%"
FROM domain JOIN carried USING (domain) JOIN watched USING (domain) JOIN answered USING (domain)
     JOIN worst USING (push_domain)
ORDER BY traffic_tb DESC
""".strip()
"""Per domain: bandwidth and traffic, viewers, worst stream, share of 5xx answers."""

COVERAGE = """
SELECT count(*) AS dataset_days, count(*) FILTER (state IN ('captured', 'empty')) AS complete,
       sum(rows)::BIGINT AS rows, min(business_date) AS first, max(business_date) AS last
FROM ledger WHERE business_date BETWEEN ? AND ?
""".strip()


class NotADemo(LivestatsError):
    """The folder holds something other than this demo; the message says what to do."""


def days(now: datetime, zone: ZoneInfo, count: int) -> tuple[date, date]:
    """The newest `count` days that have settled for every dataset."""
    last = day_of(now, zone) - timedelta(days=1)
    while any(settles_at(dataset, last, zone) > now for dataset in DAILY):
        last -= timedelta(days=1)
    return last - timedelta(days=count - 1), last


def claim(folder: Path) -> None:
    """Create the demo's folder, or accept the folder of an earlier run with the same account.

    Raises NotADemo if anything else is in it, so that a real archive is never touched.
    """
    marker = folder / MARKER
    content = json.dumps({"simulated": SIMULATED}) + "\n"
    if marker.is_file():
        if marker.read_text("utf-8") != content:
            raise NotADemo(
                f"{folder} holds the demo of another version. Delete it, or name a new folder with "
                "--keep."
            )
        return
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise NotADemo(f"{folder} is not empty and no demo made it. Name a new folder with --keep.")
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(content, "utf-8")


@contextmanager
def simulated(home: Path) -> Iterator[dict[str, str]]:
    """Run `livestats simulate` on a free port; yields the environment for it and for `home`.

    Raises OSError if it does not start.
    """
    code = f"{orphans.END_WITH_STDIN}; from pipelines.cli import main; main()"
    words = [sys.executable, "-c", code, "simulate"]
    process = subprocess.Popen(
        [*words, "--port", "0", *SIMULATED],
        stdin=subprocess.PIPE,  # it ends when this process is gone
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        if process.stdout is None:
            raise OSError("the simulated API has no output")
        lines = [process.stdout.readline() for _ in range(4)]
        exports = dict(_export(line) for line in lines if line)
        if len(exports) < len(lines):
            raise OSError("the simulated API did not start; try `livestats simulate`")
        yield environment(exports, home)
    finally:
        process.kill()  # it stores nothing, and may have inherited an ignored SIGTERM
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def environment(exports: Mapping[str, str], home: Path) -> dict[str, str]:
    """The demo's environment, without the user's own settings, key and clock."""
    return {
        **exports,
        "LIVESTATS_HOME": str(home),
        "LIVESTATS_CALLS_PER_SECOND": "none",  # the API is this machine
    }


def _export(line: str) -> tuple[str, str]:
    name, _, value = line.strip().removeprefix("export ").partition("=")
    return name, value
