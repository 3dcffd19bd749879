"""The command line from outside: help, start-up, and what it says of wrong words."""

import json
import logging
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pipelines.cli import COMMANDS, failures, main, options, screen, simulate
from resources.api.catalog import DATASETS, dataset
from resources.api.errors import FixSetup, TryLater
from resources.config import SettingsError
from resources.marts import data_dictionary
from resources.marts.definition import read
from resources.system_tables.registry import OWN_TABLES
from resources.warehouse import dataset_docs

ROOT = Path(__file__).resolve().parents[4]


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


@pytest.mark.parametrize("command", [*COMMANDS])
def test_every_command_explains_itself_with_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.output.splitlines()]
    assert {"Example:", "Examples:"} & {*lines}
    assert [line for line in lines if line.startswith(f"livestats {command}")]


def test_the_first_help_keeps_its_examples_line_by_line():
    lines = [line.split() for line in run("--help").output.splitlines()]
    assert ["livestats", "demo", "a", "simulated", "account,", "no", "key", "needed"] in lines


def test_help_lists_every_command_with_what_it_does():
    lines = run("--help").output.splitlines()
    for command in COMMANDS:
        (line,) = (text for text in lines if text.startswith(f"  {command} "))
        assert len(line.split()) > 3


def imported(*commands):
    """The modules that commands have imported when they end, all in one process."""
    code = (
        "import sys, json\nfrom pipelines.cli import main\n"
        f"for words in {commands!r}:\n try: main(words)\n except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(found.stdout.splitlines()[-1]))


def test_help_imports_next_to_nothing():
    """That is what keeps it below 0.3 s; a timed test would fail on a busy machine."""
    heavy = {"dagster", "duckdb", "jinja2", "matplotlib", "numpy", "pandas", "pyarrow"}
    heavy |= {"requests", "rich"}
    assert imported(["--help"]) & heavy == set()


def test_commands_that_need_no_dagster_do_not_import_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", str(tmp_path))
    commands = ["tables"], ["status"], ["query", "SELECT 1"], ["publish"]
    assert "dagster" not in imported(*commands)


def test_only_commands_that_make_pages_import_jinja(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", str(tmp_path / "home"))
    assert "jinja2" not in imported(["tables"], ["status"], ["settings"])
    assert "jinja2" in imported(["status", "--html", str(tmp_path / "page.html")])


def test_an_unknown_command_names_the_nearest():
    result = run("backfil")
    assert result.exit_code == 2
    assert "Did you mean backfill?" in result.output


def test_tables_json_is_the_dictionary():
    result = run("tables", "--json")
    assert json.loads(result.stdout) == data_dictionary.tables()
    item = json.loads(result.stdout)[0]
    assert set(item) == {
        "table", "kind", "group", "action", "description", "parameters", "variants", "key",
        "columns",
    }  # fmt: skip
    assert set(item["columns"][0]) == {"name", "type", "unit", "field", "factor", "comment"}


def test_tables_lists_all_and_shows_one():
    listed = run("tables").stdout
    names = [*DATASETS, *OWN_TABLES, *(m.call.split("(")[0] for m in read().values())]
    assert [name for name in names if name not in listed] == []
    shown = run("tables", "edge_stat").stdout
    assert [c.name for c in dataset("edge_stat").columns if c.name not in shown] == []
    assert "Mbps" in shown


def test_tables_shows_marts_and_what_is_kept_about_the_archive():
    assert "table by day" in run("tables", "bandwidth_5min").stdout
    assert "key         domain, slot_start_at" in run("tables", "bandwidth_5min").stdout
    assert "settling" in run("tables", "ledger").stdout


def test_tables_are_described_in_the_language_of_the_settings(monkeypatch):
    monkeypatch.setenv("LIVESTATS_LANGUAGE", "zh")
    shown = run("tables", "bandwidth_5min").stdout
    assert "主键        domain, slot_start_at" in shown
    assert re.search("up_mbps +DOUBLE +Mbps +时段内的平均上行带宽，单位为每秒 10\\^6 比特。", shown)
    assert (
        "isp                                           2  运营商及其代码 " in run("tables").stdout
    )
    assert json.loads(run("tables", "isp", "--json").stdout)[0]["description"] == "运营商及其代码。"


def test_a_table_that_the_settings_leave_out_says_so(monkeypatch, tmp_path):
    (tmp_path / "livestats.toml").write_text('[datasets]\noff = ["push_stream_info"]\n')
    monkeypatch.setenv("LIVESTATS_SETTINGS", str(tmp_path / "livestats.toml"))
    assert run("tables", "edge_stat", "dim_isp", "ledger").stderr == ""
    for name, what in (("push_stream_info", "It is"), ("push_interruptions_daily", "It needs")):
        result = run("tables", name)
        assert (result.exit_code, name in result.stdout) == (0, True)
        assert f"{name} is not in this archive. {what}" in result.stderr
        assert "datasets.off names it" in result.stderr
    monkeypatch.setenv("LIVESTATS_VENDOR", "byteplus")
    assert "byteplus has no action for it" in run("tables", "batch_stream_session").stderr


def test_an_unknown_table_names_the_nearest():
    result = run("tables", "edge_stats")
    assert result.exit_code == 2
    assert "did you mean edge_stat?" in result.output


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    def broken(_language):
        raise RuntimeError("a bug")

    monkeypatch.setattr(dataset_docs, "tables", broken)
    assert isinstance(run("tables").exception, RuntimeError)


def test_an_interrupt_says_that_nothing_is_lost(monkeypatch):
    def broken_off(_language):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset_docs, "tables", broken_off)
    result = run("tables")
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SettingsError("no such zone"), "no such zone"),
        (FixSetup("refused", "Check the key."), "refused. Check the key."),
        (OSError(28, "No space left on device", "x"), "No space left on device (x)"),
        (ValueError("a bug"), None),
        (click.UsageError("click's own"), None),
        (BrokenPipeError(32, "Broken pipe"), None),
    ],
)
def test_known_errors_become_a_message_and_others_do_not(error, text):
    told = failures.explained(error)
    assert (told is None) if text is None else (text in str(told))


