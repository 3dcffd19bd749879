"""The tombstones of an archive, with their places."""

from resources.raw import all_tombstones, tombstones
from resources.raw.tombstones import Tombstone

ONE = Tombstone(erasure="1", kind="domain", at="", capture="a", sha256="0", became="b", rows=1)


def test_all_of_an_archive_are_found_with_their_place(tmp_path):
    folder = tmp_path / "edge_stat" / "2026-11-20"
    folder.mkdir(parents=True)
    tombstones.add(folder, ONE)
    assert [*all_tombstones.every(tmp_path)] == [("edge_stat", "2026-11-20", ONE)]
