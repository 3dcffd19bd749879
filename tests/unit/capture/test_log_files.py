"""The list of log files: asked wider than the day, kept of the day, without signatures."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow.parquet as pq

from resources.api.body import whole
from resources.capture.result import Outcome
from resources.lake import parquet
from resources.raw.captures import folder_of, newest
from resources.simulator import Account
from tests.support.archives import lab

ACTION, NAME = "DescribeLiveLogData", "log_file"
DAYS = (date(2026, 11, 20), date(2026, 11, 21))
EDGES = [datetime.fromisoformat(f"2026-11-2{n}T00:00:00+08:00") for n in (0, 1, 2)]


def test_each_file_is_listed_on_its_day_once_and_without_signature(tmp_path):
    with lab(tmp_path / "home", Account(domains=2, streams_per_domain=3, deleted=0)) as found:
        account = found.only("domain", NAME)
        results = account.capture(DAYS, ["domain", NAME])
        assert {r.outcome for r in results if r.dataset == NAME} == {Outcome.CAPTURED}
        for day, start, end in zip(DAYS, EDGES, EDGES[1:], strict=False):
            path = account.archive.home.lake / NAME / f"day={day}" / parquet.FILE
            rows = pq.read_table(path).to_pylist()
            listed = [(r["log_type"], r["file_name"], r["file_bytes"]) for r in rows]
            truth = [
                (kind, r["LogName"], r["LogSize"])
                for kind in ("pull", "push", "source", "relay")
                for r in account.simulator.truth(ACTION, {"Type": kind}, start, end)
            ]
            assert sorted(listed) == sorted(truth)
            assert all(start <= r["hour_start_at"] < end for r in rows)
            assert not any("?" in r["file_url"] for r in rows)
            capture = newest(folder_of(account.archive.home.raw, NAME, day))
            assert all(b"simulated-secret" not in whole(body) for *_, body in capture.responses())
            (first, *_) = capture.manifest["requests"]
            assert first["payload"]["StartTime"][11:19] == "23:00:00"
            assert first["payload"]["EndTime"][11:19] == "01:00:00"
