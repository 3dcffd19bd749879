"""The lake: typed Parquet, one file per dataset and day, made from the newest complete capture.

    lake/<dataset>/day=<day>/rows.parquet

A file carries its origin in its own metadata; it can be made again from the raw archive at any
time, so a lake is never backed up alone and never repaired by hand. It carries its own checksum
too, since Parquet has one for each page of data and none for the footer: the digest of all other
bytes stands where a blank of its length was written, so file and checksum are swapped in as one.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from resources.api.body import Body
from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.api.parsing.parse import Rows, join, row_schema
from resources.api.parsing.parse_batch import read_batched
from resources.api.request_plan import Request, request_of
from resources.errors import LivestatsError
from resources.fs import atomic
from resources.raw.captures import Capture, CaptureName, day_named
from resources.version import VERSION

SCHEMA_VERSION = 1
"""Of the normaliser: raise it when the same answer makes other rows. Older files are made anew."""

FILE = "rows.parquet"
_KEY = b"livestats"
_SEAL = b"livestats.sha256"
FILE_METADATA = (_KEY, _SEAL)
"""What a file's metadata holds beside the declared schema."""

_BLANK = b"0" * (hashlib.sha256().digest_size * 2)
# In the footer: the key, then, in Thrift's compact protocol, its value as a string of that length.
# No name from outside can pass for it: statistics stand before it, and JSON escapes byte 0x18.
_MARK = _SEAL + bytes([0x18, len(_BLANK)])
_TAIL = 1 << 18  # bytes at the end of a file in which the mark stands; the footer is far smaller
_CHUNK = 1 << 20
TICK_NS = 2_000_000_000
"""Two changes of a file may fall into one tick of the file system's clock: what is younger is not
remembered."""
_MANY_PIECES = 32  # of a row group: each costs the writer more than to copy its few rows
_ROWS_PER_GROUP = 122_880  # DuckDB reads one row group per thread; this is its own default


class DamagedFile(LivestatsError):
    """A lake file whose bytes are not those that were written; the message says in what."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the rows of a file come from."""

    dataset: str
    day: str
    capture: str
    schema_version: int
    fetched_at: str
    requests: int
    rows: int
    outside: int  # rows outside of the day: dropped
    unknown: tuple[str, ...]  # fields that the catalog does not know; the raw answers have them
    disagreeing: tuple[str, ...]  # totals that the rows do not add up to
    livestats: str = VERSION


@dataclass
class WriteStats:
    """What is learned while the rows of a day go by."""

    rows: int = 0
    outside: int = 0
    unknown: set[str] = field(default_factory=set)
    disagreeing: set[str] = field(default_factory=set)

    def add(self, walked: Rows) -> None:
        """Count the rows of one request."""
        self.rows += walked.table.num_rows
        self.outside += walked.outside
        self.unknown.update(walked.unknown)
        self.disagreeing.update(walked.disagreeing)

    def facts(self) -> dict[str, object]:
        """The counts as manifest entries."""
        return {
            "outside": self.outside,
            "unknown": sorted(self.unknown),
            "disagreeing": sorted(self.disagreeing),
        }


def path_of(lake: Path, dataset: str, day: date) -> Path:
    """The file of one day; dimensions have one for each day that brought something new."""
    return lake / dataset / f"day={day.isoformat()}" / FILE


def days_of(lake: Path, dataset: str) -> dict[date, Path]:
    """The files of a dataset, oldest day first. Other folders, such as a backup's, are left alone."""
    return {day: Path(path) for day, (path, _) in states_of(lake, dataset).items()}


