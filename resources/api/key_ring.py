"""The credentials that a client signs with, which may be replaced while it is open.

Where credentials are found is in `credentials`; whether a key is of the same account is for whoever
gives `reread`. Next: `client`, which asks for new ones when the vendor refuses the old ones.
"""

import threading
from collections.abc import Callable

from resources.api.credentials import Credentials

Reread = Callable[[], Credentials | None]
"""Reads the credentials again; None if they cannot be read now."""


class KeyRing:
    """The credentials in use. Safe to share among threads."""

    def __init__(self, first: Credentials, reread: Reread | None = None) -> None:
        """`reread` None: the credentials never change."""
        self._reread = reread
        self._lock = threading.Lock()  # held while reading: one thread reads for all
        self._current = first

    @property
    def current(self) -> Credentials:
        """The credentials to sign with."""
        return self._current

    def renew(self, refused: Credentials) -> bool:
        """Whether there are others than the `refused` ones; reads them again if nobody has yet.

        Raises what `reread` raises: a key of another account ends the run.
        """
        with self._lock:
            if self.current == refused and self._reread is not None:
                found = self._reread()
                if found is not None and found != refused:
                    self._current = found
            return self.current != refused
