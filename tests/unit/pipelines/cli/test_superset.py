"""Options of livestats superset; the bundle is tried in tests/unit/pipelines/superset."""

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.cli.superset import _line
from pipelines.superset.client import ChartResult


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--name", " "], "--name is empty"), (["--path", "served/x.duckdb"], "is relative")],
)
def test_a_database_without_a_name_or_an_absolute_path_is_refused(words, said, tmp_path):
    environ = {"LIVESTATS_HOME": str(tmp_path)}
    result = CliRunner().invoke(main, ["superset", *words], env=environ)
    assert result.exit_code == 2
    assert said in result.output


def test_before_anything_is_published_no_file_is_written(tmp_path):
    output = tmp_path / "bundle.zip"
    environ = {"LIVESTATS_HOME": str(tmp_path / "home")}
    result = CliRunner().invoke(main, ["superset", "--output", str(output)], env=environ)
    assert result.exit_code == 2
    assert not output.exists()


def test_each_chart_is_a_line_with_its_rows_or_its_error():
    good = ChartResult(chart="Traffic", rows=1234, error=None)
    bad = ChartResult(chart="Traffic", rows=0, error="no such table")
    assert _line(good) == "  1,234  Traffic"
    assert _line(bad) == "  error  Traffic: no such table"