def states_of(lake: Path, dataset: str) -> dict[date, tuple[str, os.stat_result]]:
    """The same, each with what the file system says of it; nothing is opened.

    Paths are texts: to make a Path of each takes longer than all the rest.
    """
    found: dict[date, tuple[str, os.stat_result]] = {}
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(lake / dataset) as listed:
        for folder in listed:
            prefix, _, text = folder.name.partition("=")
            day = day_named(text)
            if prefix == "day" and day is not None:
                path = f"{folder.path}/{FILE}"
                try:
                    found[day] = path, os.stat(path)  # noqa: PTH116 - a third of the time
                except (FileNotFoundError, NotADirectoryError):
                    continue  # a day that is being made for the first time
    return dict(sorted(found.items()))


def day_of(path: Path) -> date:
    """The day of a lake file's path."""
    return date.fromisoformat(path.parent.name.removeprefix("day="))


def schema(dataset: Dataset) -> pa.Schema:
    """The declared schema of the dataset's files, with comments, units and API fields."""
    fields = list(row_schema(dataset))
    if BUSINESS_DATE in dataset.column:
        column = dataset.column[BUSINESS_DATE]
        about = {"comment": column.comment}
        fields.insert(0, pa.field(BUSINESS_DATE, pa.date32(), nullable=False, metadata=about))
    about = {"comment": dataset.description, "action": dataset.endpoint.action}
    return pa.schema(fields, metadata=about)


