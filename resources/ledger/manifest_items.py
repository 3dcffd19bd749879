"""The items that the manifest of a capture asked about, has answers of, and lacks: domains, streams, addresses.

Not here: which items a day should have (coverage.py, read it next), the manifest (raw/captures.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.catalog.spelling import domain_key, stream_key
from resources.api.request_plan import items_of, request_of
from resources.api.windows import Window
from resources.lake.write_stats import WriteStats

THE_ACCOUNT = "the account"
"""In the place of an item, for a request that names none."""

UNASKED = "unasked"
"""Entry of a manifest: items with earlier answers that were not asked any more, as `item_key` gives them."""

BY_DOMAIN = (Scope.ACCOUNT, Scope.DOMAINS, Scope.DOMAIN)
"""Scopes whose items are domains."""


def item_key(dataset: Dataset, item: str) -> str:
    """The form in which two items are equal exactly if they are the same: domains as DNS has them."""
    if dataset.scope in BY_DOMAIN:
        return domain_key(item)
    if dataset.scope is Scope.STREAM:
        return stream_key(item)
    return item


def asked_items(dataset: Dataset, manifest: Mapping[str, Any]) -> frozenset[str]:
    """The items in the requests of a capture, with or without an answer, as `item_key` gives them."""
    return answered_items(dataset, manifest) | _items_in(dataset, manifest.get("lacking", ()))


def answered_items(dataset: Dataset, manifest: Mapping[str, Any]) -> frozenset[str]:
    """The items of which a capture holds an answer, be it to one of several requests."""
    return _items_in(dataset, manifest["requests"])


def _items_in(dataset: Dataset, entries: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    items = {item for one in entries for item in items_in(dataset, one)}
    return frozenset(item_key(dataset, item) for item in items)


def items_in(dataset: Dataset, entry: Mapping[str, Any]) -> Sequence[str]:
    """The items that a request in a manifest is about; of a carried answer, those that count."""
    found: Sequence[str] | None = entry.get("only")
    return items_of(dataset, request_of(dataset, entry["payload"])) if found is None else found


def facts_by_domain(
    dataset: Dataset, stats: WriteStats, manifest: Mapping[str, Any], day: Window | None
) -> dict[str, object]:
    """Manifest entries about each domain that has all its answers: rows, 0 included, and hours.

    None where rows tell no domain, or requests name none. Hours: see lake/activity.py, which takes `day`.
    """
    if dataset.is_dimension or "domain" not in dataset.column or dataset.scope is Scope.ACCOUNT:
        return {}
    answered, lacking = answered_items(dataset, manifest), {*lacking_items(manifest)}
    domains = {domain_key(item.partition("/")[0]) for item in answered}
    domains -= {domain_key(item.partition("/")[0]) for item in lacking}
    counts, masks = stats.by_domain, stats.activity.masks(day)
    facts: dict[str, object] = {"rows_by_domain": {one: counts[one] for one in sorted(domains)}}
    if masks is not None:
        facts["hours_by_domain"] = {one: [*masks.get(one, (0, 0))] for one in sorted(domains)}
    return facts


def facts_of_rows(
    dataset: Dataset, stats: WriteStats, manifest: Mapping[str, Any], day: Window
) -> dict[str, object]:
    """Manifest entries that the rows of all answers give; `manifest` has what was asked and lacks.

    What contradicts the rows of single streams is found out elsewhere: see silent_streams.py.
    """
    facts = facts_by_domain(dataset, stats, manifest, day)
    if long_events := stats.long_events.beyond(day):
        facts["long_events"] = long_events
    if dataset.scope is not Scope.STREAM:
        found = stats.contradictions(one["payload"] for one in manifest["requests"])
        facts |= {"contradictions": found} if found else {}
    return facts


def lacking_items(manifest: Mapping[str, Any]) -> list[str]:
    """The items of a capture's requests without a proven answer, each once."""
    found = (item for one in manifest.get("lacking", ()) for item in one["items"] or [THE_ACCOUNT])
    return [*dict.fromkeys(map(str, found))]
