"""Verifies the lake file of one day: checksums, schema, and that it fits its capture.

The capture itself is verified in raw; the tables that are loaded from the file in tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.errors import ApiError
from resources.fs import access, atomic, scratch
from resources.fs.scratch import NoScratch
from resources.lake import checksum, parquet, row_equality
from resources.raw import tombstones
from resources.raw.captures import UnreadableCapture, UnusableCapture
from resources.sql import failures
from resources.verify.findings import (
    FileFinding,
    FindingKind,
    OnRead,
    Place,
    Repair,
    leftover,
    remove,
)
from resources.verify.raw import RawDay


class LakeDay:
    """The lake file of one day. After `findings`, `is_good` says whether tables can be compared."""

    def __init__(self, place: Place, raw_day: RawDay, on_read: OnRead, *, deep: bool) -> None:
        """Reads nothing yet. `raw_day` must have been verified before."""
        self._place, self._raw, self._on_read, self._deep = place, raw_day, on_read, deep
        self.path = parquet.path_of(place.archive.home.lake, place.dataset.name, place.day)
        self.is_good = False
        self.is_unread = False
        """True if the system did not let it be looked at."""
        self.rows = 0

    def findings(self) -> Iterator[FileFinding]:
        """All findings; one row group is in memory at a time."""
        try:
            yield from self._file()
        except (OSError, MemoryError, NoScratch, duckdb.Error) as error:
            if not (isinstance(error, NoScratch) or failures.is_local(error)):
                raise
            self.is_unread = True
            yield self._place.unverified(self.path, error)

    def _file(self) -> Iterator[FileFinding]:
        yield from self._foreign()
        if not self.path.is_file():
            if self._raw.newest is not None:
                what = "the day is captured, and the lake has no file of it"
                yield self._finding(FindingKind.MISSING, what, self._mend())
            return
        try:
            checksum.check(self.path)
            pq.read_metadata(self.path)  # raises what `provenance_of` takes for no provenance
            origin = parquet.provenance_of(self.path)
            problem = "tells no origin" if origin is None else self._content(origin)
        except checksum.DamagedFile as error:
            yield self._finding(FindingKind.DAMAGED, str(error), self._mend())
            return
        except (OSError, pa.ArrowException) as error:
            if access.is_local(error):
                raise
            yield self._finding(FindingKind.DAMAGED, f"cannot be read: {error}", self._mend())
            return
        if problem or origin is None:
            yield self._finding(FindingKind.MISMATCH, problem, self._mend())
            return
        self.is_good, self.rows = True, origin.rows
        yield from self._descent(origin)

    def _finding(self, kind: FindingKind, what: str, mend: tuple[Repair, str]) -> FileFinding:
        return self._place.finding(kind, self.path, what, mend)

    def _mend(self) -> tuple[Repair, str]:
        if self._raw.can_be_replayed:
            return self._place.replay()
        newest = self._raw.newest
        if newest is not None and newest.name in self._raw.unread:
            return self._place.look_again()
        return self._place.capture_again(newest.folder if newest else None)

    def _foreign(self) -> Iterator[FileFinding]:
        folder = self.path.parent
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.startswith(atomic.TEMP_PREFIX):
                yield self._place.finding(
                    FindingKind.LEFTOVER, path, "a run was killed", leftover()
                )
            elif path != self.path or not path.is_file():
                what = "not a file of the lake"
                yield self._place.finding(FindingKind.EXTRA, path, what, remove(path))

    def _content(self, origin: parquet.Provenance) -> str:
        """What is wrong in a file whose checksums hold; empty if nothing is."""
        with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
            self._on_read(self.path, self.path.stat().st_size)
            if not declared(file.schema_arrow).equals(
                declared(parquet.schema(self._place.dataset)), check_metadata=True
            ):
                return "its columns are not those that are declared now"
            rows = 0
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                rows += table.num_rows
                if BUSINESS_DATE in table.column_names:
                    day = pa.scalar(self._place.day, pa.date32())
                    if not pc.all(pc.equal(table[BUSINESS_DATE], day), min_count=0).as_py():
                        return "holds rows of another day"
            counts = {rows, file.metadata.num_rows, origin.rows}
        if len(counts) > 1:
            return f"holds {rows} rows, its footer says {file.metadata.num_rows}, its origin {origin.rows}"
        return ""

    def _descent(self, origin: parquet.Provenance) -> Iterator[FileFinding]:
        """Findings about the capture that the file was made from."""
        place, newest = self._place, self._raw.newest
        named = {c.name.text: c.name for c in self._raw.captures}
        if (origin.dataset, origin.day) != (place.dataset.name, place.day.isoformat()):
            what = f"holds {origin.dataset} {origin.day}, and does not belong here"
            yield self._finding(FindingKind.MISMATCH, what, self._mend())
        elif origin.capture in tombstones.erased_names(place.raw):
            what = f"made from {origin.capture}, which an erasure took"
            yield self._finding(FindingKind.BEHIND, what, self._mend())
        elif origin.capture not in named:
            what = f"the capture that {self.path} was made from is gone"
            path = place.raw / origin.capture
            yield place.finding(FindingKind.MISSING, path, what, place.capture_again(None))
        elif newest is None or origin.capture != newest.name.text:
            what = f"made from {origin.capture}, and there is a newer capture"
            yield self._finding(FindingKind.BEHIND, what, self._mend())
        elif origin.version != parquet.version_of(place.dataset):
            what = (
                f"made by version {origin.version}, and this is {parquet.version_of(place.dataset)}"
            )
            yield self._finding(FindingKind.BEHIND, what, self._mend())
        elif newest.name in self._raw.intact:
            asked = len(self._raw.intact[newest.name]["requests"])
            fetched_at = datetime.fromisoformat(origin.fetched_at)
            if (origin.requests, fetched_at) != (asked, newest.name.fetched_at):
                what = "its origin tells other requests or another time than the capture"
                yield self._finding(FindingKind.MISMATCH, what, self._mend())
            elif self._deep:
                yield from self._again()

    def _again(self) -> Iterator[FileFinding]:
        """Normalise the capture again and compare the rows."""
        place, newest = self._place, self._raw.newest
        if newest is None:
            return
        with scratch.folder(place.archive.home.state) as folder:
            try:
                parquet.normalise(folder, place.dataset, place.day, newest)
                again = parquet.path_of(folder, place.dataset.name, place.day)
                is_same = row_equality.same_rows(again, self.path)  # spills beside the first
            except (UnusableCapture, ApiError, duckdb.Error, pa.ArrowException) as error:
                if isinstance(error, UnreadableCapture) or failures.is_local(error):
                    yield place.unverified(newest.folder, error)
                    return
                what = f"the capture is as it was written, and cannot be normalised: {error}"
                mend = place.fault_of_ours()
                yield place.finding(FindingKind.MISMATCH, newest.folder, what, mend)
                return
        if not is_same:
            what = "normalising its capture again gives other rows"
            yield self._finding(FindingKind.MISMATCH, what, place.replay())


def declared(schema: pa.Schema) -> pa.Schema:
    """A file's schema without the wording of comments: names, types, units, API fields."""
    fields = [field.with_metadata(_without(field.metadata, ())) for field in schema]
    return pa.schema(fields, metadata=_without(schema.metadata, parquet.FILE_METADATA))


def _without(about: Mapping[bytes, bytes] | None, others: Collection[bytes]) -> dict[bytes, bytes]:
    """The metadata of a file or a column, without comments and `others`."""
    return {k: v for k, v in (about or {}).items() if k != b"comment" and k not in others}
