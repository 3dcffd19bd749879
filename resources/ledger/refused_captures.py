"""Notes beside captures that are as they were written and whose answers this version refuses.

An earlier version took them, say for another day than was asked for. Their rows stay as they are, and
the day is suspect. Not here: finding it (capture/repair.py), what is suspect (contradictions.py).
"""

from __future__ import annotations

from pathlib import Path

from resources.fs import atomic, sealed

REFUSED = "refused.json"
"""Note beside the captures of a day: which of them is refused, and why."""


def note(day_folder: Path, capture: str, reason: str) -> None:
    """Write that the answers of `capture` are refused. The caller holds the lock of the folder."""
    if reason_of(day_folder, capture) != reason:
        facts = {"capture": capture, "reason": reason}
        atomic.write_atomically(day_folder / REFUSED, sealed.seal(facts))


def clear(day_folder: Path) -> None:
    """Remove the note: the newest capture is read. The caller holds the lock of the folder."""
    (day_folder / REFUSED).unlink(missing_ok=True)


def reason_of(day_folder: Path, capture: str) -> str:
    """Why the answers of `capture` are refused; "" if they are not, or the note cannot be read."""
    try:
        facts = sealed.unseal((day_folder / REFUSED).read_bytes())
    except (OSError, ValueError):
        return ""  # `livestats verify` reports a damaged note
    return str(facts.get("reason") or "") if facts.get("capture") == capture else ""
