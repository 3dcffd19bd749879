"""A day of a mart that needs more memory than DuckDB may take: told everywhere, and made later."""

import json
import os
from datetime import timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.lake import parquet
from resources.marts import incremental
from resources.serving import publish as serving
from resources.verify.findings import FindingKind
from resources.verify.run import Verification
from resources.warehouse import connection as warehouse_connection
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
    (told,) = json.loads(result.stdout)["not_made"]
    assert told.startswith(SAID)
    assert "Run `livestats publish`" in told
    assert f"Not made: {SAID}" in called(lab, "publish").output

    monkeypatch.undo()
    findings = found(lab)
    assert {one.kind for one in findings} == {FindingKind.BEHIND}
    assert any(f"{MART} holds other rows of {DAYS[0]}" in one.text for one in findings)
    assert called(lab, "publish").exit_code == 0  # as each finding says
    assert made(lab) == DAYS
    assert found(lab) == []


@pytest.fixture
def whole(lab):
    assert called(lab, "backfill", "--from", str(DAYS[0]), "--to", str(DAYS[1])).exit_code == 0
    return lab


def test_a_verification_without_memory_calls_nothing_damaged(whole, memory):
    memory()
    findings = found(whole)
    assert {one.kind for one in findings} == {FindingKind.UNVERIFIED}
    assert {one.subject for one in findings} == {
        whole.archive.home.warehouse,
        whole.archive.home.served,
    }
    assert all("256MB of memory were too little" in one.text for one in findings)
    assert all(f": {MART} holds other rows" in one.text for one in findings)


def test_a_day_that_came_again_and_could_not_be_made_is_behind(whole, memory, monkeypatch):
    """Its note is that of before."""
    os.utime(parquet.path_of(whole.archive.home.lake, "stream_count", DAYS[0]))
    memory()
    assert called(whole, "publish").exit_code == 1
    assert made(whole) == DAYS
    monkeypatch.undo()
    findings = found(whole)
    assert {one.kind for one in findings} == {FindingKind.BEHIND}
    assert all("Run `livestats publish`" in one.remedy for one in findings)
    assert called(whole, "publish").exit_code == 0
    assert found(whole) == []


def test_a_day_that_no_source_gives_is_damage_whatever_its_note_says(whole):
    with whole.archive.writing() as connection:
        other = DAYS[0] - timedelta(days=9)
        connection.execute(
            f"INSERT INTO {MART} SELECT * REPLACE (? AS business_date) FROM {MART} LIMIT 1", [other]
        )
        connection.execute("INSERT INTO meta.mart_day VALUES (?, ?, 'made up')", [MART, other])
        warehouse_connection.record_commit(connection)
        serving.publish(connection, whole.archive.home)
    assert FindingKind.MISMATCH in {one.kind for one in found(whole)}


def test_an_erasure_tells_of_a_day_that_it_leaves_without_rows(whole, memory):
    with whole.archive.reading() as connection:
        ((domain,),) = connection.execute("SELECT any_value(domain) FROM traffic").fetchall()
    memory()
    result = called(whole, "erase", "--domain", domain, "--yes")
    assert f"Not made: {SAID}" in result.output, result.output
    assert made(whole) == [DAYS[1]]
