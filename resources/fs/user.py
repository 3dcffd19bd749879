"""The folder of the user who runs the process, also where the system knows neither user nor folder."""

from __future__ import annotations

from pathlib import Path

_NONE = Path("/nonexistent")


def home_folder() -> Path:
    """The user's folder; one that does not exist without HOME and an entry in the password file."""
    try:
        return Path.home()
    except RuntimeError:
        return _NONE
