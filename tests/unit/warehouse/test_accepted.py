"""Which lake files a load accepts."""

import shutil
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures, tombstones
from resources.raw.manifest_facts import ManifestFacts
from resources.raw.tombstones import Tombstone
from resources.warehouse.accepted import RefusedFile, provenance
from tests.support.lake_files import store

PUSHES = DATASETS["push_stream_info"]
DAY = date(2026, 11, 22)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def home(tmp_path):
    """A day's lake file, and the folder of its capture."""
    found = Home(tmp_path)
    store(found.lake, PUSHES, DAY, [{}])
    return found


def accept(home, day=DAY):
    path = parquet.path_of(home.lake, PUSHES.name, DAY)
    return provenance(home, PUSHES, day, path, ZONE)


def test_a_file_of_its_day_whose_capture_is_there_is_accepted(home):
    assert accept(home).rows == 1


def test_a_file_whose_capture_is_gone_is_refused(home):
    (capture,) = captures.folder_of(home.raw, PUSHES.name, DAY).iterdir()
    capture.rmdir()
    with pytest.raises(RefusedFile, match="Restore the capture from a backup"):
        accept(home)


def test_a_file_that_has_changed_is_refused_with_what_makes_it_again(home):
    path = parquet.path_of(home.lake, PUSHES.name, DAY)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(RefusedFile, match="livestats replay --from 2026-11-22"):
        accept(home)


MEANT = {"bucket_seconds": 3600}


@pytest.mark.parametrize(
    ("of_capture", "of_home"),
    [(MEANT, {}), ({}, MEANT), (MEANT, {"bucket_seconds": 300})],
    ids=["usual days, and this one of hours", "days of hours, and a usual one", "another width"],
)
def test_a_file_of_a_capture_with_other_settings_than_the_homes_is_refused(
    home, monkeypatch, of_capture, of_home
):
    """One table cannot hold both."""
    facts = ManifestFacts(PUSHES.name, str(DAY), ZONE.key, 2, settings=of_capture)
    monkeypatch.setattr("resources.warehouse.accepted.manifest_facts", lambda _: facts)
    monkeypatch.setattr(Home, "id", "ours")
    monkeypatch.setattr(Home, "pinned", {PUSHES.name: of_home} if of_home else {})
    with pytest.raises(RefusedFile, match="captured with other settings"):
        accept(home)
    monkeypatch.setattr(Home, "pinned", {PUSHES.name: of_capture})
    assert accept(home).rows == 1


def test_a_file_that_was_made_of_what_an_erasure_took_is_refused(home):
    (capture,) = captures.folder_of(home.raw, PUSHES.name, DAY).iterdir()
    stone = Tombstone(
        erasure="1", kind="domain", at="", capture=capture.name, sha256="0", became="", rows=1
    )
    tombstones.add(capture.parent, stone)
    for _ in range(2):  # it is back, and gone
        with pytest.raises(RefusedFile, match="erasure took.*livestats replay --from 2026-11-22"):
            accept(home)
        shutil.rmtree(capture, ignore_errors=True)
