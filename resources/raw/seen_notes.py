"""Notes beside the captures of a day: when a later request returned what a capture holds.

    raw/<dataset>/<day>/seen.json

Not here: the captures (captures.py).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from resources.fs import atomic, sealed
from resources.raw.captures import Capture, CaptureName, captures_in

SEEN = "seen.json"


def note_seen(day_folder: Path, name: CaptureName, now: datetime) -> None:
    """Record that a later request returned the same rows as capture `name`."""
    try:
        notes = seen(day_folder)
    except (OSError, ValueError):
        notes = []  # a damaged list is replaced
    notes.append({"capture": name.text, "seen_at": now.isoformat(timespec="seconds")})
    atomic.write_atomically(day_folder / SEEN, sealed.seal({"seen": notes}))


def seen(day_folder: Path) -> list[dict[str, str]]:
    """The notes of a day, oldest first. Raises ValueError if they are not as written, OSError."""
    if not (path := day_folder / SEEN).is_file():
        return []
    notes = sealed.unseal(path.read_bytes()).get("seen")
    if not isinstance(notes, list):
        raise ValueError(f"{path} holds no notes")
    return notes


def last_seen(day_folder: Path) -> datetime | None:
    """When the API last returned what the newest capture holds, UTC."""
    there = [Capture(day_folder / name.text, name) for name in captures_in(day_folder)]
    known = [one.name for one in there if not one.misplacement()]
    times = [known[-1].fetched_at] if known else []
    with suppress(OSError, ValueError):  # damaged notes are reported by `livestats verify`
        notes = seen(day_folder)
        if len(known) < len(there):  # so the notes may be about what belongs elsewhere
            notes = [note for note in notes if CaptureName(note["capture"]) in known]
        times += [datetime.fromisoformat(note["seen_at"]) for note in notes]
    return max(times, default=None)
