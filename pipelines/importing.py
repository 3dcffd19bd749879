"""Importing what is large without a search for garbage meanwhile: modules make none."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing(name: str) -> Iterator[None]:
    """Import the module `name` inside of the block.

    Python would go through all that there is, again and again while it grows: a fifth of the CPU
    that Dagster takes to import. Nothing is done if the module is there already.

    No gc.freeze() afterwards: DuckDB then tells of leaks when the process ends.
    """
    if name in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
