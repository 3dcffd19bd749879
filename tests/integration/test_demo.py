"""`livestats demo`: its days, its folder, and what a user can paste after it."""

import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from pipelines.cli import demo_account as demo
from pipelines.cli import main
from pipelines.reports.demo_picture import short_names
from resources.archive import Archive
from tests.support.offered import DAILY

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--domains", "2", "--streams", "2", "--deleted", "0", "--rate", "none")
"""A smaller account than the one that the demo shows."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-22T07:59:00+08:00", date(2026, 11, 20)),  # time shift comes at 08:00
        ("2026-11-22T08:01:00+08:00", date(2026, 11, 21)),
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
    demo.claim(tmp_path / "new")
    (tmp_path / "new" / demo.HOME).mkdir()
    demo.claim(tmp_path / "new")
    assert (tmp_path / "new" / demo.HOME).is_dir()


def test_a_folder_of_a_demo_of_another_account_is_left_alone(tmp_path, monkeypatch):
    demo.claim(tmp_path / "new")
    monkeypatch.setattr(demo, "SIMULATED", SMALL)
    with pytest.raises(demo.NotADemo, match="another version"):
        demo.claim(tmp_path / "new")


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


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout whose path has a space, with the command that `make venv` makes."""
    folder = tmp_path_factory.mktemp("demo") / "my checkout"
    script = folder / ".venv" / "bin" / "livestats"
    script.parent.mkdir(parents=True)
    script.write_text(
        f"#!{sys.executable}\n"
        "from pipelines.cli import demo_account, main\n"
        f"demo_account.SIMULATED = {SMALL!r}\n"
        "main()\n"
    )
    script.chmod(0o755)
    return folder


def run(command, folder):
    """What `command` prints; it must succeed."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def printed(checkout):
    """What the demo prints in the checkout."""
    return run([".venv/bin/livestats", "demo", "--days", "1"], checkout)


def test_it_captures_everything_and_draws_a_picture(checkout, printed):
    assert "pull-2.sim.example" in printed
    assert f"{len(DAILY)} of {len(DAILY)} dataset-days complete" in printed
    assert "…" not in printed
    picture = checkout / "livestats-demo" / demo.PICTURE
    assert picture.read_bytes().startswith(b"\x89PNG")


def assert_lines_work(printed, folder, kept):
    """The last three lines of a demo are commands that a shell in the same folder can run."""
    status, question, page = printed.splitlines()[-3:]
    shown = run(["sh", "-c", status], folder)
    assert "captured" in shown
    assert "lost" not in shown
    assert "pull-2.sim.example" in run(["sh", "-c", question], folder)
    run(["sh", "-c", page], folder)
    assert "Live streaming" in (kept / demo.REPORT).read_text("utf-8")


def test_the_last_three_lines_can_be_pasted(checkout, printed):
    assert " .venv/bin/livestats status" in printed.splitlines()[-3]
    assert_lines_work(printed, checkout, checkout / "livestats-demo")


@pytest.mark.usefixtures("printed")
def test_a_second_run_from_elsewhere_uses_the_archive_again(checkout):
    """Both paths, of the command and of the archive, have a space here."""
    script = checkout / ".venv" / "bin" / "livestats"
    folder = checkout / "livestats-demo"
    printed = run([str(script), "demo", "--days", "1", "--keep", str(folder)], checkout.parent)
    assert f"{len(DAILY)} of {len(DAILY)} dataset-days complete" in printed
    assert_lines_work(printed, checkout.parent, folder)
