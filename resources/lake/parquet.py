"""Lake files: lake/<dataset>/day=<day>/rows.parquet, made from the newest complete capture.

Any file can be made again from its capture, so a lake needs no backup of its own and no repair by
hand. Not here: comparing files (row_equality.py, table_diff.py). Read capture/capturer.py next.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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
from resources.api.parsing.parse import Rows, join, row_schema, rows_of_items
from resources.api.parsing.parse_batch import read_batched
from resources.api.request_plan import Request, request_of
from resources.fs import atomic
from resources.lake import checksum
from resources.lake.schema_version import OF_0_1_0, schema_hash
from resources.lake.write_stats import WriteStats
from resources.raw.captures import Capture, CaptureName, day_named
from resources.version import VERSION

SCHEMA_VERSION = 1
"""Version of the normaliser. Raise it when the same response gives other rows; older files are rebuilt."""

FILE = "rows.parquet"
_KEY = b"livestats"
_SCHEMA = b"livestats.schema"
FILE_METADATA = (_KEY, _SCHEMA, checksum.KEY)
"""Keys of a file's own metadata: its provenance as JSON, the hash of the declared schema, and the
SHA-256 of all other bytes. The hash has a key of its own so that version 0.1.0 can read new files.
"""

TICK_NS = 2_000_000_000
"""Two changes of a file may share one tick of the file system's clock. Younger files are not cached."""
_MANY_PIECES = 32  # more tables are combined first: a copy of few rows is cheaper than writing each
_ROWS_PER_GROUP = 122_880  # DuckDB reads one row group per thread; this is its own default


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
    outside: int  # dropped rows, outside of the day
    unknown: tuple[str, ...]  # fields that the catalog does not know; the raw responses hold them
    disagreeing: tuple[str, ...]  # names of totals that differ from the rows
    schema: str  # hash of the declared schema that the rows were written with
    livestats: str = VERSION

    @property
    def version(self) -> str:
        """Version of normaliser and schema; equal to `version_of` if the file is up to date."""
        return f"{self.schema_version}-{self.schema}"

    def is_of(self, path: Path) -> bool:
        """True if the file was written for the dataset and day that its folders name."""
        place = path.parent.parent.name, path.parent.name
        return place == (self.dataset, f"day={self.day}")


def version_of(dataset: Dataset) -> str:
    """Version of the lake files that the present code writes for a dataset."""
    return f"{SCHEMA_VERSION}-{schema_hash(dataset)}"


def path_of(lake: Path, dataset: str, day: date) -> Path:
    """The file of one day. Dimensions have files only for days on which they changed."""
    return lake / dataset / f"day={day.isoformat()}" / FILE


def days_of(lake: Path, dataset: str) -> dict[date, Path]:
    """The files of a dataset, oldest day first. Folders of other names are ignored."""
    return {day: Path(path) for day, (path, _) in states_of(lake, dataset).items()}


def states_of(lake: Path, dataset: str) -> dict[date, tuple[str, os.stat_result]]:
    """Day -> (path, stat) of the files of a dataset, oldest day first; no file is opened.

    Paths are strings: creating Path objects takes longer than everything else here.
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
                    continue  # the first file of this day is still being written
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
    """Writes the rows of one day to a temporary file, in bounded memory: `add`, `seal`, `commit`."""

    def __init__(self, path: Path, dataset: Dataset, day: date) -> None:
        """Open the temporary file; `commit` renames it to `path`."""
        self.path = path
        self._stats = WriteStats(dataset)
        self._dataset, self._day = dataset, day
        self._schema = schema(dataset)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.aside = atomic.temp_path(path)
        self._writer = pq.ParquetWriter(
            self.aside,
            self._schema,
            compression="zstd",
            write_page_checksum=True,
            # Dictionaries of floats take a fifth of the writing time and make files no smaller.
            use_dictionary=[f.name for f in self._schema if not pa.types.is_floating(f.type)],
        )
        self._waiting: list[pa.Table] = []
        self._rows_waiting = 0
        self.waiting_bytes = 0  # bytes of the rows still in memory

    @property
    def stats(self) -> WriteStats:
        """Counts over all rows that were added. Rows that wait in memory are written first."""
        self._write()
        return self._stats

    def add(self, rows: Rows) -> None:
        """Append the rows of one request."""
        self._stats.add(rows)
        for table in rows.tables():
            self._waiting.append(table)
            self._rows_waiting += table.num_rows
            self.waiting_bytes += rows.nbytes if table is rows.table else table.nbytes
            if self._rows_waiting >= _ROWS_PER_GROUP:
                self._write()

    def _write(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        if len(self._waiting) > _MANY_PIECES:
            table = table.combine_chunks()
        self._waiting, self._rows_waiting, self.waiting_bytes = [], 0, 0
        self._stats.add_domains(table)  # of many answers at once: a call costs more than few rows
        if BUSINESS_DATE in self._schema.names:
            days = pa.repeat(pa.scalar(self._day, pa.date32()), table.num_rows)
            table = table.add_column(0, self._schema.field(BUSINESS_DATE), days)
        self._writer.write_table(table.cast(self._schema), row_group_size=_ROWS_PER_GROUP)

    def seal(self, capture: CaptureName, requests: int) -> Provenance:
        """Finish the temporary file: write its provenance, which is returned, and its checksum."""
        stats = self.stats
        origin = Provenance(
            dataset=self._dataset.name,
            day=self._day.isoformat(),
            capture=capture.text,
            schema_version=SCHEMA_VERSION,
            fetched_at=capture.fetched_at.isoformat(),
            requests=requests,
            rows=stats.rows,
            outside=stats.outside,
            unknown=tuple(sorted(stats.unknown)),
            disagreeing=tuple(sorted(stats.disagreeing)),
            schema=schema_hash(self._dataset),
        )
        facts = {name: value for name, value in vars(origin).items() if name != "schema"}
        self._writer.add_key_value_metadata({_KEY: json.dumps(facts).encode()})
        self._writer.add_key_value_metadata({_SCHEMA: origin.schema.encode()})
        self._writer.add_key_value_metadata({checksum.KEY: checksum.BLANK})
        self._writer.close()
        checksum.write(self.aside)
        return origin

    def commit(self) -> None:
        """Rename the sealed file to its path and flush the folder."""
        atomic.rename_into_place(self.aside, self.path)
        atomic.fsync(self.path.parent.parent)

    def abandon(self) -> None:
        """Delete the temporary file."""
        with suppress(OSError, pa.ArrowException):  # delete it even if the disk is full
            self._writer.close()
        self.aside.unlink(missing_ok=True)


def provenance_of(path: Path) -> Provenance | None:
    """Provenance of a file's rows; None if there is no file or it cannot be read.

    Cached by inode, size and times, because a load needs it three times and a footer takes 0.5 ms.
    See TICK_NS and ledger/file_index.py for when the cache is valid.
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
        stated = metadata.get(_SCHEMA)
        schema = OF_0_1_0.get(found["dataset"], "") if stated is None else stated.decode()
        return Provenance(**{**found, **lists}, schema=schema)
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
        return None  # damaged, or not written by livestats: will be rebuilt


