"""docs/first-ten-minutes.md is what a new user types and sees, wrong turns included."""

import errno
import re
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from tests.support.doc_pages import ROOT, transcripts
from tests.support.terminal_user import terminal

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "first-ten-minutes.md").read_text("utf-8")
WALK, WRONG = PAGE.split("\n## Wrong turns\n")
TURNS = {
    heading: [*transcripts(text)]
    for heading, text in re.findall(
        r"^### (.+?)\n(.*?)(?=^### |\Z)", WRONG, re.DOTALL | re.MULTILINE
    )
}
REQUEST = re.compile(r", request [0-9A-F]{32}")


def lines(text):
    """What was printed, without what differs from time to time, and how wide it was printed."""
    return [" ".join(REQUEST.sub("", line).split()) for line in text.splitlines()]


def assert_shown(shown, printed):
    """Every line that the page shows was printed, in that order; `...` stands for others."""
    rest, is_open = lines(printed), False
    for line in map(" ".join, map(str.split, shown)):
        if line == "...":
            is_open = True
            continue
        assert line in rest if is_open else line == rest[0], f"{line!r}\nof\n{printed}"
        rest, is_open = rest[rest.index(line) + 1 :], False
    assert is_open or not rest, f"the page does not show\n{rest}"


def turn(heading):
    (shown,) = TURNS[heading]
    return shown


@pytest.fixture(scope="module")
def me(tmp_path_factory):
    """A terminal in which the whole walk is done."""
    with terminal(tmp_path_factory.mktemp("ten") / "me") as found:
        yield found


@pytest.fixture
def newcomer(tmp_path):
    """A terminal with a key, and no archive yet."""
    with terminal(tmp_path / "me") as found:
        said, _ = found.run("livestats simulate")
        found.export(said)
        found.environ["LIVESTATS_API_URL"] = found.simulator.url
        yield found


def test_every_step_shows_what_the_page_says(me):
    steps = [*transcripts(WALK)]
    assert len(steps) == 9
    for step in steps:
        printed, _ = me.run(step.command)
        assert_shown(step.output, printed)
        if step.command.startswith("livestats simulate"):
            me.export(printed)
            me.environ["LIVESTATS_API_URL"] = me.simulator.url


def test_every_wrong_turn_is_taken():
    assert {*TURNS} == {
        "Old Python", "No key", "Wrong access key", "Wrong secret key", "Wrong region",
        "Wrong address, or no way there", "Clock off", "An action is not allowed", "Disk full",
    }  # fmt: skip


@pytest.mark.parametrize(
    "heading",
    ["Wrong access key", "Wrong secret key", "Wrong region", "Wrong address, or no way there"],
)
def test_a_wrong_variable_is_met_by_what_mends_it(newcomer, heading):
    shown = turn(heading)
    variable, _, command = shown.command.partition(" ")
    name, _, value = variable.partition("=")
    printed, code = newcomer.run(command, **{name: value})
    assert code == 1
    assert_shown(shown.output, printed)


def test_no_key(newcomer):
    shown = turn("No key")
    printed, code = newcomer.run(shown.command, VOLC_ACCESSKEY=None, VOLC_SECRETKEY=None)
    assert code == 1
    assert_shown(shown.output, printed)


def test_an_action_that_is_not_allowed(newcomer):
    newcomer.simulator._service.denied = frozenset({"DescribeLiveTopPlayData"})
    shown = turn("An action is not allowed")
    printed, code = newcomer.run(shown.command)
    assert code == 1
    assert_shown(shown.output, printed)


def test_a_clock_that_is_off(newcomer, monkeypatch):
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(minutes=40)

    monkeypatch.setattr("pipelines.doctor.api.datetime", Ahead)
    monkeypatch.setattr("resources.api.client.datetime", Ahead)
    shown = turn("Clock off")
    printed, code = newcomer.run(shown.command)
    assert code == 1
    assert_shown(shown.output, printed)
    assert "InvalidTimestamp" in printed, "the API refuses such signatures as well"


def test_a_full_disk(newcomer, monkeypatch):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device", "simulated/raw/domain")

    monkeypatch.setattr("resources.capture.capturer.Capturer.capture_dimension", full)
    shown = turn("Disk full")
    printed, code = newcomer.run(shown.command)
    assert code == 2
    assert_shown(shown.output, printed)


def test_an_old_python(tmp_path):
    """One that says it is 3.9 and has a name of its own."""
    old = tmp_path / "python3.9"
    old.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "sys.version_info, sys.executable = (3, 9, 18), '/usr/bin/python3.9'\n"
        "exec(sys.argv[2])\n"
    )
    old.chmod(0o755)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text("utf-8"))
    for name in ("requirements.lock", "pyproject.toml", "hatch_build.py"):
        (tmp_path / name).touch()
    shown = turn("Old Python")
    assert shown.command == "make venv PYTHON=python3.9"
    done = subprocess.run(
        ["make", "venv", f"PYTHON={old}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert shown.output[0] in done.stderr
    assert not (tmp_path / ".venv").exists()
