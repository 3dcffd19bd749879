"""Snapshots that no publication lists any more, their files, and tables that are not published any more.

pyiceberg takes a snapshot out of the metadata and leaves its files; they are removed here. What a process
that was killed wrote and never committed stays: the engines' own removal of orphan files finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from resources.publish_to.iceberg_tables import HOME

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table


def expire(
    catalog: Catalog, namespace: str, listed: Mapping[str, set[int | None]], home: str
) -> tuple[str, ...]:
    """Expire what `listed` does not name, by table; the tables that were removed."""
    removed = []
    for _, name in sorted(catalog.list_tables(namespace)):
        found = catalog.load_table((namespace, name))
        if name in listed:
            _expire(found, listed[name])
        elif found.properties.get(HOME) == home:
            catalog.purge_table((namespace, name))
            removed.append(name)
    return tuple(removed)


def _expire(found: Table, kept: set[int | None]) -> None:
    current = found.current_snapshot()
    wanted = {*kept, current.snapshot_id if current else None}
    old = [one.snapshot_id for one in found.metadata.snapshots if one.snapshot_id not in wanted]
    if not old:
        return
    before = _files(found)
    found.maintenance.expire_snapshots().by_ids(old).commit()
    for path in before - _files(found):
        with suppress(FileNotFoundError):
            found.io.delete(path)


def _files(found: Table) -> set[str]:
    """All files that the snapshots of a table need."""
    files: set[str] = set()
    for snapshot in found.metadata.snapshots:
        files.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(found.io):
            files.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(found.io, discard_deleted=True)
            files |= {entry.data_file.file_path for entry in entries}
    return files
