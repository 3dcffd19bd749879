"""The lines of a day's kept log files as Parquet: the text of each, its file, hour and number.

A line is not taken apart: only one of the four formats is documented, it has changed, and an account
can have the one before. Can be made again at any time from the files. Not here: reading lines (lines.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from resources.fs import atomic, locks
from resources.home.layout import Home
from resources.lake import checksum
from resources.logs import lines, notes
from resources.logs.notes import DayNote, LogFile

SCHEMA = pa.schema(
    [
        pa.field("business_date", pa.date32(), nullable=False),
        pa.field("log_type", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("file_name", pa.string(), nullable=False),
        pa.field("hour_start_at", pa.timestamp("us", tz="UTC")),
        pa.field("line_number", pa.int64(), nullable=False),
        pa.field("line", pa.string(), nullable=False),
    ]
)
MOST_TIMES, MOST_MORE = 200, 64 << 20
"""A file may unpack to so many times its bytes, and so many bytes more: text of logs packs 10 to 30 times."""

_ROWS = 50_000  # in memory at a time
_BYTES = 16 << 20
_KEY = b"livestats"


@dataclass(frozen=True)
class Parsed:
    """What was made of a day's files."""

    day: date
    lines: int
    unreadable: tuple[str, ...]  # files that could not be read to their end, with the reason


def sync(home: Home, days: Iterable[date]) -> Iterator[Parsed]:
    """Make the Parquet file of each day that has files and whose lines are not those of its files.

    Raises LockTimeout.
    """
    for day in days:
        if (parsed := _sync_day(home, day)) is not None:
            yield parsed


def _sync_day(home: Home, day: date) -> Parsed | None:
    folder = notes.folder_of(home, day)
    with locks.lock(notes.lock_file(home, day)):
        try:
            note = notes.read(folder)
        except notes.UnreadableNote as error:
            return Parsed(day, 0, (f"{day}: {error}",))
        is_due = bool(note.versions) and not is_current(folder, note)
        return _made(folder, note, day) if is_due else None


def is_current(folder: Path, note: DayNote) -> bool:
    """Whether the Parquet file of a day was made of the files that are kept now."""
    try:
        found = pq.read_metadata(folder / notes.LINES).metadata
        return bool(json.loads(found[_KEY])["files"] == _digest(note))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return False


def is_whole(path: Path) -> bool:
    """Whether the bytes of a Parquet file are those that were written."""
    try:
        checksum.check(path)
    except (OSError, checksum.DamagedFile):
        return False
    return True


def _digest(note: DayNote) -> str:
    """A checksum over the newest versions of all files."""
    newest = [(str(file), note.versions[file][-1].sha256) for file in sorted(note.versions)]
    return hashlib.sha256(json.dumps(newest).encode()).hexdigest()


def _made(folder: Path, note: DayNote, day: date) -> Parsed:
    """Write the Parquet file of a day, file by file; one that is damaged costs its own rest."""
    with atomic.making(folder / notes.LINES) as temp:
        with pq.ParquetWriter(temp, SCHEMA, compression="zstd") as writer:
            made = _written(writer, folder, note, day)
            facts = {"files": _digest(note), "unreadable": made.unreadable}
            texts = {
                _KEY.decode(): json.dumps(facts),
                checksum.KEY.decode(): checksum.BLANK.decode(),
            }
            writer.add_key_value_metadata(texts)
        checksum.write(temp)
    return made


def _written(writer: pq.ParquetWriter, folder: Path, note: DayNote, day: date) -> Parsed:
    """Write the lines of all files."""
    total, unreadable = 0, list[str]()
    for file in sorted(note.versions):
        path = file.path(folder, note.versions[file][-1].sha256)
        listed = note.listed.get(file)
        hour = datetime.fromisoformat(listed.hour) if listed else None
        try:
            for number, texts in _batches(path):
                writer.write_table(_table(day, file, hour, number, texts))
                total += len(texts)
        except (lines.UnreadableFile, FileNotFoundError) as error:
            unreadable.append(f"{file}: {error}")
    return Parsed(day, total, tuple(unreadable))


def _batches(path: Path) -> Iterator[tuple[int, list[str]]]:
    r"""The lines of a file in pieces, each with the number of its first line, from 1.

    Bytes that are no UTF-8 stand as \xNN. What was read before a damage is given out.
    """
    texts: list[str] = []
    first, size = 1, 0
    most = MOST_TIMES * path.stat().st_size + MOST_MORE
    damage: lines.UnreadableFile | None = None
    for line in _until_damage(path, most):
        if isinstance(line, lines.UnreadableFile):
            damage = line
            break
        texts.append(line.rstrip(b"\r\n").decode("utf-8", "backslashreplace"))
        size += len(line)
        if len(texts) == _ROWS or size >= _BYTES:
            yield first, texts
            first, size, texts = first + len(texts), 0, []
    if texts:
        yield first, texts
    if damage is not None:
        raise damage


def _until_damage(path: Path, most_bytes: int) -> Iterator[bytes | lines.UnreadableFile]:
    """The lines, and as the last the damage, if there is one."""
    try:
        yield from lines.read(path, most_bytes)
    except lines.UnreadableFile as error:
        yield error


def _table(
    day: date, file: LogFile, hour: datetime | None, first: int, texts: list[str]
) -> pa.Table:
    number = len(texts)
    same = {
        "business_date": day,
        "log_type": file.type,
        "domain": file.domain,
        "file_name": file.name,
        "hour_start_at": hour,
    }
    columns = [
        pa.repeat(pa.scalar(value, SCHEMA.field(name).type), number) for name, value in same.items()
    ]
    columns += [pa.array(range(first, first + number), pa.int64()), pa.array(texts, pa.string())]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
