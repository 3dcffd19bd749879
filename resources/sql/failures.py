"""Tells errors of DuckDB that are of this machine from those of a file's content.

DuckDB has one class for both and adds the system's words to its message. Not here: errors of the
system itself (resources/fs/access.py).
"""

from __future__ import annotations

import errno
import os

import duckdb

from resources.fs import access

_SPILL_WORDS = ("failed to offload", "max_temp_directory_size")
"""Of the disk that DuckDB spills to. Its error has the class of one about too little memory."""

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
    *_SPILL_WORDS,
)


def is_local(error: BaseException) -> bool:
    """`access.is_local`, for errors of DuckDB too."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return True
    # A commit that cannot be written comes as TransactionException, what follows as FatalException.
    if isinstance(error, duckdb.IOException | duckdb.TransactionException | duckdb.FatalException):
        return any(words in str(error).lower() for words in _WORDS)
    return access.is_local(error)


def is_spill_full(error: BaseException) -> bool:
    """True if there was no room on the disk for what exceeds the memory limit."""
    return any(words in str(error).lower() for words in _SPILL_WORDS)
