"""Options of livestats backup; copying is tried in tests/unit/pipelines/backup."""

from click.testing import CliRunner

from pipelines.cli import main


def test_a_home_without_an_archive_is_not_backed_up(tmp_path):
    environ = {"LIVESTATS_HOME": str(tmp_path / "slip")}
    result = CliRunner().invoke(main, ["backup", str(tmp_path / "copy")], env=environ)
    assert result.exit_code == 2
    assert "LIVESTATS_HOME" in result.output
    assert [*tmp_path.iterdir()] == []
