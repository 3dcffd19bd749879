"""What is written has the size and the SHA-256 that are told, and goes to the file."""

import hashlib

import pytest

from resources.fs.digest_writer import DigestWriter

DATA = (b"", b"some ", b"bytes")
WHOLE = b"".join(DATA)
SHA256 = hashlib.sha256(WHOLE).hexdigest()


@pytest.mark.parametrize("has_file", [True, False])
def test_it_is_known_what_was_written(tmp_path, has_file):
    path = tmp_path / "copy" if has_file else None
    writer = DigestWriter(path)
    for data in DATA:
        writer.write(data)
    writer.close()
    assert writer.has_taken(len(WHOLE), SHA256)
    assert not writer.has_taken(len(WHOLE) + 1, SHA256)
    assert not writer.has_taken(len(WHOLE), hashlib.sha256(b"others").hexdigest())
    assert path is None or path.read_bytes() == WHOLE


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    path = tmp_path / "copy"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        DigestWriter(path)
    assert path.read_bytes() == b"old"
