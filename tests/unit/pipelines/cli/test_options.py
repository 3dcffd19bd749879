"""Options that several commands share."""

from datetime import date

from click.testing import CliRunner

from pipelines.cli import main, options


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


def test_a_day_is_written_in_iso_form():
    result = run("status", "--from", "1.11.2026")
    assert result.exit_code == 2
    assert "Write it like 2026-11-01" in result.output
    assert options.Day().convert(date(2026, 11, 1), None, None) == date(2026, 11, 1)
