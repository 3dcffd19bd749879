"""Options of livestats simulate."""

import click
import pytest
from click.testing import CliRunner

from pipelines.cli import main, simulate


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


def test_faults_of_the_simulator_are_checked():
    assert simulate.odds(["throttle=0.5", "cut=0"]) == {"throttle": 0.5, "cut": 0.0}
    with pytest.raises(click.BadParameter, match="Did you mean throttle"):
        simulate.odds(["trottle=0.5"])
    with pytest.raises(click.BadParameter, match="from 0 to 1"):
        simulate.odds(["cut=7"])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--clock", "noon"], "no time with an offset"),
        (["--rate", "fast"], "neither documented, none nor a number"),
        (["--domains", "0"], "0 is not in the range"),
    ],
)
def test_wrong_options_of_the_simulator_are_refused(words, text):
    result = run("simulate", *words)
    assert result.exit_code == 2
    assert text in result.output
