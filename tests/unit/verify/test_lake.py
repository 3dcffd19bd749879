"""What is said of the lake file of one day; the remedies are tried in test_run.py."""

import os
import shutil

import pyarrow.parquet as pq
import pytest

from resources.api.catalog import DATASETS
from resources.api.parsing.parse import Rows, row_schema
from resources.lake import parquet
from resources.raw import captures, tombstones
from resources.verify.findings import FindingKind, Place, Repair
from resources.verify.lake import LakeDay, declared
from resources.verify.raw import RawDay
from tests.support.archives import DAYS

TRAFFIC, PUSHES = DATASETS["batch_stream_traffic"], DATASETS["push_stream_info"]
DAY = DAYS[0]


def silent(_path, _size):
    """Nobody looks on."""


@pytest.fixture
def place(past, tmp_path):
    """A copy of two days and two datasets."""
    archive = past.with_(LIVESTATS_HOME=str(tmp_path / "home")).archive
    for dataset in (TRAFFIC, PUSHES):
        for layer in ("raw", "lake"):
            shutil.copytree(
                past.root / layer / dataset.name, archive.home.root / layer / dataset.name
            )
    return Place(archive, TRAFFIC, DAY)


def looked(place, deep=False):
    raw_day = RawDay(place, silent)
    assert list(raw_day.findings()) == []
    day = LakeDay(place, raw_day, silent, deep=deep)
    return day, [*day.findings()]


def written(place, change, capture=None, requests=None):
    """Write the file anew, with sound checksums, from what `change` makes of its rows."""
    path = parquet.path_of(place.archive.home.lake, place.dataset.name, place.day)
    newest = captures.newest(place.raw)
    rows = pq.read_table(path).drop_columns(["business_date"]).cast(row_schema(place.dataset))
    writer = parquet.LakeWriter(path, place.dataset, place.day)
    writer.add(Rows(change(rows), 0, (), ()))
    asked = len(newest.manifest["requests"])
    writer.seal(capture or newest.name, asked if requests is None else requests)
    writer.commit()


@pytest.mark.parametrize("deep", [False, True])
def test_a_file_as_it_was_written_has_none(place, deep):
    day, found = looked(place, deep)
    assert found == []
    assert (day.is_good, day.is_unread) == (True, False)
    assert day.rows == pq.read_metadata(day.path).num_rows > 0


def test_a_changed_byte_is_damage_and_the_table_is_not_compared(place):
    path = looked(place)[0].path
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(data)
    day, (found,) = looked(place)
    assert (found.kind, found.repair) == (FindingKind.DAMAGED, Repair.REPLAY)
    assert not day.is_good


def test_a_file_that_is_gone_is_missed_because_the_day_is_captured(place):
    looked(place)[0].path.unlink()
    _, (found,) = looked(place)
    assert (found.kind, found.repair) == (FindingKind.MISSING, Repair.REPLAY)


@pytest.mark.parametrize("other", [(TRAFFIC, DAYS[1]), (PUSHES, DAY)], ids=["day", "dataset"])
def test_a_sound_file_of_another_place_does_not_belong_here(place, other):
    dataset, day = other
    lake = place.archive.home.lake
    shutil.copyfile(
        parquet.path_of(lake, dataset.name, day), parquet.path_of(lake, TRAFFIC.name, DAY)
    )
    _, (found,) = looked(place)
    assert (found.kind, found.repair) == (FindingKind.MISMATCH, Repair.REPLAY)


def test_a_file_of_the_capture_before_is_behind(place):
    older = captures.captures_in(place.raw)[0]
    written(place, lambda rows: rows, capture=older)
    day, (found,) = looked(place)
    assert (found.kind, found.repair) == (FindingKind.BEHIND, Repair.REPLAY)
    assert day.is_good  # the tables can still be compared with it


def test_a_file_of_a_capture_that_is_not_there_misses_it(place):
    name = captures.CaptureName(f"20300101T000000000000Z-1-{'0' * 16}")
    written(place, lambda rows: rows, capture=name)
    _, (found,) = looked(place)
    assert (found.kind, found.subject.name) == (FindingKind.MISSING, name.text)


def test_a_file_that_tells_other_requests_than_its_capture_is_no_file_of_it(place):
    written(place, lambda rows: rows, requests=999)
    _, (found,) = looked(place)
    assert found.kind is FindingKind.MISMATCH


def test_a_row_that_the_capture_does_not_give_is_found_by_the_deep_look_alone(place):
    written(place, lambda rows: rows.slice(1))
    assert looked(place)[1] == []
    _, (found,) = looked(place, deep=True)
    assert (found.kind, found.repair) == (FindingKind.MISMATCH, Repair.REPLAY)


def test_what_lies_beside_the_file_is_named(place):
    folder = looked(place)[0].path.parent
    (folder / "part-2.parquet").touch()
    day, (found,) = looked(place)
    assert (found.kind, found.repair) == (FindingKind.EXTRA, Repair.REMOVE)
    assert day.is_good


def test_what_may_not_be_looked_at_is_not_called_damaged(place, monkeypatch):
    path = looked(place)[0].path

    def refused(at, *_, **__):
        raise PermissionError(13, os.strerror(13), str(at))

    monkeypatch.setattr("resources.lake.checksum.check", refused)
    day, (found,) = looked(place)
    assert (found.kind, found.subject) == (FindingKind.UNVERIFIED, path)
    assert (day.is_good, day.is_unread) == (False, True)


def test_the_wording_of_a_comment_is_no_part_of_the_schema():
    schema = parquet.schema(TRAFFIC)
    field = schema.field("down_traffic_bytes")
    for key, is_same in ((b"comment", True), (b"unit", False)):
        other = field.with_metadata({**field.metadata, key: b"something else"})
        changed = schema.set(schema.get_field_index(field.name), other)
        assert declared(changed).equals(declared(schema), check_metadata=True) is is_same


def test_a_file_of_what_an_erasure_took_is_made_again_and_no_capture_is_restored(place):
    newest = captures.newest(place.raw)
    old = captures.CaptureName(f"{newest.name.text[:-16]}{'0' * 16}")
    written(place, lambda rows: rows, capture=old)
    (found,) = looked(place)[1]
    assert found.kind is FindingKind.MISSING
    stone = tombstones.Tombstone(
        erasure="1", kind="domain", at="", capture=old.text, sha256="0",
        became=newest.name.text, rows=1,
    )  # fmt: skip
    tombstones.add(place.raw, stone)
    (found,) = looked(place)[1]
    assert (found.kind, found.repair) == (FindingKind.BEHIND, Repair.REPLAY)
    assert "erasure took" in found.text
