"""Help of all commands, and what they import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[4]


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


@pytest.mark.parametrize("command", [*COMMANDS])
def test_every_command_explains_itself_with_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.output.splitlines()]
    assert {"Example:", "Examples:"} & {*lines}
    assert [line for line in lines if line.startswith(f"livestats {command}")]


def test_the_first_help_keeps_its_examples_line_by_line():
    lines = [line.split() for line in run("--help").output.splitlines()]
    assert ["livestats", "demo", "a", "simulated", "account,", "no", "key", "needed"] in lines


def test_help_lists_every_command_with_what_it_does():
    lines = run("--help").output.splitlines()
    for command in COMMANDS:
        (line,) = (text for text in lines if text.startswith(f"  {command} "))
        assert len(line.split()) > 3


def imported(*commands):
    """The modules that commands have imported when they end, all in one process."""
    code = (
        "import sys, json\nfrom pipelines.cli import main\n"
        f"for words in {commands!r}:\n try: main(words)\n except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(found.stdout.splitlines()[-1]))


def test_help_imports_next_to_nothing():
    """That is what keeps it below 0.3 s; a timed test would fail on a busy machine."""
    heavy = {"dagster", "duckdb", "jinja2", "matplotlib", "numpy", "pandas", "pyarrow"}
    heavy |= {"requests", "rich"}
    assert imported(["--help"]) & heavy == set()


@pytest.mark.slow
def test_commands_that_need_no_dagster_do_not_import_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", str(tmp_path))
    commands = ["tables"], ["status"], ["query", "SELECT 1"], ["publish"]
    assert "dagster" not in imported(*commands)


@pytest.mark.slow
def test_only_commands_that_make_pages_import_jinja(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", str(tmp_path / "home"))
    assert "jinja2" not in imported(["tables"], ["status"], ["settings"])
    assert "jinja2" in imported(["status", "--html", str(tmp_path / "page.html")])


def test_short_helps_are_whole_at_80_columns():
    assert "..." not in run("--help", COLUMNS="80").output.partition("Commands:")[2]
