"""What livestats demo prints."""

from datetime import date

import pytest
from click.testing import CliRunner

from pipelines.backfill.summary import Summary
from pipelines.cli import demo, main


def test_the_ledger_is_one_sentence():
    row = (66, 66, 1234, date(2026, 11, 19), date(2026, 11, 21))
    assert demo.coverage_line(row) == (
        "Ledger: 66 of 66 dataset-days complete, 2026-11-19 to 2026-11-21, 1,234 rows."
    )


def test_the_answer_is_a_table_of_at_most_80_columns(capsys):
    names = ["domain", "peak_gbps", "traffic_tb", "peak_viewers", "worst_stream", "5xx_%"]
    demo.show(names, [("pull-1.sim.example", 1.25, 2.0, 12345, "room-1 12 %", None)])
    first, row = capsys.readouterr().out.splitlines()
    assert first.split() == names
    assert row.split() == ["pull-1.sim.example", "1.2", "2.0", "12,345", "room-1", "12", "%"]
    assert max(len(first), len(row)) <= 80


def test_days_that_the_api_no_longer_has_are_told_and_the_demo_goes_on():
    assert not demo.has_failed(Summary(is_complete=False))
    assert demo.has_failed(Summary(failed=[("edge_stat", date(2026, 11, 20), "refused")]))
    assert demo.has_failed(Summary(incomplete=[("edge_stat", date(2026, 11, 20), "lacks 1")]))


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    (tmp_path / "mine.txt").touch()
    result = CliRunner().invoke(main, ["demo", "--keep", str(tmp_path)])
    assert result.exit_code == 2
    assert "no demo made it" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("folder", ["with space", "plain"])
def test_the_last_lines_are_commands_for_a_shell(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    day = date(2026, 11, 20)
    status, query, report = demo._next_commands(tmp_path / folder, day, day)
    assert f"status --from {day}" in status
    assert "FROM bandwidth_5min" in query
    assert "report.html" in report
