"""Deletes the databases and caches of a home, which are made again and may hold what was erased.

Not here: captures (days.py), lake files (pipelines/erase).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from resources.fs import atomic, locks
from resources.home.layout import Home


def remove(home: Home) -> None:
    """Delete warehouse and served copy, also earlier ones: freed pages of a file keep their bytes."""
    with locks.lock(home.lock_file("warehouse")):
        for folder, patterns in (
            (home.warehouse.parent, ("warehouse.*", "set-aside-*", "spill")),
            (home.served.parent, ("livestats*.duckdb*", "livestats*.json")),
        ):
            for pattern in (*patterns, f"{atomic.TEMP_PREFIX}*"):
                for path in folder.glob(pattern):
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink(missing_ok=True)


def forget_notes(home: Home, keep: Collection[Path]) -> None:
    """Delete the notes in state/, which may name any item, but for budgets, keys and those of `keep`."""
    kept = {home.budget, home.keys, *keep}
    for path in _files(home.state, kept):
        path.unlink(missing_ok=True)


def _files(folder: Path, kept: Collection[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path in kept or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path, kept)
        else:
            yield path
