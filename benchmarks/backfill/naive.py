"""The script that one writes first: official SDK, pandas, Parquet, DuckDB, one call at a time.

python -m benchmarks.backfill.naive task.json
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pandas as pd
from volcengine.live.v20230101.live_service import LiveService

from benchmarks.backfill.days import on_day


def main() -> None:
    """For each day and table: ask, flatten, write, load."""
    task = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    out = Path(task["out"])
    service = LiveService()
    service.service_info.host = urlsplit(task["url"]).netloc
    service.service_info.scheme = "http"
    service.set_ak("AKSIMULATED")
    service.set_sk("simulated-secret-key")
    tables = defaultdict(list)
    for one in task["requests"]:
        if one["daily"]:
            tables[one["table"]].append(one)
    connection = duckdb.connect(out / "naive.duckdb")
    rows = 0
    for day in tables["edge_stat"][0]["days"]:
        for table, asked in tables.items():
            if day not in asked[0]["days"]:
                continue
            frames = []
            for one in asked:
                body = json.loads(on_day(one["body"].encode(), date.fromisoformat(day)))
                result = getattr(service, _method(one["action"]))(body)["Result"]
                frame = _frame(result, one["levels"])
                for name, value in one["constants"].items():
                    frame[name.title().replace("_", "")] = value
                frames.append(frame)
            frame = pd.concat(frames, ignore_index=True)
            frame["BusinessDate"] = day
            for name in {"TimeStamp", "StartTime", "EndTime"} & set(frame.columns):
                frame[name] = pd.to_datetime(frame[name])
            path = out / f"{table}-{day}.parquet"
            frame.to_parquet(path)
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {table} AS FROM read_parquet('{path}') LIMIT 0"
            )
            connection.execute(f"INSERT INTO {table} BY NAME FROM read_parquet('{path}')")
            rows += len(frame)
    connection.close()
    print(json.dumps({"rows": rows}))


def _method(action: str) -> str:
    """`DescribeLiveISPData` is `describe_live_isp_data` in the SDK."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z]|$)|[A-Z][a-z0-9]+", action)
    return "_".join(words).lower()


def _frame(result: dict[str, object], levels: list[str]) -> pd.DataFrame:
    """Rows of nested lists: the labels above them become columns."""
    lists = result.get(levels[0]) or []
    assert isinstance(lists, list)
    above = {levels[0]: lists}
    meta: list[object] = []
    path: list[str] = []
    item = lists[0] if lists else {}
    for level in levels[1:]:
        meta += [[*path, k] for k, v in item.items() if not isinstance(v, list)]
        path.append(level)
        item = item[level][0] if item.get(level) else {}
    if not path:
        return pd.json_normalize(above[levels[0]])
    meta = [name[0] if len(name) == 1 else name for name in meta]  # type: ignore[arg-type,index]
    frame = pd.json_normalize(lists, record_path=path, meta=meta)  # type: ignore[arg-type]
    return frame.rename(columns=lambda name: name.rsplit(".", 1)[-1])


if __name__ == "__main__":
    main()
