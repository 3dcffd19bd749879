"""Why an identity file cannot be read: it is damaged, or the system does not let it be read.

The file itself is read in layout.py.
"""

from __future__ import annotations

from pathlib import Path

from resources.config import SettingsError
from resources.fs import access

BY_HAND = frozenset({"first_day", "format", "time_zone"})
"""Facts of an identity file that a person writes; the rest is added by `Home.prepare`."""

RESTORE = (
    f"Restore it from a backup, or write by hand a JSON object of {', '.join(sorted(BY_HAND))}, and "
    "no sha256: the next backfill adds it."
)


class UnreadableIdentity(SettingsError):
    """Nothing is known of the archive: not its zone, not its first day, not its pinned settings."""


def of(file: Path, error: Exception) -> UnreadableIdentity:
    """What to tell of an identity file whose reading ended with `error`."""
    if access.is_local(error):
        return UnreadableIdentity(
            f"{file} cannot be read: {access.reason(error)}. {access.LEAVE_IT}"
        )
    return UnreadableIdentity(f"{file} is damaged ({error}). {RESTORE}")
