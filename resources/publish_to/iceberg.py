"""A publication as Iceberg tables: each table is committed by itself, then a list of their snapshots.

Readers who go by the list see all tables of one moment; the list is replaced in one commit. The catalog is
what pyiceberg is set up for under the name livestats; else a file in the home. Next: iceberg_tables.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from resources.api import redaction
from resources.fs import locks
from resources.fs.object_store import put_plainly
from resources.home.layout import Home
from resources.publish_to import iceberg_expiry, iceberg_lost, iceberg_tables
from resources.publish_to.errors import NotInstalled, NotPublished
from resources.publish_to.iceberg_tables import HOME, PROPERTIES, Written
from resources.publish_to.result import Result
from resources.publish_to.served import Served

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table as IcebergTable

    from resources.publish_to.spark_marts import Engine

log = logging.getLogger("livestats.publish")

CATALOG = "livestats"
PUBLICATION = "livestats_publication"
_LIST = pa.schema(
    [
        ("published_at", pa.timestamp("us", "UTC")),
        ("signature", pa.string()),
        ("table_name", pa.string()),
        ("snapshot_id", pa.int64()),  # NULL: the table has never had a row
    ]
)
_SECRET = ("secret", "password", "token", "credential", "key")


def publish(
    served: Served,
    home: Home,
    namespace: str,
    now: datetime,
    engine: Callable[[], AbstractContextManager[Engine]] | None = None,
) -> Result:
    """Make the tables equal to the served copy, then list their snapshots.

    With `engine`, which is opened if something is to be done, its marts are computed there. Raises
    NotPublished.
    """
    with (
        _explained(),
        locks.lock(home.lock_file("publish-iceberg")),
        closing(_catalog(home)) as catalog,
    ):
        where = f"iceberg:{catalog.properties.get('warehouse', catalog.name)}"
        tables = len(served.tables)
        signature = f"{served.signature}-{served.privacy}" + ("-engine" if engine else "")
        _take(catalog, namespace, served.home)
        found = iceberg_lost.tables(catalog, namespace, served.home, PUBLICATION)
        listed = _listed_if_there(catalog, namespace, found)
        is_same = bool(listed) and listed[-1]["signature"] == signature
        if is_same and iceberg_lost.are_readable(listed, found):
            # What a publication that was killed after its list has left.
            kept = _snapshots(listed, found[PUBLICATION])
            removed = iceberg_expiry.expire(catalog, namespace, found, kept, served.home)
            return Result(
                where=where, schema=namespace, tables=tables, removed=removed, is_new=False
            )
        with engine() if engine else nullcontext() as marts:
            done = _write(catalog, namespace, served, found, marts)
        before = _kept(listed, signature, found)
        found |= {name: table for name, (table, _) in done.items()}
        kept = _list_snapshots(catalog, namespace, found, [*done], before, signature, now)
        removed = iceberg_expiry.expire(catalog, namespace, found, kept, served.home)
    changed = tuple(name for name, (_, written) in done.items() if written.commits)
    rows = sum(written.rows for _, written in done.values())
    log.info("%s: %d rows of %d tables published", where, rows, len(changed))
    return Result(
        where=where, schema=namespace, tables=tables, changed=changed, removed=removed,
        rows=rows,
    )  # fmt: skip


def _write(
    catalog: Catalog,
    namespace: str,
    served: Served,
    there: iceberg_lost.Tables,
    engine: Engine | None,
) -> dict[str, tuple[IcebergTable, Written]]:
    """Make each table what it should be; those that marts of an engine read come before them."""
    marts = {} if engine is None else {name: at for at, name in enumerate(engine.marts)}
    done: dict[str, tuple[IcebergTable, Written]] = {}
    for table in sorted(served.tables, key=lambda table: marts.get(table.name, -1)):
        name = (namespace, table.name)
        found = there.get(table.name)
        if found is not None:
            if found.properties.get(HOME) != served.home:
                raise NotPublished(f"Iceberg: {namespace}.{table.name} is not of this archive.")
        else:
            if table.name in there:
                catalog.drop_table(name)
            found = iceberg_tables.create(catalog, name, table, served.home)
        put_plainly(found.io.properties.get("s3.endpoint"))
        iceberg_tables.set_properties(found, table)
        if engine is not None and table.name in marts:
            before = {one: written for one, (written, _) in done.items()}
            written = engine.replace_days(found, table, before)
        else:
            written = iceberg_tables.replace_days(found, served, table)
        iceberg_tables.describe(found, table)
        done[table.name] = found, written
    return done


def _catalog(home: Home) -> Catalog:
    """The catalog that pyiceberg is set up for; without one, an SQLite file in the home."""
    try:
        from pyiceberg.catalog import load_catalog
        from pyiceberg.utils.config import Config
    except ImportError as error:
        raise NotInstalled(
            "Publishing Iceberg tables needs packages that the default install does not have. In "
            "the checkout: .venv/bin/python -m pip install --no-build-isolation --editable "
            "'.[iceberg]'"
        ) from error
    given: Mapping[str, Any] = Config().get_catalog_config(CATALOG) or {}
    put_plainly(given.get("s3.endpoint"))
    hold_secrets({**given, **{k: v for k, v in os.environ.items() if k.startswith("AWS_")}})
    if given:
        try:
            return load_catalog(CATALOG, **given)
        except ValueError as error:
            raise NotPublished(
                f"Iceberg: pyiceberg's settings of the catalog {CATALOG} cannot be used: "
                f"{redaction.redact(str(error))}"
            ) from None
    folder = home.iceberg.resolve()
    folder.mkdir(mode=0o750, exist_ok=True)
    return load_catalog(
        CATALOG, type="sql", uri=f"sqlite:///{folder / 'catalog.db'}", warehouse=folder.as_uri()
    )


def hold_secrets(given: Mapping[str, Any]) -> None:
    """Keep what is secret in a catalog's properties out of messages and logs."""
    for name, value in given.items():
        redaction.hold_url(str(value))
        if any(word in name.lower() for word in _SECRET):
            redaction.hold(str(value))


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of the catalog and the store become NotPublished."""
    try:
        yield
    except _errors() as error:
        text = redaction.redact(" ".join(str(error).split()))
        raise NotPublished(
            f"Iceberg: {text}. Readers of the list go on with the publication before; publish again."
        ) from None


def _errors() -> tuple[type[Exception], ...]:
    try:
        from pyiceberg import exceptions
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        return (OSError,)
    known = (one for one in vars(exceptions).values() if isinstance(one, type))
    return (OSError, SQLAlchemyError, *(one for one in known if issubclass(one, Exception)))


def _take(catalog: Catalog, namespace: str, home: str) -> None:
    """Make the namespace, or refuse that of another archive."""
    if not catalog.namespace_exists(namespace):
        catalog.create_namespace(namespace, {HOME: home})
    elif catalog.load_namespace_properties(namespace).get(HOME) != home:
        raise NotPublished(
            f"Iceberg: the namespace {namespace} is not of this archive. Set publish.schema to "
            "another name."
        )


def _listed(catalog: Catalog, namespace: str) -> list[dict[str, Any]]:
    """The lines of the last publications, oldest first."""
    name = (namespace, PUBLICATION)
    if not catalog.table_exists(name):
        return []
    rows: list[dict[str, Any]] = catalog.load_table(name).scan().to_arrow().to_pylist()
    return sorted(rows, key=lambda row: row["published_at"])


def _listed_if_there(
    catalog: Catalog, namespace: str, found: iceberg_lost.Tables
) -> list[dict[str, Any]]:
    """The same; none, and no list among the tables, if its files are gone."""
    if found.get(PUBLICATION) is None:
        return []
    try:
        return _listed(catalog, namespace)
    except FileNotFoundError as error:
        iceberg_lost.tell(namespace, PUBLICATION, error)
        found[PUBLICATION] = None
        return []


def _kept(
    listed: Sequence[dict[str, Any]], signature: str, found: iceberg_lost.Tables
) -> list[dict[str, Any]]:
    """The lines of the publication before: for readers who have just read the list.

    None after an erasure or with other masks, when it has what is to go, nor if it cannot be read.
    """
    before = [row for row in listed if row["published_at"] == listed[-1]["published_at"]]
    if any(_privacy_of(row["signature"]) != _privacy_of(signature) for row in before):
        return []
    return before if iceberg_lost.are_readable(before, found) else []


def _list_snapshots(
    catalog: Catalog,
    namespace: str,
    found: iceberg_lost.Tables,
    names: Collection[str],
    before: Sequence[dict[str, Any]],
    signature: str,
    now: datetime,
) -> dict[str, set[int | None]]:
    """Replace the list in one commit, by `before` and what is there now; table -> its snapshots."""
    if before:  # a clock that was set back must not make the new list the older one
        now = max(now, before[-1]["published_at"] + timedelta(microseconds=1))
    new = [
        {
            "published_at": now,
            "signature": signature,
            "table_name": name,
            "snapshot_id": _current(found[name]),
        }
        for name in names
    ]
    table = found.get(PUBLICATION)
    if table is None:
        name = (namespace, PUBLICATION)
        if PUBLICATION in found:
            catalog.drop_table(name)
        # A copy: pyiceberg takes the version of the format out of what it is given.
        table = catalog.create_table(name, schema=_LIST, properties={**PROPERTIES})
        found[PUBLICATION] = table
    rows = pa.Table.from_pylist([*before, *new], schema=_LIST)
    if table.metadata.snapshots:
        table.overwrite(rows)
    else:
        table.append(rows)
    return _snapshots([*before, *new], table)


def _privacy_of(signature: str) -> list[str]:
    """The part that is Served.privacy; of a list of an earlier version something else."""
    return signature.split("-")[1:2]


def _snapshots(
    rows: Sequence[dict[str, Any]], publication: IcebergTable | None
) -> dict[str, set[int | None]]:
    """Table -> the snapshots that `rows` list, and that of the list itself."""
    listed: dict[str, set[int | None]] = {PUBLICATION: {_current(publication)}}
    for row in rows:
        listed.setdefault(row["table_name"], set()).add(row["snapshot_id"])
    return listed


def _current(table: IcebergTable | None) -> int | None:
    current = table.current_snapshot() if table else None
    return current.snapshot_id if current else None