class LakeWriter:
    """Writes the rows of one day aside, in bounded memory; `seal`, then `commit` swaps it in."""

    def __init__(self, path: Path, dataset: Dataset, day: date) -> None:
        """Open the file aside; `path` is where it will stand."""
        self.path = path
        self.stats = WriteStats()
        self._dataset, self._day = dataset, day
        self._schema = schema(dataset)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.aside = atomic.temp_path(path)
        self._writer = pq.ParquetWriter(
            self.aside,
            self._schema,
            compression="zstd",
            write_page_checksum=True,
            # To look each number up takes a fifth of the time; without, files are no larger.
            use_dictionary=[f.name for f in self._schema if not pa.types.is_floating(f.type)],
        )
        self._waiting: list[pa.Table] = []
        self._rows_waiting = 0
        self.waiting_bytes = 0  # of the rows that are still in memory

    def add(self, walked: Rows) -> None:
        """Append the rows of one request."""
        self.stats.add(walked)
        for table in walked.tables():
            self._waiting.append(table)
            self._rows_waiting += table.num_rows
            self.waiting_bytes += walked.nbytes if table is walked.table else table.nbytes
            if self._rows_waiting >= _ROWS_PER_GROUP:
                self._write()

    def _write(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        if len(self._waiting) > _MANY_PIECES:
            table = table.combine_chunks()
        self._waiting, self._rows_waiting, self.waiting_bytes = [], 0, 0
        if BUSINESS_DATE in self._schema.names:
            days = pa.repeat(pa.scalar(self._day, pa.date32()), table.num_rows)
            table = table.add_column(0, self._schema.field(BUSINESS_DATE), days)
        self._writer.write_table(table.cast(self._schema), row_group_size=_ROWS_PER_GROUP)

    def seal(self, capture: CaptureName, requests: int) -> Provenance:
        """Finish the file, still aside, and say in it where its rows come from."""
        origin = Provenance(
            dataset=self._dataset.name,
            day=self._day.isoformat(),
            capture=capture.text,
            schema_version=SCHEMA_VERSION,
            fetched_at=capture.fetched_at.isoformat(),
            requests=requests,
            rows=self.stats.rows,
            outside=self.stats.outside,
            unknown=tuple(sorted(self.stats.unknown)),
            disagreeing=tuple(sorted(self.stats.disagreeing)),
        )
        self._write()
        self._writer.add_key_value_metadata({_KEY: json.dumps(vars(origin)).encode()})
        self._writer.add_key_value_metadata({_SEAL: _BLANK})
        self._writer.close()
        at, _, digest = _checksum(self.aside)
        with self.aside.open("r+b") as file:
            file.seek(at)
            file.write(digest)
        return origin

    def commit(self) -> None:
        """Swap the sealed file in."""
        atomic.rename_into_place(self.aside, self.path)
        atomic.fsync(self.path.parent.parent)

    def abandon(self) -> None:
        """Forget the rows."""
        with suppress(OSError, pa.ArrowException):  # a full disk is no reason to keep the file
            self._writer.close()
        self.aside.unlink(missing_ok=True)


def provenance_of(path: Path) -> Provenance | None:
    """Where the rows of a file come from; None if there is no file or it cannot be read.

    A load asks three times: what is remembered of a file that is still the same is not read again,
    for a footer takes 0.5 ms. When that is sound, and why not at once, is told in `facts`.
    """
    try:
        state = path.stat()
    except OSError:
        return None
    if max(state.st_mtime_ns, state.st_ctime_ns) > time.time_ns() - TICK_NS:
        return _read_provenance(str(path))
    return _cached_provenance(
        str(path), state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
    )


@lru_cache(maxsize=8192)  # a year of all datasets, less than 1 kB each
def _cached_provenance(path: str, *_state: int) -> Provenance | None:
    return _read_provenance(path)


def _read_provenance(path: str) -> Provenance | None:
    try:
        metadata = pq.read_metadata(path).metadata or {}
        found: dict[str, Any] = json.loads(metadata[_KEY])
        lists = {name: tuple(found[name]) for name in ("unknown", "disagreeing")}
        return Provenance(**{**found, **lists})
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
        return None  # not ours, or damaged: to be made again


def check(path: Path) -> None:
    """Read every byte of a lake file. Raises DamagedFile unless it is as it was written, OSError."""
    _, told, found = _checksum(path)
    if told != found:
        raise DamagedFile("has changed since it was written")


def _checksum(path: Path) -> tuple[int, bytes, bytes]:
    """Where a file holds its checksum, the one it holds, and that of its other bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - _TAIL)
        file.seek(start)
        at = file.read().rfind(_MARK)
        if at < 0:
            raise DamagedFile("holds no checksum: it was cut short, or livestats did not write it")
        at += start + len(_MARK)
        file.seek(0)
        while chunk := file.read(min(_CHUNK, at - file.tell())):
            digest.update(chunk)
        told = file.read(len(_BLANK))
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return at, told, digest.hexdigest().encode()


def verified_provenance(path: Path) -> Provenance | None:
    """The same as `provenance_of`, but None also if any byte has changed since the file was written."""
    try:
        check(path)
    except (OSError, DamagedFile):
        return None
    return provenance_of(path)


def is_current(origin: Provenance | None, capture: CaptureName) -> bool:
    """True if a lake file is what the present normaliser makes of `capture`."""
    return (
        origin is not None
        and origin.capture == capture.text
        and origin.schema_version == SCHEMA_VERSION
    )


def normalise(lake: Path, dataset: Dataset, day: date, capture: Capture) -> Provenance:
    """Make the lake file of a day from a capture, without the API.

    Raises DamagedCapture, or what reading the answers raises; the old file then stays.
    """
    writer = LakeWriter(path_of(lake, dataset.name, day), dataset, day)
    try:
        answers = read_batched(dataset, _requests_and_bodies(dataset, capture))
        for _, parts in groupby(answers, key=lambda part: part[0]):
            walked = [(request, read()) for _, request, read in parts]
            writer.add(join(dataset, walked[0][0], [page for _, page in walked]))
        origin = writer.seal(capture.name, len(capture.manifest["requests"]))
        writer.commit()
        return origin
    except BaseException:
        writer.abandon()
        raise


def _requests_and_bodies(
    dataset: Dataset, capture: Capture
) -> Iterator[tuple[int, Request, int, Body]]:
    """Number and request of each question, number of the page, and the answer."""
    paging = dataset.endpoint.paging
    numbers = {paging.number_param, paging.size_param} if paging else set()
    for question, page, payload, body in capture.responses():
        request = request_of(dataset, {k: v for k, v in payload.items() if k not in numbers})
        yield question, request, page, body
