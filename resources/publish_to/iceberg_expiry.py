"""Snapshots that no publication lists any more, their files, and tables that are not published any more.

pyiceberg takes a snapshot out of the metadata and leaves its files; they are removed here, before. What a
process that was killed wrote and never committed stays: the engines' own removal of orphan files finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from resources.publish_to import iceberg_tables
from resources.publish_to.iceberg_lost import Tables
from resources.publish_to.iceberg_tables import HOME

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.manifest import ManifestFile
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot

One = TypeVar("One")


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
            _remove(catalog, (namespace, name), found)
            removed.append(name)
    return tuple(removed)


def _remove(catalog: Catalog, name: tuple[str, str], found: Table) -> None:
    """Drop a table with its files; its metadata, which has no rows, last."""
    # Killed behind this and published again, no day may count as written.
    iceberg_tables.forget_days(found)
    _remove_files(found, found.metadata.snapshots, [])
    log_of_it = [one.metadata_file for one in found.metadata.metadata_log]
    catalog.drop_table(name)
    for path in (*log_of_it, found.metadata_location):
        _delete(found, path)


def _expire(found: Table, kept: set[int | None]) -> None:
    current = found.current_snapshot()
    wanted = {*kept, current.snapshot_id if current else None}
    old = [one for one in found.metadata.snapshots if one.snapshot_id not in wanted]
    if not old:
        return
    _remove_files(found, old, [one for one in found.metadata.snapshots if one not in old])
    found.maintenance.expire_snapshots().by_ids([one.snapshot_id for one in old]).commit()


def _remove_files(found: Table, old: Iterable[Snapshot], kept: Iterable[Snapshot]) -> None:
    """Remove what only `old` snapshots need: rows, then manifests, which name them, then their lists.

    What names a file goes after it. So the next expiry finds all that one that was killed has left.
    """
    needed = _manifests(found, kept)
    named = (one for snapshot in old for one in _left(snapshot.manifests, found.io))
    gone = {one.manifest_path: one for one in named if one.manifest_path not in needed}
    rows = {path for one in gone.values() for path in _left(_data_files, found, [one])}
    for paths in (
        rows - _data_files(found, needed.values()),
        gone,
        [one.manifest_list for one in old],
    ):
        for path in paths:
            _delete(found, path)


def _left(read: Callable[..., Iterable[One]], *words: object) -> Iterable[One]:
    """What a file names; nothing if it is gone, and so all that it named."""
    try:
        return read(*words)
    except FileNotFoundError:
        return ()


def _delete(found: Table, path: str) -> None:
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
