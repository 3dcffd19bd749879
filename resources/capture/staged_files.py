"""Capture and lake file of a day under temporary names, while its answers come.

Not here: when they are committed (partition_writer.py, read it next), their formats (raw, lake).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from resources.api.catalog.datasets import Dataset
from resources.capture.answers import FetchedPage, FetchResult
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter


@dataclass(frozen=True)
class StagedFiles:
    """Capture and lake file of a day under temporary names."""

    capture: CaptureWriter
    table: parquet.LakeWriter

    @classmethod
    def open(
        cls, home: Home, dataset: Dataset, day: date, carried: captures.Capture | None
    ) -> StagedFiles:
        """Open both, or neither; `carried` is an earlier capture whose answers both begin with.

        Raises UnusableCapture or ApiError if the earlier capture cannot be read.
        """
        capture = CaptureWriter(captures.folder_of(home.raw, dataset.name, day), dataset, day)
        table = None
        try:
            path = parquet.path_of(home.lake, dataset.name, day)
            table = parquet.LakeWriter(path, dataset, day)
            if carried is not None:
                capture.carry(carried)
                for rows in parquet.rows_of(dataset, carried):
                    table.add(rows)
            return cls(capture, table)
        except BaseException:
            capture.abandon()
            if table is not None:
                table.abandon()
            raise

    def add(self, part: int, answer: FetchResult) -> None:
        """Append an answer as part number `part`, from 0."""
        add_pages(self.capture, part, answer.pages)
        self.table.add(answer.rows)

    def abandon(self) -> None:
        """Remove both."""
        self.capture.abandon()
        self.table.abandon()


def add_pages(capture: CaptureWriter, part: int, pages: Sequence[FetchedPage]) -> None:
    """Append the pages of request number `part` to a capture."""
    for one in pages:
        facts = one.page, one.payload, one.fetched_at, one.size, one.stored
        capture.add(captures.Response(part, *facts))
