"""Files that are there whole or not at all, and locks that end with their process."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ASIDE = ".making-"
"""Prefix of whatever is still being built; such a name is never read."""

_NO_RANGES = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
"""What the kernel says where it cannot copy inside itself."""


def aside(path: Path) -> Path:
    """A fresh name beside `path` for building what will be swapped in there."""
    return path.with_name(f"{ASIDE}{path.name}-{os.getpid()}-{secrets.token_hex(4)}")


def flush(path: Path) -> None:
    """Bring a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def swap_in(new: Path, path: Path) -> None:
    """Give a finished file or folder its name, replacing a file that has it; survives a crash."""
    flush(new)
    new.replace(path)
    flush(path.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    new = aside(path)
    try:
        new.write_bytes(data)
        swap_in(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def copy(path: Path, new: Path) -> None:
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


def sealed(facts: Mapping[str, Any]) -> bytes:
    """Facts as a JSON text that holds its own SHA-256: `unsealed` finds any changed byte."""
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return (json.dumps({**facts, "sha256": digest}, indent=1) + "\n").encode()


def unsealed(data: bytes) -> dict[str, Any]:
    """The facts of a text made by `sealed`. Raises ValueError if any byte of it has changed."""
    facts = json.loads(data)
    if isinstance(facts, dict):
        facts.pop("sha256", None)
        if sealed(facts) == data:
            return facts
    raise ValueError("it has changed since it was written")


def remove_stale(folder: Path) -> int:
    """Remove what crashed runs left half-made in `folder`, whose lock the caller holds."""
    if not folder.is_dir():
        return 0
    stale = [p for p in folder.iterdir() if p.name.startswith(ASIDE)]
    for path in stale:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(stale)


def lock_now(folder: Path) -> int | None:
    """An exclusive lock on a folder as a descriptor to close, or None if somebody holds it.

    The kernel drops it when the process ends, however it ends.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise
    return descriptor


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock on a folder, waiting for whoever has it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
