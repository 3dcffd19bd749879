"""Files that are written whole or not at all.

Here: temporary names, writing, replacing and copying. Not here: locks that others wait for
(locks.py), JSON with a checksum (sealed.py).
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMP_PREFIX = ".making-"
"""Prefix of files and folders that are not complete. Readers ignore such names."""

_NOT_SUPPORTED = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
"""Errors of copy_file_range where the kernel or the file system does not support it."""


_COPY_BYTES = 1 << 26
"""Copied by one call of the kernel, which does not hear signals meanwhile."""


def temp_path(path: Path) -> Path:
    """A new temporary name in the folder of `path`, to be renamed to `path` when complete."""
    return path.with_name(f"{TEMP_PREFIX}{path.name}-{os.getpid()}-{secrets.token_hex(4)}")


def fsync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_into_place(temp: Path, path: Path) -> None:
    """Rename a complete file or folder to `path`, replacing a file there. Durable on return."""
    fsync(temp)
    temp.replace(path)
    fsync(path.parent)


def make_folder(folder: Path, base: Path) -> None:
    """Make a folder and those between it and `base`.

    `base` itself is not made: a home that was moved away gets no other in its place. Raises
    FileNotFoundError if it is not there.
    """
    if folder != base and not folder.is_dir():
        if folder.parent != base:
            make_folder(folder.parent, base)
        folder.mkdir(exist_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    with making(path) as temp:
        temp.write_bytes(data)


@contextmanager
def making(path: Path) -> Iterator[Path]:
    """An empty temporary file that becomes `path` after the block, and is removed after an error.

    It is locked meanwhile, so no lock of the folder is needed: whoever makes `path` next removes
    the temporary files whose processes were killed, and no others.
    """
    _remove_abandoned(path)
    temp, descriptor = temp_path(path), -1
    try:
        # Within the block: a signal may come between any two steps.
        while (descriptor := _created(temp)) < 0:
            temp = temp_path(path)
        yield temp
        rename_into_place(temp, path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _created(temp: Path) -> int:
    """Create a temporary file; a descriptor that holds its lock, -1 if the file is gone again.

    Another process may take it for abandoned before it is locked.
    """
    descriptor = os.open(temp, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    with suppress(OSError):  # not every file system can lock
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)
    return -1


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary files of `path` that no process has locked."""
    prefix = f"{TEMP_PREFIX}{path.name}-"
    with suppress(OSError):  # the folder is missing, or a file belongs to another user
        with os.scandir(path.parent) as entries:
            found = [e.path for e in entries if e.name.startswith(prefix) and e.is_file()]
        for temp in found:
            descriptor = os.open(temp, os.O_RDONLY)
            try:
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    Path(temp).unlink(missing_ok=True)
            finally:
                os.close(descriptor)


def copy_file(path: Path, copy: Path) -> None:
    """Copy a file. On file systems with reflinks (Btrfs, XFS), both files share their blocks.

    Elsewhere the kernel copies the bytes, or Python where the kernel cannot. The kernel's copy is
    written to the disk piece by piece and does not stay in memory: GBs of it would displace what
    others read, and on a virtual machine each new page costs an exit to the host (2.7 GB: 7 s of CPU
    instead of 1.2).
    """
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(path, copy)
        return
    with path.open("rb") as source, copy.open("xb") as target:
        remaining = os.fstat(source.fileno()).st_size
        try:
            while remaining:
                done = os.copy_file_range(
                    source.fileno(), target.fileno(), min(remaining, _COPY_BYTES)
                )
                if not done:
                    break
                remaining -= done
                os.fdatasync(target.fileno())  # only what is on the disk can be dropped
                os.posix_fadvise(target.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
        if remaining:  # copy_file_range is not supported, or stopped early
            shutil.copyfileobj(source, target, 1 << 20)


def remove_stale_temps(folder: Path) -> int:
    """Remove temporary files and folders that crashed runs left in `folder`; how many.

    The caller holds the lock that every writer of `folder` takes, so none of them is in use.
    """
    if not folder.is_dir():
        return 0
    stale = [p for p in folder.iterdir() if p.name.startswith(TEMP_PREFIX)]
    for path in stale:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(stale)
