"""Files that are written whole or not at all.

Here: temporary names, writing, replacing and copying. Not here: locks (locks.py), JSON with a
checksum (sealed.py).
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from pathlib import Path

TEMP_PREFIX = ".making-"
"""Prefix of files and folders that are not complete. Readers ignore such names."""

_NOT_SUPPORTED = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
"""Errors of copy_file_range where the kernel or the file system does not support it."""


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


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    temp = temp_path(path)
    try:
        temp.write_bytes(data)
        rename_into_place(temp, path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


def copy_file(path: Path, copy: Path) -> None:
    """Copy a file. On file systems with reflinks (Btrfs, XFS), both files share their blocks.

    Elsewhere the kernel copies the bytes, or Python where the kernel cannot.
    """
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(path, copy)
        return
    with path.open("rb") as source, copy.open("xb") as target:
        remaining = os.fstat(source.fileno()).st_size
        try:
            while remaining:
                done = os.copy_file_range(source.fileno(), target.fileno(), min(remaining, 1 << 30))
                if not done:
                    break
                remaining -= done
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
