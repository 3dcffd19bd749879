"""Rows and bytes of a backfill, from the last captured days; and days that expire while it runs.

Requests and time are in estimate.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

from pipelines.planning.capture_plan import Chunk
from pipelines.planning.estimate import Estimate, seconds_of_all
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import states
from resources.raw import captures

SAMPLE_DAYS = 7  # captured days: a whole week


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Rows and bytes of some days of a dataset."""

    days: int
    rows: float
    answer_bytes: float  # response bodies, uncompressed
    disk_bytes: float  # raw and lake

    def times(self, days: int) -> Volume:
        """The same, scaled to another number of days."""
        share = days / self.days
        return Volume(
            days=days,
            rows=self.rows * share,
            answer_bytes=self.answer_bytes * share,
            disk_bytes=self.disk_bytes * share,
        )


def captured(home: Home, name: str) -> Volume | None:
    """Volume of the last captured days of a dataset; None if no day is captured and readable."""
    days = [*islice(_days(home, name), SAMPLE_DAYS)]
    return _sum(days) if days else None


def _days(home: Home, name: str) -> Iterator[Volume]:
    for day, folder in sorted(captures.days_of(home.raw, name).items(), reverse=True):
        capture = captures.newest(folder)
        if capture is None:
            continue
        with suppress(captures.UnusableCapture):  # `livestats verify` reports it
            answers = sum(request["size"] for request in capture.manifest["requests"])
            files = [*capture.folder.iterdir(), parquet.path_of(home.lake, name, day)]
            yield Volume(
                days=1, rows=capture.name.rows, answer_bytes=answers, disk_bytes=_size(files)
            )


def _size(files: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in files if path.is_file())


def _sum(found: Sequence[Volume]) -> Volume:
    return Volume(
        days=sum(one.days for one in found),
        rows=sum(one.rows for one in found),
        answer_bytes=sum(one.answer_bytes for one in found),
        disk_bytes=sum(one.disk_bytes for one in found),
    )


def volumes(home: Home, lines: Sequence[Estimate]) -> dict[str, Volume]:
    """Volume of the days of each estimate, for the datasets that have captured days."""
    held = {line.dataset: captured(home, line.dataset) for line in lines}
    return {line.dataset: found.times(line.days) for line in lines if (found := held[line.dataset])}


def total(found: Mapping[str, Volume]) -> Volume:
    """The sum over all datasets."""
    return _sum([*found.values()])


# Expiry -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ExpiringDays:
    """Due days, by dataset, that expire before the backfill would end."""

    in_time: Mapping[str, Sequence[date]]  # captured before they expire
    too_late: Mapping[str, Sequence[date]]  # expire before they are captured


def expiring_days(
    archive: Archive, chunks: Sequence[Chunk], lines: Sequence[Estimate]
) -> ExpiringDays:
    """Days that expire while the chunks are captured in their order, at the rate limit."""
    now, zone = archive.now(), archive.settings.zone
    by_name = {line.dataset: line for line in lines}
    lengths = [_seconds(archive, chunk, by_name) for chunk in chunks]
    end = now + timedelta(seconds=sum(lengths))
    begins: datetime = now
    in_time: dict[str, list[date]] = {}
    too_late: dict[str, list[date]] = {}
    for chunk, length in zip(chunks, lengths, strict=True):
        days = [chunk.first + timedelta(days=i) for i in range(chunk.days)]
        for name in () if chunk.again else chunk.datasets:  # a re-read day is already captured
            ordered = archive.in_request_order(DATASETS[name], days)
            for place, day in enumerate(ordered, 1):
                until = states.expires_at(DATASETS[name], day, zone)
                if until is None or until > end:
                    continue
                done = begins + timedelta(seconds=length * place / len(ordered))
                (in_time if done < until else too_late).setdefault(name, []).append(day)
        begins += timedelta(seconds=length)
    return ExpiringDays(
        in_time={name: sorted(days) for name, days in in_time.items()},
        too_late={name: sorted(days) for name, days in too_late.items()},
    )


def _seconds(archive: Archive, chunk: Chunk, lines: Mapping[str, Estimate]) -> float:
    """Seconds of one chunk, as far as its requests are known."""
    parts = [
        replace(line, days=chunk.days, requests=round(line.requests * chunk.days / line.days))
        for name in chunk.datasets
        if (line := lines[name]).requests is not None
    ]
    return seconds_of_all(parts, archive.settings)
