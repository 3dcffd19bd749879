"""Variants of a question that must all have an answer if one has, and do not.

Viewers by session and by address are the same viewers, greatest and mean value are of the same slots. An
empty answer to one of them, beside figures for another, is the server's mistake. Not here: variants that
have the same figures (variant_figures.py), what is suspect (ledger/contradictions.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import domain_key


@dataclass(frozen=True)
class Together:
    """What the variants of a dataset are variants of."""

    variant: str  # column with the variant's name
    figure: str = ""  # column that counts; "": a row is enough
    within: str = ""  # column of another variant, for each of whose values they go together


_ONLINE = Together("online_user_type", "online_users")
_HEALTH = Together("agg_type")

TOGETHER: Mapping[str, Together] = MappingProxyType(
    {
        "stream_session": _ONLINE,
        "stream_session_by_domain": _ONLINE,
        "stream_session_account": _ONLINE,
        "batch_stream_session": Together("online_user_type", "peak_online_users"),
        "batch_push_stream_metrics": _HEALTH,
        "batch_source_stream_metrics": _HEALTH,
        "top_play": Together("sort_by", within="query_type"),
    }
)
"""Dataset -> its variants. Kinds of streams and of requests are not here: one of them may have none."""

Place = tuple[str, str]
"""Domain, "" where rows tell none, and the value of `Together.within`."""


class SilentVariants:
    """Counts by place and variant, as rows are written."""

    def __init__(self, dataset: Dataset) -> None:
        """Start without rows."""
        self._together = TOGETHER.get(dataset.name)
        self._has_domains = "domain" in dataset.column and not dataset.ranked
        self._parameter = {column: name for name, column in dataset.variant_columns.items()}
        self._found: dict[Place, Counter[str]] = {}

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        together = self._together
        if together is None or not table.num_rows:
            return
        by = [name for name in (self._has_domains and "domain", together.within) if name]
        counted = (together.figure, "sum") if together.figure else ([], "count_all")
        groups = table.group_by([*by, together.variant], use_threads=False).aggregate([counted])
        name = f"{together.figure}_sum" if together.figure else "count_all"
        for row in groups.to_pylist():
            place = domain_key(row.get("domain", "")), str(row.get(together.within, ""))
            self._found.setdefault(place, Counter())[row[together.variant]] += row[name] or 0

    def contradictions(self, payloads: Iterable[Mapping[str, Any]]) -> list[str]:
        """In words, which variants have nothing where others have figures; `payloads` were answered."""
        if self._together is None:
            return []
        silent: dict[str, set[str]] = {}
        for place, variant in self._asked(payloads, self._together):
            counts = +self._found.get(place, Counter())
            if counts and variant not in counts:
                silent.setdefault(variant, set()).update(counts)
        return [
            f"nothing came for {self._together.variant} {variant} where {', '.join(sorted(others))} has some"
            for variant, others in sorted(silent.items())
        ]

    def _asked(
        self, payloads: Iterable[Mapping[str, Any]], together: Together
    ) -> Iterator[tuple[Place, str]]:
        for payload in payloads:
            variant = payload.get(self._parameter[together.variant])
            if variant is None:
                continue  # a vendor that has no such parameter
            within = str(payload.get(self._parameter.get(together.within, ""), ""))
            domains = payload.get("DomainList") or [payload.get("Domain", "")]
            for domain in domains if self._has_domains else [""]:
                yield (domain_key(str(domain)), within), str(variant)
