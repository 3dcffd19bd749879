"""Files that commands write: never one of the archive itself."""

import re

import click
import pytest
from click.testing import CliRunner

from pipelines.cli import COMMANDS, main, output
from tests.support.archives import DAYS, contents

BY_OPTION = {
    "query --output": "query SELECT --format table",
    "report --output": "report",
    "metrics --output": "metrics",
    "superset --output": "superset",
    "status --html": "status",
    "digest --out": f"digest --prove batch_stream_traffic {DAYS[0]}",
    "probe --out": "probe",
}
OURS = ("archive.json", "raw/new.prom", "exports/../lake", "served/livestats.duckdb")


def written():
    """Every option that names a file or a folder, and reads none."""
    for name in COMMANDS:
        command = main.get_command(None, name)
        for option in command.params:
            is_file = isinstance(option.type, click.Path) and not option.type.exists
            if is_file and isinstance(option, click.Option) and option.type.file_okay:
                yield f"{name} {option.opts[-1]}", option


NO_FILE = {"init --home", "superset --path"}  # the home itself; a path on another machine


def test_every_file_that_a_command_writes_is_of_the_one_type():
    assert {*BY_OPTION} == {n for n, o in written() if isinstance(o.type, output.OutputFile)}
    assert {n for n, o in written() if not isinstance(o.type, output.OutputFile)} == NO_FILE
    said = re.compile("--(output|out|html) ")
    for name in COMMANDS:
        helped = main.get_command(None, name).get_help(click.Context(main))
        assert not said.search(helped) or any(key.startswith(f"{name} ") for key in BY_OPTION)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("option", BY_OPTION)
def test_a_file_of_the_archive_is_never_overwritten(past, option, name):
    before = contents(past.root)
    target = past.root / name
    words = [*BY_OPTION[option].split(), option.split()[1], str(target)]
    result = CliRunner().invoke(main, words, env=past.archive.environ)
    assert result.exit_code == 2, result.output
    assert result.output == (
        f"Error: {target} is among the files of the archive in {past.root}, which are not "
        "overwritten. Name another file.\n"
    )
    assert contents(past.root) == before


def test_the_default_is_no_exception(past, monkeypatch):
    monkeypatch.chdir(past.root / "raw")
    before = contents(past.root)
    for command in ("report", "superset"):
        result = CliRunner().invoke(main, [command], env=past.archive.environ)
        assert (result.exit_code, "are not overwritten" in result.output) == (2, True)
    assert contents(past.root) == before


def test_a_new_file_in_the_top_folder_is_written(past):
    target = past.root / "answer.csv"
    words = ["query", "SELECT 1 AS a", "--output", str(target)]
    result = CliRunner().invoke(main, words, env=past.archive.environ)
    assert result.exit_code == 0, result.output
    assert target.read_text() == "a\n1\n"
    target.unlink()


def test_links_that_lead_in_a_circle_are_refused(past, tmp_path):
    circle = tmp_path / "a.csv"
    circle.symlink_to(circle)
    words = ["query", "SELECT 1 AS a", "--output", str(circle)]
    result = CliRunner().invoke(main, words, env=past.archive.environ)
    assert result.exit_code == 2
    assert "cannot be written" in result.output
