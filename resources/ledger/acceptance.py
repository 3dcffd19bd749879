"""Notes of people who accept a suspect day: sealed, beside its captures, kept for ever.

Not here: which days are suspect (suspicion.py) and the command (pipelines/cli/accept.py).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from resources.fs import atomic, sealed

ACCEPTED = "accepted.json"
"""Note beside the captures of a day: which of them was accepted, when, by whom and why."""


def accept(day_folder: Path, capture: str, now: datetime, by: str, reason: str) -> None:
    """Add a note that `capture` is right. The caller holds the lock of the folder.

    Raises ValueError if the notes there are not as written: they are never replaced.
    """
    notes = accepted(day_folder)
    notes.append(
        {
            "capture": capture,
            "accepted_at": now.isoformat(timespec="seconds"),
            "by": by,
            "reason": reason,
        }
    )
    atomic.write_atomically(day_folder / ACCEPTED, sealed.seal({"accepted": notes}))


def accepted(day_folder: Path) -> list[dict[str, str]]:
    """The notes of a day, oldest first. Raises ValueError if they are not as written, OSError."""
    try:
        data = (day_folder / ACCEPTED).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    notes = sealed.unseal(data).get("accepted")
    if not isinstance(notes, list):
        raise ValueError(f"{day_folder / ACCEPTED} holds no notes")
    return notes


def is_accepted(day_folder: Path, capture: str) -> bool:
    """True if a person accepted `capture`. A later capture with other rows is not accepted.

    False for a damaged note, which `livestats verify` reports: the day is then suspect again.
    """
    try:
        return any(note["capture"] == capture for note in accepted(day_folder))
    except (OSError, ValueError, KeyError, TypeError):
        return False
