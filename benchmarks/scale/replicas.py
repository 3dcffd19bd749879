"""Days of a large account: one captured day, its domains many times over, with other dates.

Raw and lake files are written by livestats' own writers, so provenance, keys and ledger hold. What the
API said is left out: a capture has all its questions, each with an empty answer. Series of the whole
account, which tell no domain, stay those of the captured day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import cached_property
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.backfill.days import moved
from benchmarks.scale import template
from resources.api.catalog import DATASETS
from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.api.parsing.parse import Rows
from resources.api.windows import day_window
from resources.archive import Archive
from resources.fs import atomic
from resources.lake import parquet
from resources.ledger.manifest_items import facts_by_domain
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter

_SUFFIX = ".sim.example"  # of all domains of the simulator
_IDS = ("session_id", "task_id")
_EMPTY = captures.pack(b"{}")


@dataclass(frozen=True)
class Captured:
    """One dataset as it was captured."""

    dataset: Dataset
    day: date  # of a dimension, the one on which it was asked
    manifest: Mapping[str, Any]
    rows: pa.Table

    @classmethod
    def read(cls, archive: Archive, dataset: Dataset) -> Captured:
        """The newest day of a dataset."""
        day, path = max(parquet.days_of(archive.home.lake, dataset.name).items())
        capture = captures.newest(captures.folder_of(archive.home.raw, dataset.name, day))
        assert capture is not None, path
        rows = pq.ParquetFile(path).read()
        if BUSINESS_DATE in rows.column_names:
            rows = rows.drop_columns(BUSINESS_DATE)
        return cls(dataset, day, capture.manifest, rows)

    @property
    def is_of_domains(self) -> bool:
        """True if its rows tell domains: then every copy of a domain has rows of its own."""
        return "domain" in self.rows.column_names

    @cached_property
    def _texts(self) -> Mapping[str, pa.DictionaryArray]:
        """Columns that differ from copy to copy: names of domains, and identifiers."""
        found = {}
        for name, column in zip(self.rows.column_names, self.rows.columns, strict=True):
            if pa.types.is_string(column.type):
                encoded = column.combine_chunks().dictionary_encode()
                has_names = pc.any(pc.ends_with(encoded.dictionary, _SUFFIX)).as_py()
                if name in _IDS or has_names:
                    found[name] = encoded
        return found

    @cached_property
    def _instants(self) -> Mapping[str, pa.ChunkedArray]:
        columns = zip(self.rows.column_names, self.rows.columns, strict=True)
        return {name: column for name, column in columns if pa.types.is_timestamp(column.type)}

    def copy(self, number: int, day: date) -> pa.Table:
        """The rows of one copy of all domains on another day."""
        later, rows = day - self.day, self.rows
        changed: dict[str, pa.Array] = {}
        for name, encoded in self._texts.items():
            values = encoded.dictionary.to_pylist()
            said = [_id(v, later.days * 1000 + number) for v in values] if name in _IDS else [
                renamed(v, number) for v in values
            ]  # fmt: skip
            changed[name] = pa.array(said, encoded.dictionary.type).take(encoded.indices)
        if not self.dataset.is_dimension:
            for name, column in self._instants.items():
                changed[name] = pc.add(column, pa.scalar(later, pa.duration(column.type.unit)))
        for name, column in changed.items():
            at = rows.column_names.index(name)
            rows = rows.set_column(at, rows.schema.field(at), column)
        return rows

    def questions(self, copies: int, day: date) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number and payload of every request: each copy has its own, or all stand in one list."""
        number = 0
        for copy in range(copies if self.is_of_domains and not self.dataset.is_dimension else 1):
            for one in self.manifest["requests"]:
                text = moved(json.dumps(one["payload"]).encode(), self.day, day).decode()
                payload = json.loads(renamed(text, copy))
                if not self.is_of_domains and "DomainList" in payload:
                    listed = payload["DomainList"]
                    payload["DomainList"] = [renamed(d, n) for n in range(copies) for d in listed]
                yield number, payload
                number += 1


