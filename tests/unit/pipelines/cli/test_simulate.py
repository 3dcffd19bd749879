"""Options of livestats simulate."""

from unittest import mock

import click
import pytest
from click.testing import CliRunner

from pipelines.cli import main, simulate
from pipelines.probe.document import document, write
from pipelines.probe.topics import sure


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


def test_faults_of_the_simulator_are_checked():
    assert simulate.odds(["throttle=0.5", "cut=0"]) == {"throttle": 0.5, "cut": 0.0}
    with pytest.raises(click.BadParameter, match="Did you mean throttle"):
        simulate.odds(["trottle=0.5"])
    with pytest.raises(click.BadParameter, match="from 0 to 1"):
        simulate.odds(["cut=7"])


def test_it_behaves_as_the_file_of_a_probe_says(tmp_path):
    write(
        tmp_path / "probe.json",
        document(
            [
                sure("end", "inclusive"),
                sure("action", "not offered", action="DescribeIpInfo", code="no code", status=404),
                sure("domains", "mixed case"),
            ],
            {},
            version="1",
            vendor="volcengine",
        ),
    )
    with mock.patch("resources.simulator.serve") as serve:
        result = run("simulate", "--like", str(tmp_path / "probe.json"), "--manner", "null-result")
    assert result.exit_code == 0, result.output
    options = serve.call_args.kwargs
    assert options["options"].end == "inclusive"
    assert options["withdrawn"] == ["DescribeIpInfo"]
    assert [manner.name for manner in options["manners"]] == ["name-case", "null-result"]


def test_a_file_that_no_probe_wrote_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    result = run("simulate", "--like", str(tmp_path / "x.json"))
    assert result.exit_code == 2
    assert "is no file of `livestats probe`" in result.output


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
