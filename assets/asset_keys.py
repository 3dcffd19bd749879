"""Keys of assets. Where one Dagster shows several accounts, each begins with the name of its account.

Dagster knows an asset by its key alone, whatever code it comes from: two accounts with one key would be
one asset. Not here: which keys there are (lake.py, warehouse.py, marts.py).
"""

from __future__ import annotations

import os

import dagster as dg

from resources.config.loader import ACCOUNT_VARIABLE


def account() -> str:
    """The account of this process, as the page calls it; "" where there is only one."""
    return os.environ.get(ACCOUNT_VARIABLE, "")


def parts(*names: str) -> list[str]:
    """The parts of a key, or of the beginning of one."""
    return [name for name in (account(), *names) if name]


def of(layer: str, name: str) -> dg.AssetKey:
    """The key of something of a layer: lake, warehouse, marts, ..."""
    return dg.AssetKey(parts(layer, name))


def layer_of(key: dg.AssetKey) -> str:
    """The layer of a key."""
    return key.path[-2]