def verified_provenance(path: Path) -> Provenance | None:
    """`provenance_of`, but None also if any byte has changed since the file was written."""
    try:
        checksum.check(path)
    except (OSError, checksum.DamagedFile):
        return None
    return provenance_of(path)


def is_current(origin: Provenance | None, dataset: Dataset, capture: CaptureName) -> bool:
    """True if a lake file was made from `capture` by the present normaliser and schema."""
    return (
        origin is not None
        and origin.capture == capture.text
        and origin.version == version_of(dataset)
    )


def normalise(lake: Path, dataset: Dataset, day: date, capture: Capture) -> Provenance:
    """Write the lake file of a day from a capture, without the API.

    Raises DamagedCapture, also for a capture of another dataset or day, or what parsing the responses
    raises; the old file is then kept.
    """
    capture.check_place(dataset.name, day)
    writer = LakeWriter(path_of(lake, dataset.name, day), dataset, day)
    try:
        for rows in rows_of(dataset, capture):
            writer.add(rows)
        origin = writer.seal(capture.name, len(capture.manifest["requests"]))
        writer.commit()
        return origin
    except BaseException:
        writer.abandon()
        raise


def rows_of(
    dataset: Dataset, capture: Capture, only: Sequence[Sequence[str] | None] = ()
) -> Iterator[Rows]:
    """The rows of each request of a capture, read from its responses.

    `only` names the items of each request that count; by default it is what the manifest states,
    None for all. Raises DamagedCapture, or what parsing the responses raises.
    """
    entries = capture.manifest["requests"]
    only = only or [one.get("only") for one in entries]
    counted = {one["walk"]: items for one, items in zip(entries, only, strict=True)}
    answers = read_batched(dataset, _requests_and_bodies(dataset, capture, counted))
    for number, parts in groupby(answers, key=lambda part: part[0]):
        pages = [(request, read_page()) for _, request, read_page in parts]
        rows = join(dataset, pages[0][0], [page for _, page in pages])
        items = counted[number]
        yield rows if items is None else rows_of_items(dataset, rows, items)


def _requests_and_bodies(
    dataset: Dataset, capture: Capture, counted: Mapping[int, Sequence[str] | None]
) -> Iterator[tuple[int, Request, int, Body]]:
    """(request number, request, page number, body) per response whose answer counts."""
    paging = dataset.endpoint.paging
    numbers = {paging.number_param, paging.size_param} if paging else set()
    is_any_width, is_reduced = (bool(capture.manifest.get(k)) for k in ("any_width", "erased"))
    for number, page, payload, body in capture.responses():
        items = counted[number]
        if items is not None and not items:  # a later answer counts
            continue
        request = request_of(dataset, {k: v for k, v in payload.items() if k not in numbers})
        if is_any_width or is_reduced:
            request = replace(request, is_any_width=is_any_width, is_reduced=is_reduced)
        yield number, request, page, body
