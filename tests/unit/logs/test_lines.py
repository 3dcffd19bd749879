"""Lines are read one by one, and a file cannot take the memory or the disk."""

import gzip

import pytest

from resources.logs import lines


def test_lines_of_plain_and_gzipped_files_are_the_same(tmp_path):
    data = b"one\ntwo\r\n\nlast"
    plain, packed = tmp_path / "plain", tmp_path / "x.gz"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data) + gzip.compress(b"\nnext\n"))  # files grow by members
    assert [*lines.read(plain)] == [b"one\n", b"two\r\n", b"\n", b"last"]
    assert b"".join(lines.read(packed)) == data + b"\nnext\n"


def test_a_bomb_is_given_up(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"x" * (lines.LONGEST * 3)))
    with pytest.raises(lines.UnreadableFile, match="a line has more"):
        [*lines.read(path)]
    path.write_bytes(gzip.compress(b"x\n" * 10_000))
    with pytest.raises(lines.UnreadableFile, match="unpacked"):
        [*lines.read(path, 1000)]


@pytest.mark.parametrize(("written", "is_whole"), [
    (gzip.compress(b"a\n") + gzip.compress(b"b\n"), True),
    (gzip.compress(b"a\n")[:-1], False),
    (b"<html>", False),
    (b"", False),
], ids=["two members", "cut", "a page", "empty"])  # fmt: skip
def test_what_a_whole_gzip_file_is(tmp_path, written, is_whole):
    path = tmp_path / "x.gz"
    path.write_bytes(written)
    assert lines.is_whole_gzip(path) is is_whole


@pytest.mark.parametrize("cut", [1, 9, 20])
def test_a_damaged_file_is_told(tmp_path, cut):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"some lines\n" * 50)[:-cut])
    with pytest.raises(lines.UnreadableFile, match="damaged"):
        [*lines.read(path)]
