"""How many rows an erasure took out of the answers of a capture, by domain: an entry of its manifest.

What other datasets still count of these rows is no contradiction; whatever else a later answer lacks is
one. Not here: what was erased (erasures.py), where the ledger uses it (resources/ledger/evidence.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from resources.api.catalog.spelling import domain_key
from resources.raw.erasures import ItemKind, Sought

ERASED_ROWS = "erased_rows"
"""The entry: rows by domain. Those of an erased domain, and rows that tell no domain, are under ""."""


def of_manifest(manifest: Mapping[str, Any]) -> Mapping[str, int]:
    """What a manifest tells."""
    found: Mapping[str, int] = manifest.get(ERASED_ROWS, {})
    return found


def entry(counts: Mapping[str, int], items: Collection[Sought]) -> dict[str, dict[str, int]]:
    """The entry of a manifest, in which no erased domain is named; nothing if no row was taken."""
    rows: Counter[str] = Counter()
    for domain, count in counts.items():
        rows["" if _is_erased(domain, items) else domain] += count
    rows = +rows
    return {ERASED_ROWS: dict(sorted(rows.items()))} if rows else {}


def _is_erased(domain: str, items: Collection[Sought]) -> bool:
    return any(one.kind is ItemKind.DOMAIN and one.is_text(domain_key(domain)) for one in items)
