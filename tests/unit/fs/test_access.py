"""Errors of this machine and errors of a file's content."""

import errno
import os

import pytest

from resources.fs import access


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOSPC])
def test_a_file_that_could_not_be_looked_at_is_not_wrong(number):
    error = OSError(number, os.strerror(number), "x")
    assert access.is_local(error)
    assert access.reason(error) == f"{os.strerror(number)} (x)"


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "gone"), OSError("not a Parquet file"), ValueError()]
)
def test_a_file_that_is_gone_or_cannot_be_decoded_was_looked_at(error):
    assert not access.is_local(error)


def test_memory_that_ran_out_is_of_this_machine_and_has_a_reason():
    assert access.is_local(MemoryError())
    assert access.reason(MemoryError()) == "MemoryError"


def test_a_file_where_a_folder_belongs_is_named_with_what_to_do(tmp_path):
    (tmp_path / "day").touch()
    told = f"{tmp_path / 'day'} is a file, and a folder belongs there: move it out of the home"
    for path in (tmp_path / "day", tmp_path / "day" / "capture"):
        with pytest.raises(OSError, match="Errno") as caught:
            path.mkdir(exist_ok=True)
        assert (access.reason(caught.value), access.in_words(caught.value)) == (told, told)
    assert access.in_words(OSError(errno.EIO, "broken", "x")) == "[Errno 5] broken: 'x'"
    assert access.file_in_the_way(FileExistsError(errno.EEXIST, "there", str(tmp_path))) is None
