"""livestats publish and livestats replay."""

import pytest
from click.testing import CliRunner

from pipelines.cli import main


@pytest.mark.parametrize("command", ["publish", "replay"])
def test_a_slip_in_the_path_makes_no_empty_archive(tmp_path, command):
    environ = {"LIVESTATS_HOME": str(tmp_path / "slip")}
    result = CliRunner().invoke(main, [command], env=environ)
    assert result.exit_code == 2
    assert "There is no archive in" in result.output
    assert not (tmp_path / "slip").exists()


def test_a_range_that_ends_before_it_starts_is_refused(tmp_path):
    words = ["replay", "--from", "2026-11-02", "--to", "2026-11-01"]
    result = CliRunner().invoke(main, words, env={"LIVESTATS_HOME": str(tmp_path)})
    assert result.exit_code == 2
    assert "give the earlier day to --from" in result.output
