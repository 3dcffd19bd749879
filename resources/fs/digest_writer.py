"""A writer that takes size and SHA-256 of what it is given, on the way to a file or to nowhere.

Not here: what is compared with them (raw/cold_move.py, shared/transfer.py).
"""

from __future__ import annotations

import hashlib
from pathlib import Path


class DigestWriter:
    """The size in bytes and the SHA-256 of what is written to it."""

    def __init__(self, path: Path | None = None) -> None:
        """Write on to the new file `path`, if there is one. Raises FileExistsError, OSError."""
        self.size, self._sha256 = 0, hashlib.sha256()
        self._file = path.open("xb") if path else None

    def write(self, data: bytes, /) -> None:
        """Take some bytes."""
        self.size += len(data)
        self._sha256.update(data)
        if self._file is not None:
            self._file.write(data)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def has_taken(self, size: int, sha256: str) -> bool:
        """True if what was written has this size and hexadecimal SHA-256."""
        return (self.size, self._sha256.hexdigest()) == (size, sha256)
