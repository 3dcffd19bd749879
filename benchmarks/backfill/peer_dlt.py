"""The peer: dlt, as somebody who knows it well would set it up for this API.

    .venv-peers/bin/python benchmarks/backfill/peer_dlt.py task.json rows|arrow

One resource for each table, all extracted in parallel, requests of a resource deferred to the
workers; Parquet load files, DuckDB as the destination, two processes to normalise. `rows` yields
rows as dlt's REST client gives them; `arrow` makes Arrow tables first, which spares dlt's normaliser
the work and is what its documentation advises for speed. Runs in an environment of its own and
takes nothing of livestats but the signature.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "EXTRACT__WORKERS": "16",
    "EXTRACT__MAX_PARALLEL_ITEMS": "48",
    "NORMALIZE__WORKERS": "2",
    "NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "1000000",
    "EXTRACT__DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
    "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "500000",
    "LOAD__WORKERS": "2",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "DATA_WRITER__COMPRESSION": "zstd",
}
os.environ.update({name: value for name, value in SETTINGS.items() if name not in os.environ})

import dlt  # noqa: E402 - reads its settings from the environment
import pyarrow as pa  # noqa: E402
import requests  # noqa: E402
from dlt.sources.helpers.rest_client import RESTClient  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator  # noqa: E402

from resources.api.credentials import Credentials  # noqa: E402
from resources.api.signing import sign  # noqa: E402

Row = dict[str, Any]


class Signed(requests.auth.AuthBase):
    """Signs a request as the vendor wants it."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = urlsplit(request.url)
        query = dict(pair.split("=", 1) for pair in url.query.split("&"))
        request.headers.update(
            sign(
                method="POST",
                host=url.netloc,
                path=url.path,
                query=query,
                body=request.body,
                credentials=Credentials("AKSIMULATED", "simulated-secret-key"),
                region="cn-north-1",
                service="live",
                now=datetime.now(UTC),
            )
        )
        return request


def on_day(body: str, template: str, day: str) -> dict[str, Any]:
    """A request of the template day, asked about another day."""
    following = [(date.fromisoformat(d) + timedelta(days=1)).isoformat() for d in (template, day)]
    aside = body.replace(f"{template}T", "\0").replace(f"{following[0]}T", f"{following[1]}T")
    return json.loads(aside.replace("\0", f"{day}T"))


def flat(levels: list[str], above: Row, carried: Row, day: str) -> Iterator[Row]:
    """Rows of nested lists, with the labels above them."""
    for item in above.get(levels[0]) or ():
        scalars = {k: v for k, v in item.items() if not isinstance(v, list)}
        if len(levels) == 1:
            yield {**carried, **scalars, "BusinessDate": day}
        else:
            yield from flat(levels[1:], item, {**carried, **scalars}, day)


def as_arrow(rows: list[Row]) -> pa.Table:
    """The rows as a table, times as times."""
    table = pa.Table.from_pylist(rows)
    for name in {"TimeStamp", "StartTime", "EndTime"} & set(table.column_names):
        at = table.column_names.index(name)
        table = table.set_column(at, name, table[name].cast(pa.timestamp("us", "UTC")))
    return table


def main() -> None:
    """Extract, normalise, load."""
    task, form = json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2]
    client = RESTClient(task["url"], auth=Signed(), paginator=SinglePagePaginator())
    adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=16)
    client.session.mount("http://", adapter)
    tables: defaultdict[str, list[Row]] = defaultdict(list)
    for one in (one for one in task["requests"] if one["daily"]):
        # Named as the API names them: where a row has the value as well, it is the same column.
        lacking = {k.title().replace("_", ""): v for k, v in one["constants"].items()}
        tables[one["table"]].append({**one, "constants": lacking})

    def resource(table: str, asked: list[Row]) -> Any:
        @dlt.defer
        def fetch(one: Row, day: str) -> Any:
            body = on_day(one["body"], task["template"], day)
            response = client.post(
                "", params={"Action": one["action"], "Version": "2023-01-01"}, json=body
            )
            response.raise_for_status()
            result = response.json()["Result"]
            rows = [*flat(one["levels"], result, one["constants"], day)]
            return as_arrow(rows) if form == "arrow" and rows else rows

        @dlt.resource(name=table, write_disposition="append", max_table_nesting=0)
        def rows() -> Iterator[Any]:
            for one in asked:
                for day in one["days"]:
                    yield fetch(one, day)

        return rows

    @dlt.source(name="live", max_table_nesting=0)
    def source() -> Any:
        return [resource(table, asked) for table, asked in tables.items()]

    out = Path(task["out"])
    pipeline = dlt.pipeline(
        "backfill",
        destination=dlt.destinations.duckdb(str(out / "dlt.duckdb")),
        dataset_name="live",
        pipelines_dir=str(out / "pipelines"),
    )
    pipeline.run(source(), loader_file_format="parquet")
    with pipeline.sql_client() as sql:
        found = 0
        for table in tables:
            with sql.execute_query(f'SELECT count(*) FROM "{table}"') as cursor:
                found += cursor.fetchall()[0][0]
    print(json.dumps({"rows": found}))


if __name__ == "__main__":
    main()
