"""The demonstration: its days, its folder, and one run of it."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from pipelines import demo
from pipelines.cli import main
from pipelines.reports.demo_picture import short_names
from resources.archive import Archive

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-22T06:59:00+08:00", date(2026, 11, 20)),  # rankings come at 07:00
        ("2026-11-22T07:01:00+08:00", date(2026, 11, 21)),
        ("2026-11-22T23:59:00+08:00", date(2026, 11, 21)),
    ],
)
def test_the_days_end_with_the_newest_that_has_settled_for_all(now, last):
    assert demo.days(datetime.fromisoformat(now), SHANGHAI, 3) == (last - timedelta(days=2), last)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "archive.json").write_text("{}")
    with pytest.raises(demo.NotADemo, match="is not empty"):
        demo.claim(tmp_path)
    result = CliRunner().invoke(main, ["demo", "--keep", str(tmp_path)])
    assert result.exit_code == 2
    assert "Name a new folder" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["archive.json"]


def test_a_folder_of_an_earlier_demo_is_used_again(tmp_path):
    for _ in range(2):
        demo.claim(tmp_path / "new")
    assert json.loads((tmp_path / "new" / demo.MARKER).read_text("utf-8"))


def test_nothing_of_the_users_own_set_up_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", "/mine")
    monkeypatch.setenv("VOLC_ACCESSKEY", "mine")
    found = demo.environment({"LIVESTATS_HOME": "./simulated", "VOLC_ACCESSKEY": "AK"}, tmp_path)
    archive = Archive.open(found, tmp_path)
    assert archive.home.root == tmp_path
    assert "mine" not in str(found.values())


def test_names_lose_the_ending_that_all_share():
    assert short_names(["a.b.example", "c.b.example"]) == {"a.b.example": "a", "c.b.example": "c"}
    assert short_names(["a.one.example", "a.two.example"]) == {
        "a.one.example": "a.one",
        "a.two.example": "a.two",
    }
    assert short_names(["same.example"]) == {"same.example": "same"}


def test_it_runs_end_to_end_and_draws_a_picture(tmp_path, monkeypatch):
    """The command itself, on a smaller account than the one that it shows by default."""
    small = ("--domains", "2", "--streams", "2", "--deleted", "0", "--rate", "none")
    monkeypatch.setattr(demo, "SIMULATED", small)
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "demo"
    result = CliRunner().invoke(main, ["demo", "--days", "1", "--keep", str(folder)])
    assert result.exit_code == 0, result.output
    assert "pull-2.sim.example" in result.stdout
    assert "18 of 18 dataset-days complete" in result.stdout
    assert "…" not in result.stdout
    assert (folder / demo.PICTURE).read_bytes().startswith(b"\x89PNG")