def renamed(text: str, copy: int) -> str:
    """A text with the domains of a copy: pull-1.sim.example is pull-1.c07.sim.example; 0 is itself."""
    return text.replace(_SUFFIX, f".c{copy:02}{_SUFFIX}") if copy and text else text


def _id(value: str | None, number: int) -> str | None:
    """Another identifier for each number, and the same one each time."""
    if not value:
        return value
    return f"{(int(value[:8], 16) + number * 0x9E3779B1) % 2**32:08x}{value[8:]}"


@dataclass(frozen=True)
class Replicas:
    """Writes days of `copies` times the captured account."""

    source: Archive
    copies: int

    @cached_property
    def captured(self) -> list[Captured]:
        """All datasets with rows, those that others need first."""
        wanted = sorted(self.source.settings.datasets, key=lambda name: bool(DATASETS[name].needs))
        return [
            Captured.read(self.source, DATASETS[name])
            for name in wanted
            if parquet.days_of(self.source.home.lake, name)
        ]

    @property
    def rows_per_day(self) -> int:
        """Rows of a day of all datasets."""
        return sum(
            one.rows.num_rows * (self.copies if one.is_of_domains else 1)
            for one in self.captured
            if not one.dataset.is_dimension
        )

    def write(self, archive: Archive, days: Iterable[date]) -> None:
        """Put days into raw archive and lake, as captures would."""
        archive.home.prepare(archive.settings, archive.now())
        with _unflushed():
            for one in self.captured:
                for day in days:
                    is_there = parquet.days_of(archive.home.lake, one.dataset.name)
                    if day not in is_there and not (one.dataset.is_dimension and is_there):
                        self._write_day(archive, one, day)

    def _write_day(self, archive: Archive, one: Captured, day: date) -> None:
        dataset = one.dataset
        folder = captures.folder_of(archive.home.raw, dataset.name, day)
        folder.mkdir(parents=True, exist_ok=True)
        fetched_at = template.noon_after(day).astimezone(UTC)
        answers = CaptureWriter(folder, dataset, day)
        for number, payload in one.questions(self.copies, day):
            answers.add(
                captures.Response(number, 1, payload, fetched_at.isoformat(), 2, _EMPTY)
            )  # fmt: skip
        table = parquet.LakeWriter(
            parquet.path_of(archive.home.lake, dataset.name, day), dataset, day
        )
        for copy in range(self.copies if one.is_of_domains else 1):
            table.add(Rows(one.copy(copy, day), 0, (), ()))
        facts = self._facts(archive, one, day, table, answers)
        name = answers.seal(fetched_at, table.stats.rows, None, facts)
        table.seal(name, answers.requests)
        answers.commit(name)
        table.commit()

    def _facts(
        self,
        archive: Archive,
        one: Captured,
        day: date,
        table: parquet.LakeWriter,
        answers: CaptureWriter,
    ) -> dict[str, object]:
        domains = one.manifest["domains"]
        facts: dict[str, object] = {
            "time_zone": archive.settings.time_zone,
            "domains": sorted(renamed(d, copy) for copy in range(self.copies) for d in domains),
            "home": archive.home.id,
            **table.stats.facts(),
        }
        if sources := one.manifest.get("sources"):
            facts["sources"] = {
                name: captures.captures_in(captures.folder_of(archive.home.raw, name, day))[-1].text
                for name in sources
            }
        window = day_window(day, archive.settings.zone)
        manifest = {**facts, **answers.manifest}
        return facts | facts_by_domain(one.dataset, table.stats, manifest, window)


@contextmanager
def _unflushed() -> Iterator[None]:
    """Files of a benchmark need not survive a power cut."""
    with mock.patch.object(atomic, "fsync"):
        yield


def days(number: int) -> list[date]:
    """The first `number` days of the copies."""
    return [template.FIRST + timedelta(days=i) for i in range(number)]
