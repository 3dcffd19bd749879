"""What of a home is the archive's own. Exports and reports that somebody puts into the home lie beside it.

The paths are those of layout.py.
"""

from __future__ import annotations

from pathlib import Path

from resources.config import FILE
from resources.home.layout import Home
from resources.raw import erasures, owner

ERASING = "erasing.json"
"""The note of an erasure that is under way: pipelines/erase/pending.py."""


def folders(home: Home) -> tuple[Path, ...]:
    """The folders of the archive: what lies in them is made by livestats alone."""
    databases = (home.warehouse.parent, home.served.parent)
    return (home.raw, home.lake, home.logs, *databases, home.state, home.locks, home.dagster,
            home.digests)  # fmt: skip


def files(home: Home) -> tuple[Path, ...]:
    """The files beside those folders."""
    named = (erasures.FILE, owner.BACKUP_MARKER, FILE, ERASING)
    return (home.identity_file, *(home.root / name for name in named))


def holds(home: Home, path: Path) -> bool:
    """True if `path` is, or would be, one of them, or of the Iceberg tables. Links are followed."""
    target = path.resolve()
    return any(
        target.is_relative_to(one.resolve()) for one in (*folders(home), *files(home), home.iceberg)
    )
