"""Completion in shells: the script, and what it gets."""

import os
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from pipelines.cli import COMMANDS, completion, main


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_script_asks_livestats(shell):
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_LIVESTATS_COMPLETE" in result.stdout
    assert f"{shell}_complete" in result.stdout


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_shell_can_read_the_script(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    script = run("completion", shell).stdout
    done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_zsh_needs_no_completion_system_of_its_own_before(tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh")
    script = run("completion", "zsh").stdout
    assert "compinit" in script
    told = subprocess.run(
        ["zsh", "-f", "-c", 'eval "$(cat)"; print $_comps[livestats]'],
        input=script,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        text=True,
        capture_output=True,
        check=False,
    )
    assert (told.stdout.strip(), told.stderr) == ("_livestats_completion", "")


def test_fish_shows_a_description_with_its_commas():
    assert 'string split -m 1 "," $completion' in run("completion", "fish").stdout


def offered(*words):
    """What bash is offered for the last word."""
    result = run(
        _LIVESTATS_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(("livestats", *words)),
        COMP_CWORD=str(len(words)),
    )
    return [line.partition(",")[2] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("que",), ["query"]),
        (("query", "--ex"), ["--examples", "--example"]),
        (("query", "--example", "worst_s"), ["worst_streams"]),
        (("query", "--format", "ma"), ["markdown"]),
        (("tables", "bandwidth_5"), ["bandwidth_5min", "bandwidth_5min_account"]),
        (("status", "--dataset", "stream_c"), ["stream_count", "stream_count_account"]),
        (("diff", "push_stream_m"), ["push_stream_metrics"]),
    ],
)
def test_commands_options_and_names_are_offered(words, found):
    assert offered(*words) == found


def test_every_command_is_offered():
    assert offered("") == [*COMMANDS]
