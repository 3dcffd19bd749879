"""What the shell offers after TAB: names of datasets, tables and examples.

Not here: names of commands and options, which click knows (completion.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import click


def datasets(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Datasets of the catalog."""
    from resources.api.catalog import DATASETS

    return _beginning(begun, DATASETS)


def tables(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Tables and marts of the data dictionary."""
    from resources.marts import data_dictionary

    return _beginning(begun, (table["table"] for table in data_dictionary.tables()))


def examples(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Example questions."""
    from resources.serving.example_queries import examples as known

    return _beginning(begun, (one.name for one in known()))


def _beginning(begun: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(begun))
