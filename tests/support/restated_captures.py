"""Captures of one small dataset as its vendor might restate them, written without a simulator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter

TRAFFIC = DATASETS["batch_stream_traffic"]
DAY = date(2026, 11, 20)
FIRST, SECOND, THIRD = (datetime.fromisoformat(f"2026-11-2{n}T08:20:00+08:00") for n in (1, 2, 3))

Traffic = Mapping[tuple[str, str], tuple[float, float]]
"""Domain and stream -> GB up and GB down of the day."""


def answer(rows: Traffic, **more: Any) -> bytes:
    """What DescribeLiveBatchStreamTrafficData says of these rows; `more` is put into Result."""
    items = [
        {"Domain": domain, "App": "live", "Stream": stream, "UpTraffic": up, "DownTraffic": down}
        for (domain, stream), (up, down) in rows.items()
    ]
    result = {
        "StartTime": f"{DAY}T00:00:00+08:00",
        "EndTime": f"{DAY}T23:59:59+08:00",
        "DomainList": sorted({domain for domain, _ in rows}),
        "StreamInfoList": items,
        "Pagination": {"PageNum": 1, "PageSize": 1000, "TotalCount": len(items)},
        "TotalUpTraffic": sum(up for up, _ in rows.values()),
        "TotalDownTraffic": sum(down for _, down in rows.values()),
    }
    return json.dumps(
        {"ResponseMetadata": {"RequestId": "1"}, "Result": {**result, **more}}
    ).encode()


def _window(day: date) -> dict[str, str]:
    return {"StartTime": f"{day}T00:00:00+08:00", "EndTime": f"{day}T23:59:59+08:00"}


def capture(
    home: Home,
    at: datetime,
    rows: Traffic,
    *,
    day: date = DAY,
    body: bytes | None = None,
    facts: Mapping[str, object] | None = None,
) -> captures.Capture:
    """Capture the day: it becomes the newest one, and the lake follows unless it cannot be read."""
    folder = home.raw / TRAFFIC.name / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    before = captures.newest(folder)
    payload = {
        "DomainList": sorted({domain for domain, _ in rows}),
        **_window(day),
        "PageNum": 1,
        "PageSize": 1000,
    }
    said = answer(rows, **_window(day)) if body is None else body
    writer = CaptureWriter(folder, TRAFFIC, day)
    writer.add(captures.Response(0, 1, payload, at.isoformat(), len(said), captures.pack(said)))
    made = writer.commit(writer.seal(at, len(rows), before and before.name, facts or {}))
    parquet.normalise(home.lake, TRAFFIC, day, made)
    return made


def cells(path: Path, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of a lake file, row by row."""
    table = pq.ParquetFile(path).read([*columns])
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True))
