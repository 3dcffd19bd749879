"""Which files of a home are the archive's own, and which somebody put beside them."""

import pytest

from pipelines.erase import pending
from resources.home import own
from resources.home.layout import Home

OURS = (
    *("archive.json", "erasures.json", "erasing.json", "backup.json", "livestats.toml"),
    *("raw/edge_stat/x", "lake/edge_stat/day=2026-11-27/rows.parquet", "logs/x", "state/new.csv"),
    *("warehouse/warehouse.duckdb", "served/livestats.duckdb", "locks/x", "dagster/x"),
    *("digests/x", "iceberg/x.parquet", "raw"),
)


@pytest.fixture
def home(tmp_path):
    root = tmp_path / "home"
    root.mkdir()
    return Home(root)


@pytest.mark.parametrize("name", OURS)
def test_what_is_of_the_archive_is_its_own(home, name, tmp_path, monkeypatch):
    assert own.holds(home, home.root / name)
    (tmp_path / "beside").symlink_to(home.root)
    assert own.holds(home, tmp_path / "beside" / name)
    assert own.holds(home, home.root / "exports" / ".." / name)
    monkeypatch.chdir(home.root)
    assert own.holds(Home(tmp_path / "beside"), home.root.joinpath(name).relative_to(home.root))


@pytest.mark.parametrize("name", ["edge.csv", "raw.csv", "exports/archive.json", "../archive.json"])
def test_what_somebody_puts_beside_it_is_not(home, name):
    assert not own.holds(home, home.root / name)


def test_a_layer_on_another_disk_is_its_own_there_too(home, tmp_path):
    (tmp_path / "disk").mkdir()
    home.raw.symlink_to(tmp_path / "disk")
    assert own.holds(home, tmp_path / "disk" / "rows.csv")
    link = tmp_path / "mine.csv"
    link.symlink_to(home.identity_file)
    assert own.holds(home, link)


def test_folders_and_notes_that_others_make_are_known_by_the_same_names(home):
    assert pending.path_of(home) in own.files(home)
    assert {*home.folders()} - {home.root} <= {*own.folders(home), home.budget}
