"""Whether the home that a process works on is still in its place.

A folder that was moved, deleted or unmounted under a running process would else be made again by the
next write: an empty home beside the real one. Not here: a home that is new (layout.py).
"""

from __future__ import annotations

from contextlib import suppress

from resources.api.errors import AllFail
from resources.config import SettingsError
from resources.home.layout import Home


class HomeGone(AllFail):
    """The home of this process is no longer under its path. Nothing can be captured or loaded."""


def check(home: Home) -> None:
    """Raise HomeGone if the home that `home` has read is no longer in its folder.

    Nothing is known of a home that was not made yet, or whose identity file cannot be read.
    """
    with suppress(SettingsError):  # there, and not readable: whoever needs it is told
        if home.id and Home(home.root).id != home.id:
            raise HomeGone(
                f"the home {home.root} was moved, deleted or unmounted while this process worked on it",
                "What was captured is in it, wherever it is now. Mount it or move it back, or set "
                "archive.home to its new place, and run again",
            )
