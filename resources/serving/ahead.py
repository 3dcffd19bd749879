"""A copy of what is served, made beside other work: the next publication then has little to write.

Nobody may write into a file that is served or was: whoever has it open goes on reading it. So each
publication makes a file of its own, as large as the warehouse, of which a load has changed a few
per cent. A run that is going to publish has the present copy copied while it captures and loads; in
the end the warehouse is held against that, block by block, and what differs is written.

Nothing rests on what was made ahead. It may be old, cut short or wrong: all of it is compared before
it gets a name that is read. Until then it has no name at all, so it goes with its process, however
that ends. If it is not there, the whole warehouse is copied.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

log = logging.getLogger("livestats.warehouse")

WORTH_BYTES = 64 << 20
"""Of what is served; copying less takes no time worth a thread."""

_SPARE_BYTES = 10**9
"""Left on the disk for captures and loads, beside the copy and as much again."""

_STEP = 16 << 20  # bytes, after each of which it can end
_FICLONE = 0x40049409  # of Linux: makes a file share the blocks of another


@dataclass(frozen=True)
class _Work:
    """A copy that is being made."""

    descriptor: int
    ends: Event  # set: not worth going on
    thread: Thread


class Ahead:
    """At most one copy, which is given to whoever publishes, or dropped."""

    def __init__(self) -> None:
        """Nothing is made before `begin`."""
        self._work: _Work | None = None

    def begin(self, served: Path) -> None:
        """Have what the link `served` leads to copied by a thread, beside it.

        Not if that was begun before, nothing or little is served, or room is short; nor where a
        copy costs nothing, because it can share blocks, or files without a name are not known.
        """
        if self._work is not None or not served.exists() or not hasattr(os, "O_TMPFILE"):
            return
        source = served.resolve()
        size = source.stat().st_size
        free = shutil.disk_usage(source.parent).free
        if size < WORTH_BYTES or free < 2 * size + _SPARE_BYTES:
            return
        try:
            descriptor = os.open(source.parent, os.O_TMPFILE | os.O_RDWR, 0o666)
        except OSError as error:
            log.debug("nothing is copied ahead: %s", error)
            return
        if _shares_blocks(source, descriptor):
            os.close(descriptor)
            return
        ends = Event()
        thread = Thread(target=_copy, args=(source, descriptor, ends), name="ahead", daemon=True)
        self._work = _Work(descriptor, ends, thread)
        thread.start()

    def give(self, new: Path) -> bool:
        """Let what was made so far be the file `new`; False if there is nothing."""
        descriptor = self._ended()
        if descriptor is None:
            return False
        try:
            _give_name(descriptor, new)
        except OSError as error:
            log.debug("what was copied ahead gets no name: %s", error)
            return False
        finally:
            os.close(descriptor)
        return True

    def close(self) -> None:
        """Let go what was made, if it was not given."""
        descriptor = self._ended()
        if descriptor is not None:
            os.close(descriptor)

    def _ended(self) -> int | None:
        """The copy, with nobody at work on it any more."""
        work, self._work = self._work, None
        if work is None:
            return None
        work.ends.set()
        work.thread.join()
        return work.descriptor


def _give_name(descriptor: int, new: Path) -> None:
    """What open(2) says of files that were made without one."""
    folder = os.open(new.parent, os.O_RDONLY)
    try:
        # Given a folder, Python calls linkat, which follows; link does not.
        os.link(f"/proc/self/fd/{descriptor}", new, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _shares_blocks(source: Path, descriptor: int) -> bool:
    """True if the file system can: Btrfs, XFS and others."""
    try:
        with source.open("rb") as held:
            fcntl.ioctl(descriptor, _FICLONE, held.fileno())
    except OSError:  # whatever it says: it cannot, here
        return False
    return True


def _copy(source: Path, descriptor: int, ends: Event) -> None:
    try:
        with source.open("rb") as held:
            at = 0
            while not ends.is_set() and (
                count := os.sendfile(descriptor, held.fileno(), at, _STEP)
            ):
                at += count
        if not ends.is_set():
            os.fsync(descriptor)  # once: in between, it makes all that is written after it slower
    except OSError as error:
        # Such as a full disk: what is there is as good a beginning as any.
        log.warning("%s was not copied whole ahead of the next publication: %s", source, error)
