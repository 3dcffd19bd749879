"""Verifies cold answers: that the store has them, in the size that was moved there.

Their bytes are read back only by a deep verification, since a store asks money for it. Read next: raw.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from resources.raw import cold
from resources.raw.captures import BodyFile


@dataclass
class ColdFiles:
    """The cold files of a verification: how they are looked at, and what was."""

    is_deep: bool = False  # also read them back
    files: int = 0  # whose size is right, and whose bytes were not read
    is_out_told: bool = False  # that the store cannot be used

    def damage(self, file: BodyFile) -> str | None:
        """What is wrong in the store with a file that is not here; None if it is not noted as cold.

        Raises StoreError, OSError, and ValueError if the note of the day is damaged.
        """
        noted = cold.of_file(file.path)
        if noted is None:
            return None
        store = cold.store_of(file.path.parents[3])
        size = store.size(noted.key)
        if size is None:
            return f"is gone from {store.place.text}, where it was moved"
        if size != file.size:
            return (
                f"holds {size:,} bytes in {store.place.text} of the {file.size:,} that were moved"
            )
        self.files += not self.is_deep
        return ""
