"""The benchmark of large archives runs, so that it cannot rot; its figures stand in docs/scale.md."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks.backfill.load import LEFT_OUT
from benchmarks.scale import marts, template, work
from benchmarks.scale.replicas import Replicas, days
from resources.api.catalog import DATASETS
from resources.verify.run import Verification
from tests.support.archives import DAYS, SMALL, lab

COPIES, NUMBER = 3, 2


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("scale") / "source" / "home", SMALL) as found:
        one_day = found.set(datasets_off=LEFT_OUT)
        one_day.capture(DAYS[-1:])
        yield one_day.archive


@pytest.fixture(scope="module")
def archive(source, tmp_path_factory):
    """An archive of copies, loaded and published."""
    home = tmp_path_factory.mktemp("copies") / "home"
    made = template.archive(home, NUMBER)
    Replicas(source, COPIES).write(made, days(NUMBER))
    for step in ("load", "marts", "copy"):
        work.STEPS[step](made)
    return made


@pytest.mark.slow
def test_copies_are_an_archive_in_which_nothing_is_wrong(source, archive):
    whole = tuple(DATASETS[name] for name in archive.settings.datasets)
    assert [*Verification(archive, whole).findings()] == []
    once = Replicas(source, 1).rows_per_day
    assert Replicas(source, COPIES).rows_per_day > 2 * once
    with archive.reading() as connection:
        ((rows, states, suspect),) = connection.execute(
            "SELECT sum(rows), list(DISTINCT state ORDER BY state), count(*) FILTER (is_suspect) "
            "FROM ledger WHERE captures > 0"
        ).fetchall()
        domains = connection.execute(
            "SELECT business_date, count(DISTINCT domain) FROM edge_stat GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert rows == Replicas(source, COPIES).rows_per_day * NUMBER
    assert set(states) <= {"captured", "empty"}
    assert suspect == 0
    assert domains == [(day, 2 * COPIES) for day in days(NUMBER)]


@pytest.mark.slow
def test_a_day_is_the_captured_one_at_other_times_and_of_other_pushes(source, archive):
    name = "batch_push_stream_metrics"
    shared = "domain NOT LIKE '%.c0%'"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        at = "SELECT slot_start_at::TIMESTAMP::TIME AS at, * EXCLUDE (slot_start_at, business_date, push_started_at)"
        listed = [
            f"'{root}/{name}/*/rows.parquet'" for root in (source.home.lake, archive.home.lake)
        ]
        here, there = (
            set(connection.sql(f"{at} FROM read_parquet({one}) WHERE {shared}").fetchall())
            for one in listed
        )
    assert len(here) == len(there) / NUMBER > 0


@pytest.mark.slow
def test_rows_that_differ_between_two_files_of_a_mart_are_counted(archive, tmp_path):
    made = marts.by_duckdb(archive, "viewers_daily", tmp_path)
    with archive.reading() as connection:
        served = connection.execute("FROM viewers_daily ORDER BY ALL").fetchall()
    assert duckdb.sql(f"FROM '{made}' ORDER BY ALL").fetchall() == served
    rows = len(served)
    assert marts.differing("viewers_daily", made, made) == 0
    other = tmp_path / "other.parquet"
    for change, differing in (
        ("* REPLACE (avg_online_users * (1 + 1e-12) AS avg_online_users)", 0),
        ("* REPLACE (avg_online_users + 0.1 AS avg_online_users)", rows),
        ("* REPLACE (domain || 'x' AS domain)", 2 * rows),
    ):
        duckdb.sql(f"COPY (SELECT {change} FROM '{made}') TO '{other}'")
        assert marts.differing("viewers_daily", made, other) == differing


@pytest.mark.slow
def test_the_smallest_run_measures_every_step(tmp_path):
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.scale", "--rows", "1", "--sizes", "2"),
            *("--domains", "1", "--streams", "2", "--only", "lake,load,marts,growth"),
            *("--engines", "duckdb", "--folder", "--json", str(file)),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text("utf-8"))["figures"]
    steps = [one["step"] for one in figures]
    for step in (
        *("load", "marts", "copy", "duckdb: viewers_daily", "duckdb: stream_health_slot"),
        *("up to 2 days: load", "one day more than 2: load", "one day more than 2: copy"),
    ):
        (found,) = (one for one in figures if one["step"] == step)
        assert found["cpu_s"] > 0, step
    (lake,) = (one for one in figures if one["part"] == "lake" and one["rows"])
    (load,) = (one for one in figures if one["step"] == "load")
    assert load["rows"] == lake["rows"] > 0
    assert steps.count("warehouse, bytes") == 2
