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
    """The credentials in use, and those used before, for redaction. Safe to share among threads."""

    def __init__(self, first: Credentials, reread: Reread | None = None) -> None:
        """`reread` None: the credentials never change."""
        self._reread = reread
        self._lock = threading.Lock()  # held while reading: one thread reads for all
        self._used: tuple[Credentials, ...] = (first,)  # the newest last

    @property
    def current(self) -> Credentials:
        """The credentials to sign with."""
        return self._used[-1]

    def renew(self, refused: Credentials) -> bool:
        """Whether there are others than the `refused` ones; reads them again if nobody has yet.

        Raises what `reread` raises: a key of another account ends the run.
        """
        with self._lock:
            if self.current == refused and self._reread is not None:
                found = self._reread()
                if found is not None and found != refused:
                    self._used = (*(one for one in self._used if one != found), found)
            return self.current != refused

    def redact(self, text: bytes) -> bytes:
        """`text` with every secret that was ever used replaced by `***`."""
        for credentials in self._used:
            text = credentials.redact(text)
        return text

    def redact_text(self, text: str) -> str:
        """As `redact`, for a text that was decoded."""
        redacted = self.redact(text.encode("utf-8", "surrogatepass"))
        return redacted.decode("utf-8", "surrogatepass")

    @property
    def longest_secret(self) -> int:
        """Bytes of the longest text that `redact` replaces; 0: it replaces none."""
        return max(credentials.longest_secret for credentials in self._used)
