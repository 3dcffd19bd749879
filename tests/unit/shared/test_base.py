"""What home and store had in common is read as it was saved, or not at all."""

from resources.home.layout import Home
from resources.shared.base import Base, folder_of
from resources.shared.index import Entry, IndexName

PLACE = "s3://bucket/acme"
MADE = Base(
    PLACE,
    IndexName(7, 3, "0" * 16),
    is_swept=False,
    files={"archive.json": Entry("0" * 64, 3)},
    stamps={"archive.json": (3, 1_764_489_600_000_000_001)},
)


def test_it_is_read_as_it_was_saved(tmp_path):
    home = Home(tmp_path)
    assert Base.of(home, PLACE) == Base(PLACE)
    MADE.save(home)
    assert Base.of(home, PLACE) == MADE


def test_one_of_another_place_or_that_is_damaged_is_none(tmp_path):
    home = Home(tmp_path)
    MADE.save(home)
    assert Base.of(home, "s3://bucket/other") == Base("s3://bucket/other")
    (path,) = folder_of(home).iterdir()
    path.write_bytes(path.read_bytes()[:-9] + b"?" * 9)
    assert Base.of(home, PLACE) == Base(PLACE)
