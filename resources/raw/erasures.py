"""What was erased from an archive for good: kind, day and a salted hash, never the value itself.

The file erasures.json lies beside raw/. It tells which items must not come back when a day is asked
again. Not here: the notes beside captures (tombstones.py), erasing (resources/erasure).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from resources.api.catalog.spelling import address_key, domain_key
from resources.errors import LivestatsError
from resources.fs import access, atomic, sealed

FILE = "erasures.json"
"""Beside raw/: every erasure, sealed."""
TOMBSTONES = "erased.json"
"""Beside the captures of a day that lost something."""


class ErasuresUnreadable(LivestatsError):
    """The file of the erasures is damaged or gone: what was erased could come back."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. {remedy}")
        self.what, self.remedy = what, remedy


class ItemKind(StrEnum):
    """What kind of thing is erased."""

    DOMAIN = "domain"
    STREAM = "stream"  # domain/app/stream
    ADDRESS = "address"


class Sought(Protocol):
    """An item that is looked for in answers."""

    @property
    def kind(self) -> ItemKind:
        """What kind of thing it is."""
        ...

    @property
    def text(self) -> str | None:
        """The item itself; None if only its hash is known."""
        ...

    def is_text(self, text: str) -> bool:
        """True if `text`, as `item_text` gives it, is the item."""
        ...


def item_text(kind: ItemKind, value: str) -> str:
    """The form in which two items are equal exactly if they are the same."""
    if kind is ItemKind.ADDRESS:
        return address_key(value)
    domain, slash, rest = value.partition("/")
    return domain_key(domain) + slash + rest


@dataclass(frozen=True)
class PlainItem:
    """An item that is known by its value: while it is erased."""

    kind: ItemKind
    text: str

    @classmethod
    def parse(cls, kind: ItemKind, value: str) -> PlainItem:
        """An item as a person names it. Raises ValueError."""
        text = item_text(kind, value.strip())
        if not text or (kind is ItemKind.STREAM) != (text.count("/") >= 2):
            form = "DOMAIN/APP/STREAM" if kind is ItemKind.STREAM else "one name without a slash"
            raise ValueError(f"{value!r} is no {kind}: write {form}.")
        if kind is not ItemKind.STREAM and "/" in text:
            raise ValueError(f"{value!r} is no {kind}: write one name without a slash.")
        return cls(kind, text)

    def is_text(self, text: str) -> bool:
        """True if `text` is the item. A stream may lack its app, which some answers do not tell."""
        return text in (self.text, without_app(self.text))


def without_app(stream: str) -> str:
    """The name of a stream as answers have it that tell no app."""
    domain, _, rest = stream.partition("/")
    return f"{domain}//{rest.partition('/')[2]}"


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """One erasure, as the file has it."""

    id: str
    kind: ItemKind
    at: str
    until: date  # days up to it, for the item may be captured anew on later ones
    salt: str
    hashes: tuple[tuple[str, str], ...]  # of each form of the item: a quick one and a slow one
    is_finished: bool = False
    dataset_days: int = 0
    rows: int = 0
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def text(self) -> None:
        """The item is not known."""
        return

    @classmethod
    def begin(cls, item: PlainItem, at: str, until: date) -> Erasure:
        """A new one, that erases the item from all days up to `until`."""
        salt = secrets.token_hex(16)
        forms = [item.text]
        if item.kind is ItemKind.STREAM:
            forms.append(without_app(item.text))
        hashes = tuple((_quick(salt, one), _slow(salt, one)) for one in forms)
        return cls(id=secrets.token_hex(6), kind=item.kind, at=at, until=until, salt=salt,
                   hashes=hashes)  # fmt: skip

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Erasure:
        """One that was written. Raises KeyError, TypeError or ValueError for anything else."""
        hashes = tuple((str(short), str(long)) for short, long in facts["hashes"])
        until, kind = date.fromisoformat(facts["until"]), ItemKind(facts["kind"])
        return cls(**{**facts, "kind": kind, "hashes": hashes, "until": until})

    def facts(self) -> dict[str, Any]:
        """It as JSON values."""
        facts = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        hashes = [[*both] for both in self.hashes]
        return {**facts, "kind": self.kind.value, "hashes": hashes, "until": str(self.until)}

    def is_text(self, text: str) -> bool:
        """True if `text`, as `item_text` gives it, is what was erased."""
        if text not in self._known:
            quick = _quick(self.salt, text)
            slow = {long for short, long in self.hashes if short == quick}
            self._known[text] = bool(slow) and _slow(self.salt, text) in slow
        return self._known[text]

    def names(self, item: str) -> bool:
        """True if an item, a domain, `domain/app/stream` or an address, is the erased one or of it."""
        if self.kind is ItemKind.DOMAIN:
            item = item.partition("/")[0]
        return self.is_text(item_text(self.kind, item))


