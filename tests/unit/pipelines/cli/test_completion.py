"""Completion in shells: the script, and what it gets."""

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
