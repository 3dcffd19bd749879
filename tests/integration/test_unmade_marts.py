"""A day of a mart that needs more memory than DuckDB may take: told everywhere, and made later."""

import json
import os
import time

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources import monitoring
from resources.lake import parquet
from resources.marts import incremental
from resources.monitoring.model import AlarmKind
from resources.verify.findings import FindingKind
from resources.verify.run import Verification
from tests.support import archives

DAYS = [*archives.DAYS[:2]]
MART = "stream_count_daily"
SAID = f"{MART} of {DAYS[0]}: Out of Memory Error: "


@pytest.fixture
def lab(tmp_path):
    with archives.lab(tmp_path / "home", names=("domain", "stream_count", "traffic")) as found:
        yield found


@pytest.fixture
def memory(monkeypatch):
    """Has a day of a mart take 400 MB that cannot be spilled, until `monkeypatch.undo`."""
    of_days = incremental._of_days

    def too_large(mart, marts, days):
        sql = of_days(mart, marts, days)
        if mart.name == MART and DAYS[0] in days:
            sql = f"FROM ({sql}) WHERE (SELECT len(list(repeat('x', 2000) || n)) FROM range(200000) r(n))"
        return sql

    return lambda: monkeypatch.setattr(incremental, "_of_days", too_large)


def called(lab, *words):
    return CliRunner().invoke(main, words, env=lab.archive.environ)


def made(lab):
    with lab.archive.reading() as connection:
        rows = connection.execute(f"SELECT business_date FROM {MART}").fetchall()
    return sorted({day for (day,) in rows})


def found(lab):
    return [*Verification(lab.archive).findings()]


def behind(lab):
    """Alarms of the served copy."""
    return [one for one in monitoring.active_alarms(lab.archive) if one.kind is AlarmKind.BEHIND]


def test_the_other_days_are_served_and_every_command_tells_of_it(lab, memory, monkeypatch):
    memory()
    span = ["--from", str(DAYS[0]), "--to", str(DAYS[1])]
    result = called(lab, "backfill", *span)
    assert result.exit_code == 1, result.output
    assert f"Not made: {SAID}" in result.output
    assert "Next: livestats publish" in result.output
    assert made(lab) == [DAYS[1]]

    result = called(lab, "publish", "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)["unmade"]
    assert told.startswith(SAID)
    assert "Run `livestats publish`" in told
    assert f"Not made: {SAID}" in called(lab, "publish").output

    hours_ago = time.time() - 3 * 3600
    for path in lab.archive.home.lake.rglob(parquet.FILE):
        os.utime(path, (hours_ago, hours_ago))
    (alarm,) = behind(lab)
    assert MART in alarm.text

    monkeypatch.undo()
    findings = found(lab)
    assert {one.kind for one in findings} == {FindingKind.BEHIND}
    assert any(f"{MART} holds other rows of {DAYS[0]}" in one.text for one in findings)
    assert called(lab, "publish").exit_code == 0  # as each finding says
    assert made(lab) == DAYS
    assert found(lab) == behind(lab) == []


def test_a_verification_without_memory_calls_nothing_damaged(lab, memory):
    assert called(lab, "backfill", "--from", str(DAYS[0]), "--to", str(DAYS[1])).exit_code == 0
    memory()
    unproven = found(lab)
    assert any(MART in one.text for one in unproven)
    assert {one.kind for one in unproven} == {FindingKind.UNVERIFIED}
