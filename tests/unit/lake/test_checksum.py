"""The checksum inside of a lake file."""

from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.lake import checksum
from tests.support.lake_files import store


@pytest.fixture
def path(tmp_path):
    return store(tmp_path, DATASETS["stream_count"], date(2026, 11, 1), [{}, {"domain": "b"}])


def test_a_file_as_it_was_written_passes(path):
    checksum.check(path)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.99])
def test_any_changed_byte_is_found(path, part):
    data = bytearray(path.read_bytes())
    data[int(len(data) * part)] ^= 1
    path.write_bytes(data)
    with pytest.raises(checksum.DamagedFile):
        checksum.check(path)


def test_a_file_that_was_cut_has_none(path):
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(checksum.DamagedFile, match="holds no checksum"):
        checksum.check(path)
