"""The version of a dataset's lake files: a hash of the columns and the key that are declared.

A file of another version is made again from its capture. Not here: the files (parquet.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from resources.api.catalog.datasets import Dataset


@lru_cache(maxsize=512)
def schema_hash(dataset: Dataset) -> str:
    """Hash of all that decides which rows a response gives and what their values mean.

    The wording of comments does not count: a better sentence must not rebuild a year of files.
    """
    columns = [
        (c.name, c.kind.value, c.unit, c.field, c.factor, c.nullable) for c in dataset.columns
    ]
    declared = [dataset.endpoint.action, columns, [*dataset.key], dataset.event_start]
    return hashlib.sha256(json.dumps(declared).encode()).hexdigest()[:16]


OF_0_1_0: Mapping[str, str] = MappingProxyType(
    {
        "domain": "e6d58f97e318bc94",
        "region": "9f71b04dcf36e8d3",
        "isp": "5823670ee70faec8",
        "ip_info": "1880f90c44aacacd",
        "stream_session": "b4ebed045b6bb328",
        "stream_session_by_domain": "c2e9a47956470c6a",
        "batch_stream_session": "e49942ec0d1d9640",
        "batch_stream_traffic": "fb6bcf72bc865d7f",
        "source_traffic": "0125a37a8186a9f0",
        "play_status_code": "c17ef0968783d783",
        "stream_count": "0514f749ce715e8b",
        "edge_stat": "59b92d730295b72a",
        "edge_stat_by_protocol": "e1e4b89d8b901ca9",
        "edge_stat_by_region": "57ac255c81530e96",
        "push_stream_info": "bd59b2ee1f709e92",
        "transcode_info": "94e8c61abf4c39f8",
        "top_play": "744d84fb8113942f",
        "batch_push_stream_metrics": "1e8af60c2f44e49f",
        "push_stream_metrics": "341e01081424e7dd",
        "batch_source_stream_metrics": "2e5af1843031054d",
        "source_stream_metrics": "47ef50575af672ee",
    }
)
"""Hashes of the schemas of version 0.1.0, whose files do not state theirs. Never changed."""
