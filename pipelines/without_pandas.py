"""Arrow without pandas: it imports it with the first value that it is given by Python.

It wants to know values of pandas when it sees them. There are none in an archive, and the import
takes a third of a second, more than all answers of a small account. Where somebody has imported
pandas already, there may be some.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import pyarrow as pa


class _Missing(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")


def settle() -> None:
    """Let Arrow find no pandas now, which it asks once; all others find it afterwards as ever.

    Arrow's own conversions to and from data frames still do: they ask again.
    """
    if "pandas" in sys.modules:
        return
    missing = _Missing()
    sys.meta_path.insert(0, missing)
    try:
        pa.array([None])
    finally:
        sys.meta_path.remove(missing)
