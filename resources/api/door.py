"""The first call of a client goes alone, so that a wrong key is refused once, not by every thread."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from resources.api.errors import FixSetup

LONGEST_S = 3.0
"""How long others wait for the first call: a slow answer shall not hold them up for long."""


class Door:
    """Shut until a call has come back with anything but FixSetup. Safe to share among threads."""

    def __init__(self) -> None:
        """Nobody has called yet."""
        self._changed = threading.Condition()
        self._is_open = False
        self._is_out = False  # the call that goes first
        self._refusals = 0
        self._refusal: FixSetup | None = None

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Make a call inside of the block.

        Raises the FixSetup of the call that this one waited for: it would be told the same.
        """
        if self._is_open:
            yield
            return
        is_first = self._wait()
        is_good = True
        try:
            yield
        except FixSetup as error:
            is_good = False
            if is_first:
                self._refusal = error
            raise
        finally:
            with self._changed:
                if is_good:
                    self._is_open = True
                if is_first:
                    self._is_out = False
                    self._refusals += not is_good
                self._changed.notify_all()

    def _wait(self) -> bool:
        """True if nobody else is out: this call is the first."""
        with self._changed:
            seen = self._refusals
            self._changed.wait_for(
                lambda: self._is_open or not self._is_out or self._refusals != seen,
                LONGEST_S,
            )
            if self._refusals != seen and self._refusal is not None:
                raise copy.copy(self._refusal)  # an error carries the trace of its own thread
            is_first = not self._is_out
            self._is_out = True
            return is_first
