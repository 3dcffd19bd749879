"""Tells a file that could not be looked at from one whose content is wrong.

A full disk, a missing permission or too many open files say nothing about the bytes of a file. Not
here: errors of DuckDB (resources/sql/failures.py). Read next: scratch.py.
"""

from __future__ import annotations

import errno
from pathlib import Path

_EVERYWHERE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}

LEAVE_IT = "Fix that and run again; nothing says that it is damaged, so leave it as it is."
"""What to do about a file of which nothing is known but that it could not be looked at."""

_GONE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
"""The place was looked at, and there is no such file."""


def is_local(error: BaseException) -> bool:
    """True if the error is one of this machine (permission, space, memory, disk), not of the bytes.

    pyarrow raises OSError without a number for bytes that it cannot decode.
    """
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, OSError) and error.errno is not None and error.errno not in _GONE


def is_of_one_place(error: OSError) -> bool:
    """True if the error concerns a file or folder, and the work on others can go on.

    A full disk or too many open files would fail them all.
    """
    return error.errno not in _EVERYWHERE


def reason(error: BaseException) -> str:
    """The error for a message: the system's words, and the file if it is named.

    A file where a folder belongs is named with what to do: the system says only that it exists.
    """
    path = file_in_the_way(error)
    if path is not None:
        return f"{path} is a file, and a folder belongs there: move it out of the home"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error) or type(error).__name__


def in_words(error: BaseException) -> str:
    """The error as it says of itself, but for a file where a folder belongs: see `reason`."""
    return str(error) if file_in_the_way(error) is None else reason(error)


def file_in_the_way(error: BaseException) -> Path | None:
    """The file that lies where a folder is needed, if that is what an error is about."""
    if not isinstance(error, FileExistsError | NotADirectoryError) or not error.filename:
        return None
    path = Path(str(error.filename))
    return next((one for one in (path, *path.parents) if one.is_file()), None)
