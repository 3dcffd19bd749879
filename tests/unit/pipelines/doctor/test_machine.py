"""Checks of the machine: versions, settings, clock, home, disk, warehouse."""

import shutil

import duckdb

from pipelines.doctor import Severity, machine
from resources.archive import Archive
from resources.config import resolve


def archive(folder, **more):
    return Archive.open({"LIVESTATS_HOME": str(folder), **more}, folder)


def test_a_new_home_is_fine_and_is_not_made(tmp_path):
    folder = tmp_path / "deep" / "home"
    assert machine.home_found(archive(folder)).severity is Severity.OK
    assert machine.warehouse_free(archive(folder)).severity is Severity.OK
    assert list(tmp_path.iterdir()) == []


def test_a_home_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    finding = machine.home_found(archive(tmp_path / "file" / "home"))
    assert finding.severity is Severity.PROBLEM
    assert "LIVESTATS_HOME" in finding.remedy


def test_a_clock_that_is_set_is_said_aloud(tmp_path):
    finding = machine.clock_set(archive(tmp_path, LIVESTATS_NOW="2026-11-22T08:00:00+08:00"))
    assert finding.severity is Severity.WARNING
    assert "2026-11-22 08:00" in finding.text


def test_a_damaged_warehouse_is_told_from_one_that_is_held(tmp_path):
    found = archive(tmp_path)
    found.home.warehouse.parent.mkdir(parents=True)
    found.home.warehouse.write_bytes(b"no database" * 1000)
    finding = machine.warehouse_free(found)
    assert finding.severity is Severity.PROBLEM
    assert "livestats publish" in finding.remedy


def test_too_little_memory_is_no_damage_of_the_warehouse(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise duckdb.OutOfMemoryException("Out of Memory Error: Failed to allocate block")

    found = archive(tmp_path)
    found.home.warehouse.parent.mkdir(parents=True)
    found.home.warehouse.touch()
    monkeypatch.setattr(duckdb, "connect", refused)
    finding = machine.warehouse_free(found)
    assert finding.severity is Severity.PROBLEM
    assert "nothing says that it is damaged" in finding.remedy


def test_settings_say_where_they_come_from(tmp_path):
    (tmp_path / "livestats.toml").write_text("[api]\nworkers = 3\n")
    environ = {"LIVESTATS_HOME": str(tmp_path)}
    texts = [f.text for f in machine.settings_found(resolve(environ, tmp_path))]
    assert texts[0].endswith("livestats.toml")
    assert f"api.workers = 3 (from {tmp_path / 'livestats.toml'})" in texts
    assert f"archive.home = {tmp_path} (from LIVESTATS_HOME)" in texts


def test_another_dagster_home_is_pointed_out(tmp_path):
    assert machine.dagster_found(archive(tmp_path)).severity is Severity.OK
    finding = machine.dagster_found(archive(tmp_path, DAGSTER_HOME="/elsewhere"))
    assert finding.severity is Severity.WARNING


def test_the_disk_is_told_layer_by_layer(tmp_path):
    (tmp_path / "raw" / "edge_stat").mkdir(parents=True)
    (tmp_path / "raw" / "edge_stat" / "responses.zst").write_bytes(bytes(100_000))
    (tmp_path / "lake").mkdir()
    held = machine.held_by_layer(tmp_path)
    assert list(held) == ["lake", "raw"]
    assert held["lake"] == 0
    assert 100_000 <= held["raw"] < 200_000
    assert machine.held_by_layer(tmp_path / "nowhere") == {}
    assert "raw 0.00" in machine.space(archive(tmp_path)).text


def test_the_disk_is_too_small_for_a_load_or_for_a_month(tmp_path, monkeypatch):
    """A load of an empty warehouse wants a gigabyte."""
    found = archive(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    verdicts = []
    for free in (999_999_999, 1_000_000_000):
        held = usage._replace(free=free)
        monkeypatch.setattr(
            "resources.monitoring.disk_space.shutil.disk_usage", lambda _, held=held: held
        )
        verdicts.append(machine.space(found).severity)
    assert verdicts == [Severity.PROBLEM, Severity.OK]
    monkeypatch.setattr("resources.monitoring.disk_space._captured_in_a_week", lambda _: 7)
    assert machine.space(found).severity is Severity.WARNING


def test_versions_that_were_not_tested_are_told(monkeypatch):
    assert {f.severity for f in machine.versions()} == {Severity.OK}
    assert {"duckdb", "pyarrow", "dagster"} <= set(machine.tested())
    real = machine._installed
    other = {"duckdb": "9.9.9", "pyarrow": None}
    monkeypatch.setattr(machine, "_installed", lambda name: other.get(name, real(name)))
    *_, finding = machine.versions()
    assert finding.severity is Severity.WARNING
    assert "duckdb 9.9.9 (tested: " in finding.text
    assert "pyarrow missing" in finding.text
    monkeypatch.setattr(machine, "_installed", lambda name: {"dagster": "1.2"}.get(name, "1.3"))
    assert Severity.PROBLEM in {f.severity for f in machine.versions()}
