"""Days of a large table, made by the real writers: one day of answers, stamped again for each day.

python -m benchmarks.many_days make DOMAINS DAYS [--restated]   raw and lake files of the sessions
python -m benchmarks.many_days declared-otherwise               a load after the catalog changed
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.memory import LAST, day_of
from resources.api import body as api_body
from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DomainRole
from resources.api.parsing.parse import Rows, join, read_page
from resources.api.request_plan import Domain, Inventory, Request, requests_for
from resources.archive import Archive
from resources.lake import parquet
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter
from resources.warehouse import load

SESSIONS, BY_DOMAIN = DATASETS["stream_session"], DATASETS["stream_session_by_domain"]
_CARRIERS = tuple(f"carrier{n}" for n in range(12))


def _answer(walk: Request, *, restated: bool) -> bytes:
    """What the API would say: every slot of every domain and carrier that was asked for."""
    chance = random.Random(str(walk))
    start = datetime.fromisoformat(str(walk.payload["StartTime"]))
    slots = [(start + timedelta(seconds=300 * n)).isoformat() for n in range(288)]

    def item(**about: str) -> dict[str, Any]:
        numbers = [chance.randrange(10_000) for _ in slots]
        rows = [
            {"TimeStamp": at, "OnlineUser": n // 7, "Request": n + (restated and n % 9 == 0)}
            for at, n in zip(slots, numbers, strict=True)
        ]
        return {**about, "SessionDataList": rows}

    domains: Any = walk.payload["DomainList"]
    carriers: Any = walk.payload.get("ISPList")
    items = [
        item(**({"Domain": d, "ISP": c} if c else {"Domain": d}))
        for d in domains
        for c in carriers or [None]
    ]
    result = {"SessionDataList": [], "SessionDetailDataList": items}
    return json.dumps({"ResponseMetadata": {"RequestId": "1"}, "Result": result}).encode()


@dataclass(frozen=True)
class Template:
    """One question of a day with its answer and its rows."""

    walk: Request
    body: bytes
    rows: Rows

    def payload(self, day: date) -> dict[str, object]:
        """The question about another day."""
        return {
            k: v.replace(str(LAST), str(day)) if isinstance(v, str) else v
            for k, v in self.walk.payload.items()
        }

    def tables(self, day: date) -> Iterator[pa.Table]:
        """The rows of another day."""
        earlier = pa.scalar(LAST - day, pa.duration("us"))
        for table in self.rows.tables():
            at = table.column_names.index("slot_start_at")
            moved = pc.subtract(table.column(at), earlier)
            yield table.set_column(at, table.schema.field(at), moved)


def _templates(archive: Archive, dataset: Dataset, domains: int, restated: bool) -> list[Template]:
    known = Inventory(
        domains=tuple(Domain(f"pull{n:04}.example.com", DomainRole.PULL) for n in range(domains)),
        isps=_CARRIERS,
    )
    found = []
    for walk in requests_for(dataset, LAST, archive.settings.zone, known):
        body = _answer(walk, restated=restated)
        found.append(Template(walk, body, join(dataset, walk, [read_page(dataset, walk, body)])))
    return found


def make(archive: Archive, domains: int, days: int, *, restated: bool) -> None:
    """Raw and lake files of so many days; the rows are those that the answers make."""
    archive.home.prepare(archive.settings, archive.now())
    for dataset in (SESSIONS, BY_DOMAIN):
        templates = _templates(archive, dataset, domains, restated)
        for number in range(days):
            _make_day(archive, dataset, day_of(number), templates)


def _make_day(archive: Archive, dataset: Dataset, day: date, templates: list[Template]) -> None:
    folder = captures.folder_of(archive.home.raw, dataset.name, day)
    folder.mkdir(parents=True, exist_ok=True)
    before = captures.newest(folder)
    answers = CaptureWriter(folder, dataset, day)
    table = parquet.LakeWriter(parquet.path_of(archive.home.lake, dataset.name, day), dataset, day)
    now = datetime.now(UTC)
    for number, one in enumerate(templates):
        body = one.body.replace(str(LAST).encode(), str(day).encode())
        payload = one.payload(day)
        answers.add(
            captures.Response(number, 1, payload, now.isoformat(), len(body), api_body.pack(body))
        )
        for rows in one.tables(day):
            table.add(replace(one.rows, table=rows))
    facts = {"time_zone": archive.settings.time_zone, "domains": [], **table.stats.facts()}
    name = answers.seal(now, table.stats.rows, before and before.name, facts)
    table.seal(name, answers.requests)
    answers.commit(name)
    table.commit()


def declared_otherwise(archive: Archive) -> None:
    """Load the table as if a later livestats declared it with another key."""
    other = replace(SESSIONS, key=SESSIONS.key[::-1])
    with archive.writing() as connection:
        loaded = load.sync_table(connection, archive.home, other)
    print(f"{len(loaded.days)} days, {loaded.total_rows:,} rows")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("make", "declared-otherwise"))
    parser.add_argument("domains", type=int, nargs="?", default=1)
    parser.add_argument("days", type=int, nargs="?", default=1)
    parser.add_argument("--restated", action="store_true")
    asked = parser.parse_args()
    archive = Archive.open(os.environ)
    if asked.what == "make":
        make(archive, asked.domains, asked.days, restated=asked.restated)
    else:
        declared_otherwise(archive)


if __name__ == "__main__":
    main()