def test_an_error_that_was_wrapped_is_found():
    outer = RuntimeError("step failed")
    outer.__cause__ = FixSetup("no key", "Set one.")
    assert failures.explained(outer) == "no key. Set one."


def test_days_are_written_as_ranges():
    first = date(2026, 11, 1)
    days = [first + timedelta(days=i) for i in (0, 1, 2, 5, 7, 9)]
    assert screen.days_text(days, most=2) == (
        "2026-11-01 to 2026-11-03, 2026-11-06 and 2 more ranges"
    )
    assert screen.days_text([]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "<1 s"), (45, "45 s"), (180, "3 min"), (7500, "2 h 5 min")]
)
def test_a_span_is_told_in_the_units_of_people(seconds, text):
    assert screen.span(seconds) == text


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


def test_a_day_is_written_in_iso_form():
    result = run("status", "--from", "1.11.2026")
    assert result.exit_code == 2
    assert "Write it like 2026-11-01" in result.output
    assert options.Day().convert(date(2026, 11, 1), None, None) == date(2026, 11, 1)


def test_short_helps_are_whole_at_80_columns():
    assert "..." not in run("--help", COLUMNS="80").output.partition("Commands:")[2]


def test_datasets_with_the_same_days_share_a_line():
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    lines = screen.stated("Lost", {"a": days, "b": days, "c": days[:1], "d": []}, "forgotten")
    assert lines == [
        "Lost: a, b 2026-11-01 to 2026-11-02: forgotten.",
        "Lost: c 2026-11-01: forgotten.",
    ]


def test_an_error_that_ends_the_run_is_not_logged_for_each_dataset(caplog):
    log = logging.getLogger("livestats.capture")
    with failures.told_once():
        log.error("%s %s: %s", "edge_stat", "2026-11-01", FixSetup("no key"))
        log.error("%s %s: %s", "edge_stat", "2026-11-01", TryLater("throttled"))
    assert [record.args[2].what for record in caplog.records] == ["throttled"]
