"""What a backfill would bring, by the last captured days; and what is forgotten before its turn."""

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

LOOKED_AT = 7  # captured days: a week has weekdays and its end


@dataclass(frozen=True, kw_only=True)
class Volume:
    """What days of a dataset hold."""

    days: int
    rows: float
    answer_bytes: float  # as the API sends them, unpacked
    disk_bytes: float  # raw and lake

    def times(self, days: int) -> Volume:
        """As much for another number of days."""
        share = days / self.days
        return Volume(
            days=days,
            rows=self.rows * share,
            answer_bytes=self.answer_bytes * share,
            disk_bytes=self.disk_bytes * share,
        )


def captured(home: Home, name: str) -> Volume | None:
    """What the last captured days of a dataset hold; None if none is captured, or can be read."""
    found = [*islice(_days(home, name), LOOKED_AT)]
    return _sum(found) if found else None


def _days(home: Home, name: str) -> Iterator[Volume]:
    for day, folder in sorted(captures.days_of(home.raw, name).items(), reverse=True):
        capture = captures.newest(folder)
        if capture is None:
            continue
        with suppress(captures.DamagedCapture):  # `livestats verify` tells of it
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
    """What the days of each estimate would hold, of the datasets that have been captured before."""
    held = {line.dataset: captured(home, line.dataset) for line in lines}
    return {line.dataset: found.times(line.days) for line in lines if (found := held[line.dataset])}


def total(found: Mapping[str, Volume]) -> Volume:
    """All of them together."""
    return _sum([*found.values()])


# What is forgotten -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """Due days that the API forgets before a backfill would have ended, by dataset."""

    in_time: Mapping[str, Sequence[date]]  # their turn comes before
    too_late: Mapping[str, Sequence[date]]  # their turn comes after


def forgotten(archive: Archive, chunks: Sequence[Chunk], lines: Sequence[Estimate]) -> Forgotten:
    """What is forgotten while the chunks are captured in their order, at the call budget."""
    now, zone = archive.now(), archive.settings.zone
    by_name = {line.dataset: line for line in lines}
    lengths = [_seconds(archive, chunk, by_name) for chunk in chunks]
    end = now + timedelta(seconds=sum(lengths))
    begins: datetime = now
    in_time: dict[str, list[date]] = {}
    too_late: dict[str, list[date]] = {}
    for chunk, length in zip(chunks, lengths, strict=True):
        days = [chunk.first + timedelta(days=i) for i in range(chunk.days)]
        for name in () if chunk.again else chunk.datasets:  # what is asked again is not lost
            ordered = archive.in_order_of_asking(DATASETS[name], days)
            for place, day in enumerate(ordered, 1):
                until = states.expires_at(DATASETS[name], day, zone)
                if until is None or until > end:
                    continue
                done = begins + timedelta(seconds=length * place / len(ordered))
                (in_time if done < until else too_late).setdefault(name, []).append(day)
        begins += timedelta(seconds=length)
    return Forgotten(
        in_time={name: sorted(days) for name, days in in_time.items()},
        too_late={name: sorted(days) for name, days in too_late.items()},
    )


def _seconds(archive: Archive, chunk: Chunk, lines: Mapping[str, Estimate]) -> float:
    """How long one chunk takes, as far as its requests are known."""
    parts = [
        replace(line, days=chunk.days, requests=round(line.requests * chunk.days / line.days))
        for name in chunk.datasets
        if (line := lines[name]).requests is not None
    ]
    return seconds_of_all(parts, archive.settings)