def _quick(salt: str, text: str) -> str:
    """Eight bits that rule out nearly all other texts; too few to find an address by trying all."""
    return hashlib.sha256(f"{salt} {text}".encode("utf-8", "surrogatepass")).hexdigest()[:2]


def _slow(salt: str, text: str) -> str:
    """Takes about ten milliseconds, so that trying all addresses of IPv4 takes more than a year."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=bytes.fromhex(salt), n=2**12, r=8, p=1, dklen=16).hex()


@dataclass(frozen=True)
class Erasures:
    """All erasures of an archive."""

    every: tuple[Erasure, ...] = ()

    @classmethod
    def of(cls, raw: Path, *, may_be_gone: bool = False) -> Erasures:
        """Those of the archive that `raw` belongs to.

        Raises ErasuresUnreadable, also if the file is gone while a tombstone is there, unless it
        `may_be_gone`.
        """
        path = raw.parent / FILE
        try:
            found = path.stat()
            stamp = found.st_ino, found.st_size, found.st_mtime_ns
            if path not in _read or _read[path][0] != stamp:
                facts = sealed.unseal(path.read_bytes())
                _read[path] = stamp, cls(tuple(map(Erasure.of_facts, facts["erasures"])))
                _without.discard(raw)
            return _read[path][1]
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            if access.is_local(error):
                why = f"{path} cannot be read: {access.reason(error)}"
                raise ErasuresUnreadable(why, access.LEAVE_IT) from error
            raise ErasuresUnreadable(f"{path} cannot be read: {error}", _RESTORE) from error
        if not may_be_gone and is_gone(raw):
            raise ErasuresUnreadable(
                f"{path} is gone, and notes beside captures tell that something was erased",
                f"{_RESTORE} Without one, erase the same items again.",
            )
        return cls()

    def about(self, day: date) -> tuple[Erasure, ...]:
        """Those that are about a day."""
        return tuple(one for one in self.every if day <= one.until)

    def names(self, day: date, item: str) -> bool:
        """True if an item of a day, as a request names it, was erased."""
        return any(one.names(item) for one in self.about(day))

    def with_(self, erasure: Erasure) -> Erasures:
        """The same with this one added, or in the place of the one with its id."""
        others = tuple(one for one in self.every if one.id != erasure.id)
        return Erasures((*others, erasure))

    def write(self, raw: Path) -> None:
        """Write the file. The caller holds the lock of the erasures."""
        facts = [one.facts() for one in self.every]
        atomic.write_atomically(raw.parent / FILE, sealed.seal({"erasures": facts}))


_RESTORE = "Restore it from a backup: it tells what was erased and must not come back."
_read: dict[Path, tuple[tuple[int, int, int], Erasures]] = {}
_without: set[Path] = set()
"""raw/ of archives of which nothing was erased when they were looked through."""


def is_gone(raw: Path) -> bool:
    """True if there is no file of erasures while a tombstone tells of one.

    Folders that cannot be read are passed over: whatever needs their captures says so.
    """
    if (raw.parent / FILE).exists() or raw in _without:
        return False
    try:
        datasets = [*raw.iterdir()] if raw.is_dir() else []
    except OSError:
        return False
    is_whole = True
    for folder in datasets:
        try:
            if any(folder.glob(f"*/{TOMBSTONES}")):
                return True
        except OSError:
            is_whole = False
    if is_whole:
        _without.add(raw)
    return False


def in_words(raw: Path) -> list[str]:
    """What was erased from an archive, for people; nothing if nothing was. Raises ErasuresUnreadable."""
    every = Erasures.of(raw).every
    told = [
        f"Erased: {one.kind} on {one.at[:10]}, from {one.dataset_days:,} dataset-days, {one.rows:,} rows."
        for one in every
        if one.is_finished
    ]
    if any(not one.is_finished for one in every):
        told.append("An erasure was broken off. Run `livestats erase`: it finishes it.")
    return told
