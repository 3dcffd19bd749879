"""The note of an erasure that is under way: with the item, until it is gone everywhere.

Not here: what stays (resources/raw/erasures.py). Read next: run.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from resources.errors import LivestatsError
from resources.fs import access, atomic, sealed
from resources.home import own
from resources.home.layout import Home
from resources.raw.erasures import Erasure, Erasures, ItemKind, PlainItem


class CannotErase(LivestatsError):
    """An erasure cannot be begun or finished; the message says why."""


@dataclass(frozen=True)
class Pending:
    """An erasure that was begun."""

    item: PlainItem
    erasure: Erasure


def path_of(home: Home) -> Path:
    """The file, readable for its owner alone."""
    return home.root / own.ERASING


def begin(home: Home, pending: Pending) -> None:
    """Write the note, then the erasure: from now on, later answers lose the item."""
    facts = {
        "kind": pending.item.kind.value,
        "item": pending.item.text,
        "erasure": pending.erasure.facts(),
    }
    with atomic.making(path_of(home)) as temp:
        temp.chmod(0o600)
        temp.write_bytes(sealed.seal(facts))
    Erasures.of(home.raw, may_be_gone=True).with_(pending.erasure).write(home.raw)


def read(home: Home) -> Pending | None:
    """The erasure that was begun and not finished; None if there is none. Raises CannotErase."""
    path = path_of(home)
    try:
        facts = sealed.unseal(path.read_bytes())
        item = PlainItem(ItemKind(facts["kind"]), str(facts["item"]))
        return Pending(item, Erasure.of_facts(facts["erasure"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        if access.is_local(error):
            raise CannotErase(
                f"{path} cannot be read: {access.reason(error)}. It tells what is being erased. "
                f"{access.LEAVE_IT}"
            ) from error
        raise CannotErase(
            f"{path} cannot be read: {error}. It tells what is being erased: delete it, and erase the "
            "item again."
        ) from error
