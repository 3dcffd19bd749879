"""Whose captures count below a folder raw/, those of the home and of homes joined to it; where cold ones lie.

Captures of versions before manifests named a home are read as they are. Not here: the identity file as a
whole (resources/home/layout.py). Read next: manifest_facts.py.
"""

from __future__ import annotations

from pathlib import Path

from resources.fs import sealed

IDENTITY_FILE = "archive.json"
"""Beside raw/: says the home's `id`, in `homes` the ids of others whose captures count, and in `cold`
the place of its cold answers."""

BACKUP_MARKER = "backup.json"
"""Beside it in a backup: says whose it is. A backup has raw answers and lake files, and no tables."""

_Facts = tuple[frozenset[str], str]
_known: dict[Path, tuple[tuple[int, int, int], _Facts]] = {}


def homes_of(raw: Path) -> frozenset[str]:
    """The ids of the homes whose captures belong below `raw`; empty: they are not compared.

    Empty also for a file that is missing or damaged: whoever opens the home refuses it.
    """
    return _facts(raw)[0]


def cold_place_of(raw: Path) -> str:
    """Where the cold answers below `raw` lie, as `scale.cold` has it; "" if there never were any."""
    return _facts(raw)[1]


def _facts(raw: Path) -> _Facts:
    path = raw.parent / IDENTITY_FILE
    try:
        found = path.stat()
        stamp = found.st_ino, found.st_size, found.st_mtime_ns
        if path not in _known or _known[path][0] != stamp:
            facts = sealed.unseal(path.read_bytes())
            ids = {str(one) for one in facts.get("homes", ())} | {str(facts["id"])}
            _known[path] = stamp, (frozenset(ids), str(facts.get("cold", "")))
        return _known[path][1]
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset(), ""
