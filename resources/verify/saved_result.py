"""The saved result of verify: damage is kept until a later verification finds it repaired.

Read by the alarms (resources/monitoring). What a finding is: findings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from resources.fs import atomic
from resources.home.layout import Home
from resources.raw import erasures
from resources.verify.findings import FileFinding, FindingKind
from resources.verify.run import Verification

_FILE = "verified.json"


@dataclass(frozen=True, kw_only=True)
class SavedFinding:
    """One finding, as saved."""

    path: str  # below the home
    what: str
    dataset: str | None
    day: date | None


@dataclass(frozen=True, kw_only=True)
class SavedResult:
    """Damage known from the last verifications."""

    at: datetime | None = None  # of the last whole one; None: there was none
    wrong: tuple[SavedFinding, ...] = ()


def read(home: Home) -> SavedResult:
    """The saved result; empty if there is none or it is damaged: the next verify rewrites it."""
    try:
        facts = json.loads((home.state / _FILE).read_bytes())
        return SavedResult(
            at=datetime.fromisoformat(facts["at"]) if facts["at"] else None,
            wrong=tuple(map(_wrong, facts["wrong"])),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return SavedResult()


def _wrong(facts: dict[str, Any]) -> SavedFinding:
    day = facts["day"]
    return SavedFinding(
        path=str(facts["path"]),
        what=str(facts["what"]),
        dataset=facts["dataset"],
        day=date.fromisoformat(day) if day else None,
    )


def is_damage(finding: FileFinding) -> bool:
    """True unless the next run repairs it (rows not loaded yet, leftovers) or it was not looked at."""
    return not (finding.is_harmless or finding.is_unverified or finding.kind is FindingKind.BEHIND)


def write(look: Verification, found: Iterable[FileFinding]) -> None:
    """Save the findings of `look`; they replace the saved ones of everything that it covered.

    Writes nothing to a read-only home: a copy on such a medium can be verified as well.
    """
    home = look.archive.home
    if not os.access(home.root, os.W_OK):
        return
    before, unread = read(home), [f for f in found if f.is_unverified]
    kept = (
        w
        for w in before.wrong
        if not (look.is_whole or _was_looked_at(look, w)) or _is_within(home, w, unread)
    )
    new = (
        SavedFinding(path=_below(home, f.subject), what=f.text, dataset=f.dataset, day=f.day)
        for f in found
        if is_damage(f)
    )
    at = look.archive.now() if look.is_whole and not unread else before.at
    facts = {
        "at": at and at.isoformat(timespec="seconds"),
        "wrong": [
            {"path": w.path, "what": w.what, "dataset": w.dataset, "day": w.day and str(w.day)}
            for w in (*kept, *new)
        ],
    }
    home.state.mkdir(exist_ok=True)
    atomic.write_atomically(home.state / _FILE, json.dumps(facts, indent=1).encode())


def _was_looked_at(look: Verification, wrong: SavedFinding) -> bool:
    """True if a verification of a part has covered this finding."""
    if wrong.dataset is None:  # identity and served copy are always looked at
        home = look.archive.home
        always = (home.identity_file, home.root / erasures.FILE, home.served.resolve())
        return wrong.path in {_below(home, path) for path in always}
    return wrong.dataset in {d.name for d in look.datasets} and look.is_chosen(wrong.day)


def _is_within(home: Home, wrong: SavedFinding, unread: Iterable[FileFinding]) -> bool:
    """True if a saved finding lies where the verification could not look: it still holds."""
    return any(
        wrong.path == _below(home, f.subject)
        or (f.dataset is None and wrong.path.startswith(_below(home, f.subject) + "/"))
        or (f.dataset is not None and f.dataset == wrong.dataset and f.day in (None, wrong.day))
        for f in unread
    )


def _below(home: Home, path: Path) -> str:
    for root in (home.root.absolute(), home.root.resolve()):
        if path.absolute().is_relative_to(root):
            return str(path.absolute().relative_to(root))
    return str(path)
