"""Series of the whole account, and of whole domains: the figures without the finer split.

Peaks of parts do not add up to the peak of the whole, so these are asked for, or read from the list
that stands beside a split one (`derived_from`). The endpoints are in sessions.py, usage.py, edge.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from resources.api.catalog import edge, sessions, usage
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import SPLITS, Scope

_SPLIT_DATASETS = {d.name: d for d in (*sessions.DATASETS, *usage.DATASETS, *edge.DATASETS)}


def _account_wide(name: str, derived_from: tuple[str, ...], description: str) -> Dataset:
    """What the first dataset of `derived_from` is about, as one series of all of its domains."""
    parent = _SPLIT_DATASETS[derived_from[0]]
    return replace(
        parent,
        name=name,
        scope=Scope.ACCOUNT,
        split=(),
        key=tuple(_without(parent.key, parent.split)),
        derived_from=derived_from,
        description=description,
    )


def _by_domain(name: str, of: str, description: str) -> Dataset:
    """The dataset `of` split by domain alone."""
    one = _SPLIT_DATASETS[of]
    finer = [split for split in one.split if split != "Domain"]
    return replace(
        one,
        name=name,
        split=("Domain",),
        key=tuple(_without(one.key, finer)),
        description=description,
    )


def _without(key: Iterable[str], splits: Iterable[str]) -> Iterable[str]:
    columns = {SPLITS[name].column for name in splits}
    return (name for name in key if name not in columns)


DATASETS = (
    _account_wide(
        "stream_session_account",
        ("stream_session_by_domain", "stream_session"),
        "Viewers and requests of the whole account, every 5 minutes or as set. Peaks of domains do "
        "not add up to those of the account.",
    ),
    _account_wide(
        "source_traffic_account",
        ("source_traffic",),
        "Traffic pulled from the origins by the whole account, every 5 minutes or as set.",
    ),
    _account_wide(
        "play_status_code_account",
        ("play_status_code",),
        "Status codes of the whole account, every 5 minutes or as set.",
    ),
    _account_wide(
        "stream_count_account",
        ("stream_count",),
        "Most concurrent streams of the whole account by type, every 5 minutes or as set.",
    ),
    _account_wide(
        "edge_stat_account",
        ("edge_stat_by_region", "edge_stat"),
        "Bandwidth, traffic and requests at the edge of the whole account, every 5 minutes. "
        "Monitoring data, not the billed usage.",
    ),
    _by_domain(
        "source_traffic_by_domain",
        "source_traffic",
        "Traffic pulled from the origins by domain, every 5 minutes or as set.",
    ),
    _by_domain(
        "play_status_code_by_domain",
        "play_status_code",
        "Status codes by domain, every 5 minutes or as set.",
    ),
    _by_domain(
        "edge_stat_by_domain",
        "edge_stat",
        "Bandwidth, traffic and requests at the edge by domain, every 5 minutes, with the domain's "
        "own peaks. Monitoring data, not the billed usage.",
    ),
)
