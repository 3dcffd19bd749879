"""What the doctor makes of what it finds; the whole of it runs in test_cli_archive.py."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipelines import doctor
from pipelines.doctor import Verdict
from resources.archive import Archive
from resources.settings import find

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def archive(folder, **more):
    return Archive.open({"LIVESTATS_HOME": str(folder), **more}, folder)


@pytest.mark.parametrize(
    ("ahead_s", "verdict"),
    [
        (0, "ok"),
        (-59, "ok"),
        (61, "warning"),
        (-300, "warning"),
        (700, "problem"),
        (-901, "problem"),
    ],
)
def test_the_clock_may_be_a_minute_off_and_never_ten(ahead_s, verdict):
    told = format_datetime(NOW - timedelta(seconds=ahead_s), usegmt=True)
    assert doctor.judged_offset("http://api", told, NOW).verdict == verdict


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_a_server_without_a_date_is_no_problem(header):
    assert doctor.judged_offset("http://api", header, NOW).verdict is Verdict.OK


def test_a_new_home_is_fine_and_is_not_made(tmp_path):
    folder = tmp_path / "deep" / "home"
    assert doctor.home_found(archive(folder)).verdict is Verdict.OK
    assert doctor.warehouse_free(archive(folder)).verdict is Verdict.OK
    assert list(tmp_path.iterdir()) == []


def test_a_home_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    finding = doctor.home_found(archive(tmp_path / "file" / "home"))
    assert finding.verdict is Verdict.PROBLEM
    assert "LIVESTATS_HOME" in finding.advice


def test_a_clock_that_is_set_is_said_aloud(tmp_path):
    finding = doctor.clock_set(archive(tmp_path, LIVESTATS_NOW="2026-11-22T08:00:00+08:00"))
    assert finding.verdict is Verdict.WARNING
    assert "2026-11-22 08:00" in finding.text


def test_a_damaged_warehouse_is_told_from_one_that_is_held(tmp_path):
    found = archive(tmp_path)
    found.home.warehouse.parent.mkdir(parents=True)
    found.home.warehouse.write_bytes(b"no database" * 1000)
    finding = doctor.warehouse_free(found)
    assert finding.verdict is Verdict.PROBLEM
    assert "livestats publish" in finding.advice


def test_settings_say_where_they_come_from(tmp_path):
    (tmp_path / "livestats.toml").write_text("[api]\nworkers = 3\n")
    environ = {"LIVESTATS_HOME": str(tmp_path)}
    texts = [f.text for f in doctor.settings_found(find(environ, tmp_path))]
    assert texts[0].endswith("livestats.toml")
    assert f"api.workers = 3 (from {tmp_path / 'livestats.toml'})" in texts
    assert f"archive.home = {tmp_path} (from LIVESTATS_HOME)" in texts


def test_the_key_is_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    environ = {"VOLC_ACCESSKEY": "AKMARKED", "VOLC_SECRETKEY": "SKMARKED"}
    _, finding = doctor.key_found(environ)
    assert finding.verdict is Verdict.OK
    assert "MARKED" not in repr(finding)
    _, finding = doctor.key_found({})
    assert finding.verdict is Verdict.PROBLEM
    assert "VOLC_ACCESSKEY" in finding.advice


def test_another_dagster_home_is_pointed_out(tmp_path):
    assert doctor.dagster_found(archive(tmp_path)).verdict is Verdict.OK
    finding = doctor.dagster_found(archive(tmp_path, DAGSTER_HOME="/elsewhere"))
    assert finding.verdict is Verdict.WARNING


def test_an_api_that_is_not_there_is_one_problem(tmp_path):
    """Nothing listens on port 1; the key is then not tried as well."""
    environ = {
        "LIVESTATS_API_URL": "http://127.0.0.1:1",
        "VOLC_ACCESSKEY": "A",
        "VOLC_SECRETKEY": "S",
    }
    found = doctor.examine(archive(tmp_path, **environ), tmp_path)
    problems = [f for f in found if f.verdict is Verdict.PROBLEM and f.name != "disk"]
    assert [f.name for f in problems] == ["api"]
    assert "LIVESTATS_API_URL" in problems[0].advice


def test_the_disk_is_told_layer_by_layer(tmp_path):
    (tmp_path / "raw" / "edge_stat").mkdir(parents=True)
    (tmp_path / "raw" / "edge_stat" / "responses.zst").write_bytes(bytes(100_000))
    (tmp_path / "lake").mkdir()
    held = doctor.held_by_layer(tmp_path)
    assert list(held) == ["lake", "raw"]
    assert held["lake"] == 0
    assert 100_000 <= held["raw"] < 200_000
    assert doctor.held_by_layer(tmp_path / "nowhere") == {}
    assert "raw 0.00" in doctor.space(tmp_path).text
