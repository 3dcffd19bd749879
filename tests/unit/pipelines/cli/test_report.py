"""Options of livestats report; the page is tried in tests/unit/pipelines/reports/usage."""

from datetime import date

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.cli.report import Month


def report(*words, **environ):
    return CliRunner().invoke(main, ["report", *words], env=environ)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--month", "2026-10", "--from", "2026-10-02"], "not both"),
        (["--month", "October"], "Write it like 2026-11"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "is after"),
        (["--output", "/no/such/folder/report.html"], "there is no folder"),
    ],
)
def test_what_cannot_be_reported_is_refused_first(words, said, tmp_path):
    result = report(*words, LIVESTATS_HOME=str(tmp_path))
    assert result.exit_code == 2
    assert said in result.output


def test_a_month_is_its_first_day():
    assert Month().convert("2026-02", None, None) == date(2026, 2, 1)
