"""Files that are written whole or not at all.

Here: writing, replacing and copying. Not here: locks (locks.py), files with a checksum (sealed.py).
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from pathlib import Path

TEMP_PREFIX = ".making-"
"""Prefix of whatever is still being built; such a name is never read."""

_NO_RANGES = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
"""What the kernel says where it cannot copy inside itself."""


def temp_path(path: Path) -> Path:
    """A fresh name beside `path` for building what will be swapped in there."""
    return path.with_name(f"{TEMP_PREFIX}{path.name}-{os.getpid()}-{secrets.token_hex(4)}")


def fsync(path: Path) -> None:
    """Bring a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_into_place(new: Path, path: Path) -> None:
    """Give a finished file or folder its name, replacing a file that has it; survives a crash."""
    fsync(new)
    new.replace(path)
    fsync(path.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    new = temp_path(path)
    try:
        new.write_bytes(data)
        rename_into_place(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def copy_file(path: Path, new: Path) -> None:
    """Copy a file. Where the file system can (Btrfs, XFS, ...), the two share their blocks.

    Elsewhere the kernel copies: as many bytes are read and written as the file has.
    """
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(path, new)
        return
    with path.open("rb") as source, new.open("xb") as target:
        left = os.fstat(source.fileno()).st_size
        try:
            while left:
                done = os.copy_file_range(source.fileno(), target.fileno(), min(left, 1 << 30))
                if not done:
                    break
                left -= done
        except OSError as error:
            if error.errno not in _NO_RANGES:
                raise
        if left:  # a file system that cannot, or not beyond here
            shutil.copyfileobj(source, target, 1 << 20)


def remove_stale_temps(folder: Path) -> int:
    """Remove what crashed runs left half-made in `folder`, whose lock the caller holds."""
    if not folder.is_dir():
        return 0
    stale = [p for p in folder.iterdir() if p.name.startswith(TEMP_PREFIX)]
    for path in stale:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(stale)
