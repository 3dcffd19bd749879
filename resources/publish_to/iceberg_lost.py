"""Tables whose files are not in the store any more, as after it was emptied or the catalog put back.

Looked at are metadata and manifests, not each file of rows. Not here: making them anew (iceberg.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from resources.api import redaction
from resources.publish_to.iceberg_tables import HOME

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

log = logging.getLogger("livestats.publish")

Tables = dict[str, "Table | None"]
"""Name -> table; None for one that cannot be read any more."""


def tables(catalog: Catalog, namespace: str, home: str, own: str) -> Tables:
    """The tables of a namespace; of those of the archive, and of `own`, manifests are looked for.

    A store that does not answer raises what it raises: only what it says is not there is gone.
    """
    found: Tables = {}
    for name in sorted(name for _, name in catalog.list_tables(namespace)):
        try:
            table = catalog.load_table((namespace, name))
            current = table.current_snapshot()
            if current and (name == own or table.properties.get(HOME) == home):
                _look_for(table, current.snapshot_id)
            found[name] = table
        except FileNotFoundError as error:
            tell(namespace, name, error)
            found[name] = None
    return found


def tell(namespace: str, name: str, error: FileNotFoundError) -> None:
    """Warn that a table is lost."""
    log.warning(
        "Iceberg: files of %s.%s are gone: it is taken out of the catalog, and made anew if it is still "
        "published. %s", namespace, name, redaction.redact(str(error)),
    )  # fmt: skip


def are_readable(rows: Iterable[Mapping[str, Any]], found: Tables) -> bool:
    """True if the snapshots that lines of a list name are there, with their manifests."""
    for name, snapshot in {(row["table_name"], row["snapshot_id"]) for row in rows}:
        table = found.get(name)
        if table is None:
            return False
        try:
            _look_for(table, snapshot)
        except FileNotFoundError:
            return False
    return True


def _look_for(table: Table, snapshot: int | None) -> None:
    """Raise FileNotFoundError for a snapshot, or a manifest of it, that is not there."""
    if snapshot is None:  # it has no rows
        return
    found = table.snapshot_by_id(snapshot)
    if found is None:
        raise FileNotFoundError(f"{table.name()} has no snapshot {snapshot}")
    for manifest in found.manifests(table.io):
        if not table.io.new_input(manifest.manifest_path).exists():
            raise FileNotFoundError(manifest.manifest_path)
