"""Errors of DuckDB that are of this machine."""

import duckdb
import pytest

from resources.sql import failures


@pytest.mark.parametrize(
    "error",
    [
        duckdb.OutOfMemoryException("failed to allocate"),
        duckdb.IOException("Could not write file: No space left on device"),
        duckdb.IOException('Could not set lock on file "x"'),
        duckdb.TransactionException("Failed to commit: Could not write: No space left on device"),
        duckdb.TransactionException('Failed to commit: Could not write file "x": File too large'),
        duckdb.FatalException("Failed to write the WAL: Input/output error"),
        PermissionError(13, "Permission denied"),
    ],
)
def test_a_full_disk_and_a_lock_say_nothing_about_the_file(error):
    assert failures.is_local(error)


def test_a_full_spill_folder_is_told_from_too_little_memory():
    assert failures.is_spill_full(
        duckdb.OutOfMemoryException("failed to offload data block of size 256.0 KiB")
    )
    assert not failures.is_spill_full(duckdb.OutOfMemoryException("could not allocate block"))


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("not a valid DuckDB database file"),
        duckdb.CatalogException("no table"),
        duckdb.TransactionException("Conflict on update"),
    ],
)
def test_a_file_that_is_no_database_is_wrong(error):
    assert not failures.is_local(error)
