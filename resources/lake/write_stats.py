"""Counts over the rows of a day, collected while they are written.

Not here: writing them (parquet.py), what the counts mean (resources/ledger).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.catalog.spelling import domain_key
from resources.api.parsing.parse import Rows
from resources.lake.activity import Activity
from resources.lake.long_events import LongEvents
from resources.lake.rankings import Rankings
from resources.lake.silent_variants import SilentVariants
from resources.lake.variant_figures import VariantFigures


@dataclass
class WriteStats:
    """Counts over the rows of a day, collected while they are written."""

    dataset: Dataset
    rows: int = 0
    outside: int = 0
    unknown: set[str] = field(default_factory=set)
    disagreeing: set[str] = field(default_factory=set)
    by_domain: Counter[str] = field(default_factory=Counter)
    streams: set[str] = field(default_factory=set)  # that have rows, if requests name streams

    def __post_init__(self) -> None:
        """Start without rows."""
        self.activity = Activity(self.dataset)
        self.long_events = LongEvents(self.dataset)
        self.variants = VariantFigures(self.dataset)
        self.silent_variants = SilentVariants(self.dataset)
        self.rankings = Rankings(self.dataset)

    def add(self, rows: Rows) -> None:
        """Count the rows of one request, but for what `add_domains` counts."""
        if self.dataset.ranked:  # an answer is a ranking
            for table in rows.tables():
                self.rankings.add(table)
        self.rows += rows.table.num_rows
        self.outside += rows.outside
        self.unknown.update(rows.unknown)
        self.disagreeing.update(rows.disagreeing)

    def add_domains(self, table: pa.Table) -> None:
        """Count the rows of each variant, and of each domain if the rows tell theirs.

        `table` may hold the rows of several requests.
        """
        self.variants.add(table)
        self.silent_variants.add(table)
        if "domain" not in table.column_names:
            return
        self.activity.add(table)
        self.long_events.add(table)
        for one in pc.value_counts(table.column("domain")).to_pylist():
            self.by_domain[domain_key(str(one["values"]))] += one["counts"]
        if self.dataset.scope is Scope.STREAM:
            # Threads of its own cost more CPU than they save time, beside those of all datasets.
            groups = table.group_by(["domain", "app", "stream"], use_threads=False)
            for row in groups.aggregate([]).to_pylist():
                domain = domain_key(row["domain"])
                self.streams.add("/".join((domain, row["app"], row["stream"])))

    def contradictions(self, payloads: Iterable[Mapping[str, Any]]) -> list[str]:
        """What in the rows shows that another question was answered, or none, in words.

        `payloads` are those of the requests that were answered.
        """
        silent = self.silent_variants.contradictions(payloads)
        return [*self.variants.contradictions, *silent, *self.rankings.contradictions]

    def taken_from(self, before: WriteStats) -> Counter[str]:
        """How many rows of each domain `before` has more; of rows that tell none, under ""."""
        found = before.by_domain - self.by_domain
        found[""] += before.rows - self.rows - found.total()
        return +found

    def facts(self) -> dict[str, object]:
        """The counts as manifest entries, without those by domain."""
        return {
            "outside": self.outside,
            "unknown": sorted(self.unknown),
            "disagreeing": sorted(self.disagreeing),
        }
