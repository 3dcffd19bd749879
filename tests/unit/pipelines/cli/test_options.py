"""Options that several commands share."""

from datetime import date

import click
import pytest
from click.testing import CliRunner

from pipelines.cli import main, options

NOW = "2026-11-01T02:00:00+08:00"


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


def test_a_day_that_is_none_is_refused_with_the_forms_of_one():
    result = run("status", "--from", "1.11.2026")
    assert result.exit_code == 2
    assert "Write it like 2026-11-01, yesterday" in result.output
    assert options.Day().convert(date(2026, 11, 1), None, None) == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("zone", "now"), [("Asia/Shanghai", date(2026, 11, 1)), ("UTC", date(2026, 10, 31))]
)
def test_yesterday_is_counted_in_the_business_zone(monkeypatch, tmp_path, zone, now):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVESTATS_NOW", NOW)
    monkeypatch.setenv("LIVESTATS_TIME_ZONE", zone)
    assert options.today() == now
    assert options.Day().convert("-1d", None, None) == options.Day().convert(
        "yesterday", None, None
    )


def test_a_month_is_all_of_its_days():
    found = []

    @click.command()
    @options.with_range
    def command(first, last, **_):
        found.append((first, last))

    words = ["--from", "2026-09", "--to", "2026-09"]
    assert CliRunner().invoke(command, words, catch_exceptions=False).exit_code == 0
    assert found == [(date(2026, 9, 1), date(2026, 9, 30))]
    assert options.Days().convert("2026-09", None, None) == found[0]


def test_a_value_may_begin_with_a_minus(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = run("status", "--from", "-7d", "--to", "-9d", LIVESTATS_NOW=NOW)
    assert result.exit_code == 2
    assert "--from 2026-10-25 is after --to 2026-10-23" in result.output


@pytest.mark.parametrize("words", ["alarms", "metrics", "digest", "cold"])
def test_without_an_archive_the_command_that_begins_one_is_named(monkeypatch, tmp_path, words):
    """Also for a host whose archive is in a store: it has one to fetch, and none to begin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVESTATS_HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(main, [words])
    assert (result.exit_code, "Run `livestats backfill`." in result.output) == (2, True)
    for name, value in (
        ("HOME", "s3://bucket/acme"),
        ("LEASE", "postgresql://me@127.0.0.1:9/x"),
        ("ACCOUNT", "acme"),
    ):
        monkeypatch.setenv(f"LIVESTATS_SCALE_{name}", value)
    result = CliRunner().invoke(main, [words])
    assert (result.exit_code, "Run `livestats sync`" in result.output) == (2, True)


def test_status_names_it_too(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVESTATS_HOME", str(tmp_path / "home"))
    assert "livestats sync" not in CliRunner().invoke(main, ["status"]).output
    monkeypatch.setenv("LIVESTATS_SCALE_HOME", "s3://bucket/acme")
    assert "Run `livestats sync`" in CliRunner().invoke(main, ["status"]).stderr
