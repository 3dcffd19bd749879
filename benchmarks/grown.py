"""An archive of any age, made in minutes by the real writers: all datasets, few rows a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from unittest import mock

import pyarrow as pa

from benchmarks.offered import DAILY
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import ColumnType
from resources.api.parsing.parse import Rows, row_schema
from resources.archive import Archive
from resources.fs import atomic
from resources.lake import parquet
from resources.raw import captures, seen_notes
from resources.raw.capture_writer import CaptureWriter

TODAY = date(2026, 11, 22)
ROWS = 4
"""Rows of each dataset and day: what is measured is what the archive costs, not its rows."""

_ZONE = timedelta(hours=8)
_BODY = captures.pack(b'{"Result": {}}')


def archive(home: Path, days: int) -> Archive:
    """The archive of an account that has been captured for `days` days up to yesterday."""
    first = TODAY - timedelta(days=days)
    return Archive.open(
        {
            "LIVESTATS_HOME": str(home),
            "LIVESTATS_NOW": f"{TODAY}T12:00:00+08:00",
            "LIVESTATS_FIRST_DAY": first.isoformat(),
        },
        home.parent,
    )


def grow(one: Archive, days: Iterable[date]) -> None:
    """Put `days` of all daily datasets into raw archive and lake, as captures would."""
    one.home.prepare(one.settings, one.now())
    with _unflushed():
        for dataset in sorted(DAILY, key=lambda one: bool(one.needs)):  # what lists streams first
            for day in days:
                _capture(one, dataset, day)


@contextmanager
def _unflushed() -> Iterator[None]:
    """Files of a benchmark need not survive a power cut."""
    with mock.patch.object(atomic, "fsync"):
        yield


def _capture(one: Archive, dataset: Dataset, day: date) -> None:
    folder = captures.folder_of(one.home.raw, dataset.name, day)
    folder.mkdir(parents=True, exist_ok=True)
    fetched_at = datetime.combine(day + timedelta(days=1), time(2), UTC)
    writer = CaptureWriter(folder, dataset, day)
    writer.add(captures.Response(0, 1, {}, fetched_at.isoformat(), 14, _BODY))
    facts: dict[str, object] = {"outside": 0, "unknown": [], "disagreeing": []}
    if dataset.needs:
        facts["sources"] = {source: _newest(one, source, day) for source in dataset.needs}
    name = writer.seal(fetched_at, ROWS, None, facts)
    writer.commit(name)
    for later in range(1, 1 + min(dataset.reread_days, (TODAY - day).days - 1)):
        seen_notes.note_seen(folder, name, fetched_at + timedelta(days=later))
    made = parquet.LakeWriter(parquet.path_of(one.home.lake, dataset.name, day), dataset, day)
    made.add(Rows(_rows(dataset, day), 0, (), ()))
    made.seal(name, 1)
    made.commit()


def _newest(one: Archive, name: str, day: date) -> str:
    return captures.captures_in(captures.folder_of(one.home.raw, name, day))[-1].text


def _rows(dataset: Dataset, day: date) -> pa.Table:
    """Rows of one domain, one to each hour from noon on."""
    noon = datetime.combine(day, time(12), UTC) - _ZONE
    wanted = set(row_schema(dataset).names)
    columns = [c for c in dataset.columns if c.name in wanted]
    return pa.Table.from_pylist(
        [
            {c.name: _value(c.name, c.kind, noon, number, c.name in dataset.key) for c in columns}
            for number in range(ROWS)
        ],
        row_schema(dataset),
    )


def _value(name: str, kind: ColumnType, noon: datetime, number: int, is_of_key: bool) -> object:
    if kind in (ColumnType.INSTANT, ColumnType.INSTANT_MS):
        return noon + timedelta(hours=number if is_of_key else 0)
    if kind is ColumnType.INTEGER:
        return 300 if name == "slot_seconds" else 100 + number
    if kind is ColumnType.FLOAT:
        return 0.5 + number
    if kind is ColumnType.BOOLEAN:
        return True
    if name == "domain":
        return "pull.example"
    return f"{name}-{number}-{noon:%Y%m%d}"
