"""Tells errors of DuckDB that are of this machine from those of a file's content.

DuckDB has one class for both and adds the system's words to its message. Not here: errors of the
system itself (resources/fs/access.py).
"""

from __future__ import annotations

import errno
import os

import duckdb

from resources.fs import access

_WORDS = (
    *(
        os.strerror(number).lower()
        for number in (
            *(errno.EACCES, errno.EPERM, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS),
            *(
                errno.EFBIG,
                errno.EMFILE,
                errno.ENFILE,
                errno.ENOMEM,
                errno.EBUSY,
                errno.ESTALE,
                errno.ETIMEDOUT,
            ),
        )
    ),
    "could not set lock",
    "failed to offload",  # no space to spill to
    "max_temp_directory_size",
)


def is_local(error: BaseException) -> bool:
    """`access.is_local`, for errors of DuckDB too."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return True
    # A commit that cannot be written comes as TransactionException, what follows as FatalException.
    if isinstance(error, duckdb.IOException | duckdb.TransactionException | duckdb.FatalException):
        return any(words in str(error).lower() for words in _WORDS)
    return access.is_local(error)
