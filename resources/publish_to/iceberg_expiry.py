"""Snapshots that no publication lists any more, their files, and tables that are not published any more.

pyiceberg takes a snapshot out of the metadata and leaves its files; they are removed here. What a process
that was killed wrote and never committed stays: the engines' own removal of orphan files finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from resources.publish_to.iceberg_lost import Tables
from resources.publish_to.iceberg_tables import HOME

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.manifest import ManifestFile
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot


def expire(
    catalog: Catalog,
    namespace: str,
    tables: Tables,
    listed: Mapping[str, set[int | None]],
    home: str,
) -> tuple[str, ...]:
    """Expire what `listed` does not name, by table; the tables that were removed."""
    removed = []
    for name, found in sorted(tables.items()):
        if found is None:
            catalog.drop_table((namespace, name))
        elif name in listed:
            _expire(found, listed[name])
        elif found.properties.get(HOME) == home:
            catalog.purge_table((namespace, name))
            removed.append(name)
    return tuple(removed)


def _expire(found: Table, kept: set[int | None]) -> None:
    current = found.current_snapshot()
    wanted = {*kept, current.snapshot_id if current else None}
    old = [one for one in found.metadata.snapshots if one.snapshot_id not in wanted]
    if not old:
        return
    needed = _manifests(found, [one for one in found.metadata.snapshots if one not in old])
    gone = {p: one for p, one in _manifests(found, old).items() if p not in needed}
    files = _data_files(found, gone.values()) - _data_files(found, needed.values())
    found.maintenance.expire_snapshots().by_ids([one.snapshot_id for one in old]).commit()
    for path in {*files, *gone, *(one.manifest_list for one in old)}:
        with suppress(FileNotFoundError):
            found.io.delete(path)


def _manifests(found: Table, snapshots: Iterable[Snapshot]) -> dict[str, ManifestFile]:
    """The manifests of snapshots by path: most are of several, and each is read once."""
    return {one.manifest_path: one for s in snapshots for one in s.manifests(found.io)}


def _data_files(found: Table, manifests: Iterable[ManifestFile]) -> set[str]:
    return {
        entry.data_file.file_path
        for one in manifests
        for entry in one.fetch_manifest_entry(found.io, discard_deleted=True)
    }
