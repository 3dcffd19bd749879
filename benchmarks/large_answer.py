"""A server of large answers: the push metrics of a domain with hundreds of streams.

python -m benchmarks.large_answer MB [--unknown] [--restated] [--off-grid]    prints its address, and serves
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

SAMPLES = Path(__file__).parents[1] / "tests" / "samples"
DOMAIN = "push.example.com"
SLOTS = 1440
_METADATA = {"RequestId": "r", "Action": "DescribeLiveBatchPushStreamMetrics", "Service": "live"}
_HOLE = "@@SLOTS@@"
_SECOND = timedelta(seconds=1)  # the end of a window on the wire is one second before it


@lru_cache
def _shapes(agg_type: str, *, unknown: bool) -> list[list[str]]:
    """The days of some streams; all others are like one of them."""
    chance = random.Random(agg_type)
    return [_slots(chance, unknown=unknown) for _ in range(20)]


def _slots(chance: random.Random, *, unknown: bool) -> list[str]:
    """One stream's day by minute, as the vendor's JSON."""
    rows: list[str] = []
    for minute in range(SLOTS):
        row: dict[str, Any] = {
            "TimeStamp": f"2026-11-21T{minute // 60:02}:{minute % 60:02}:00+08:00",
            "Bitrate": round(chance.uniform(2000, 3000), 2),
            "AudioBitrate": round(chance.uniform(100, 140), 2),
            "Framerate": round(chance.uniform(24, 26), 2),
            "AudioFramerate": round(chance.uniform(42, 44), 2),
            "VideoFrameGap": round(chance.uniform(30, 50), 2),
            "AudioFrameGap": round(chance.uniform(20, 25), 2),
            "PtsDelta": chance.randrange(100),
            "VideoPts": minute * 60000 + chance.random(),
            "AudioPts": minute * 60000 + chance.random(),
            "VCodec": "H264",
            "ACodec": "AAC",
            "Resolution": "1080P",
            "StreamBeginTime": 1763654400000 + minute,
            "FirstFrameTime": chance.randrange(200, 400),
            "ClientIp": "192.0.2.7",
            "ServerIp": "198.51.100.1",
        }
        rows.append(json.dumps({**row, "Novelty": 1} if unknown and minute == 0 else row))
    return rows


def body(
    mb: float,
    agg_type: str,
    minutes: slice = slice(0, SLOTS),
    *,
    unknown: bool = False,
    restated: bool = False,
    off_grid: bool = False,
) -> bytes:
    """The answer for some minutes of a day whose answer has about `mb` MB.

    The same arguments give the same bytes. With `off_grid` a slot begins at no full minute: the
    answer is refused.
    """
    shapes = _shapes(agg_type, unknown=unknown)
    pieces, size, number = [], 0.0, 0
    while size < mb * 1e6:
        slots = shapes[number % len(shapes)]
        size += sum(len(slot) + 2 for slot in slots)
        text = ", ".join(slots[minutes])
        if restated and number == 1:
            text = text.replace('"VCodec": "H264"', '"VCodec": "H265"', 1)
        if off_grid and number == 1:
            text = text.replace("2026-11-21T00:00:00+08:00", "2026-11-21T00:00:30+08:00", 1)
        stream = {"Domain": DOMAIN, "App": "show", "Stream": f"room{number * 7919 % 10007:05}"}
        head = json.dumps({**stream, "SessionID": f"s-{number}", "StreamPriority": ""})
        pieces.append(f'{head[:-1]}, "MetricList": [{text}]}}')
        number += 1
    result = {"Domain": DOMAIN, "Aggregation": 60, "AggType": agg_type, "StreamMetricList": _HOLE}
    whole = json.dumps({"ResponseMetadata": _METADATA, "Result": result})
    return whole.replace(f'"{_HOLE}"', f"[{', '.join(pieces)}]").encode()


def minutes_of(asked: Mapping[str, Any]) -> slice:
    """The minutes of the day that a request is about."""
    start, end = (datetime.fromisoformat(asked[name]) for name in ("StartTime", "EndTime"))
    midnight = start.replace(hour=0, minute=0, second=0)
    return slice(*((at - midnight) // timedelta(minutes=1) for at in (start, end + _SECOND)))


def main() -> None:
    """Serve until killed."""
    mb, options = float(sys.argv[1]), sys.argv[2:]
    ways = ("unknown", "restated", "off_grid")
    odd = {name: f"--{name.replace('_', '-')}" in options for name in ways}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            (action,) = parse_qs(urlsplit(self.path).query)["Action"]
            if action == _METADATA["Action"]:
                found = body(mb, asked.get("AggType", "max"), minutes_of(asked), **odd)
            else:
                found = (SAMPLES / f"{action}.json").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            with suppress(OSError):  # a client that reads no further closes its connection
                self.wfile.write(found)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
