"""Whose a database file is and which commit it holds: inside of the file, and in a note beside it.

The note holds a hash of the file's header, which every commit of any program changes. So a file that
was edited, put back from another time or brought from another home is told from ours without reading
it. Not here: content (resources/verify). Read next: connection.py.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from resources.config import SettingsError
from resources.fs import atomic, sealed
from resources.home.layout import Home
from resources.raw import captures

log = logging.getLogger("livestats.warehouse")

HEADER_BYTES = 3 * 4096
"""DuckDB's main header and its two database headers, which count the checkpoints."""

COLUMNS = """
ALTER TABLE meta.state ADD COLUMN IF NOT EXISTS home VARCHAR;
ALTER TABLE meta.state ADD COLUMN IF NOT EXISTS commit_id VARCHAR;
"""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Identity of a database file; `header` is empty while it is open for writing."""

    home: str  # `Home.id` of the home that it belongs to
    commit: str  # random, drawn anew by each transaction
    header: str = ""
    masks: str = ""  # of a served copy: how personal data is masked in it (serving/masks)


def new_commit() -> str:
    """An identity that cannot come again."""
    return secrets.token_hex(12)


def of(connection: duckdb.DuckDBPyConnection) -> Seal | None:
    """What the file says of itself; None if an earlier version made it."""
    try:
        found = connection.execute("SELECT home, commit_id FROM meta.state").fetchall()
    except (duckdb.BinderException, duckdb.CatalogException):
        return None
    if len(found) != 1 or None in found[0]:
        return None
    ((home, commit),) = found
    return Seal(home=home, commit=commit)


def header_of(path: Path) -> str:
    """Hash of a file's header, its size, and the size of a log beside it."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    log_file = Path(f"{path}.wal")
    sizes = [path.stat().st_size, log_file.stat().st_size if log_file.exists() else 0]
    return hashlib.sha256(start + repr(sizes).encode()).hexdigest()


def note_of(path: Path) -> Path:
    """The note beside a database file."""
    return path.with_suffix(".json")


def write(path: Path, seal: Seal) -> None:
    """Write the note of the file `path`."""
    atomic.write_atomically(note_of(path), sealed.seal(asdict(seal)))


def read(path: Path) -> Seal | None:
    """The note of the file `path`; None if there is none, or it is not as it was written."""
    try:
        return Seal(**sealed.unseal(note_of(path).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def is_as_closed(path: Path) -> bool:
    """True if nobody has written to the file since livestats closed it.

    Also true without a note, and while or after a load that was killed: nothing is known then.
    """
    seal = read(path)
    return seal is None or not seal.header or seal.header == header_of(path)


def id_of(home: Home) -> str:
    """The identity of a home; "" if its file is missing or damaged, which others tell."""
    try:
        return home.id
    except SettingsError:
        return ""


def is_of_home(connection: duckdb.DuckDBPyConnection, home: Home) -> bool:
    """True if an open warehouse belongs to the home.

    By its identity, or because it was loaded from a capture of this home: names of captures hold time
    and checksum, so no other home has one of them. That adopts files of earlier versions.
    """
    ours = of(connection)
    if ours is not None and ours.home == id_of(home):
        return True
    tables = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database()"
    ).fetchall()
    if tables == [(0,)]:  # just created
        return True
    try:
        loaded: Iterable[tuple[str, ...]] = connection.execute(
            "SELECT dataset, day, capture FROM meta.loaded"
        ).fetchall()
    except (duckdb.BinderException, duckdb.CatalogException):
        return False
    return any(
        (captures.folder_of(home.raw, name, day) / capture).is_dir()  # type: ignore[arg-type]
        for name, day, capture in loaded
    )


def move_aside(path: Path, why: str) -> Path:
    """Rename a file that is not ours, with its log, so that it is made again; its new path.

    It is not deleted: rows of days whose files are gone may be nowhere else.
    """
    aside = path.with_name(f"set-aside-{secrets.token_hex(4)}.duckdb")
    for suffix in (".wal", ""):
        source = Path(f"{path}{suffix}")
        if source.exists():
            source.rename(f"{aside}{suffix}")
    note_of(path).unlink(missing_ok=True)
    atomic.fsync(path.parent)
    log.warning(
        "%s %s. It lies aside as %s, and the tables are loaded again from the lake. Delete it if "
        "`livestats verify` finds nothing.", path, why, aside,
    )  # fmt: skip
    return aside
