"""The commands on an archive of a small simulated account, as a user calls them."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from pipelines.cli import main, ui
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures
from resources.simulator import DEFAULT_CREDENTIALS, Account, Simulator
from tests.support.offered import DAILY, DATASETS

pytestmark = pytest.mark.slow

NOW = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
FIRST, LAST = "2026-11-20", "2026-11-21"
ALL = len(DAILY) * 2
HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def simulator():
    ahead = NOW - datetime.now(UTC)
    account = Account(domains=1, streams_per_domain=2, deleted=0)
    with Simulator(account, rate=None, clock=lambda: datetime.now(UTC) + ahead) as found:
        yield found


@pytest.fixture(scope="module")
def environ(simulator, tmp_path_factory):
    """What points at the simulator and at a home that all tests of this file share."""
    return {
        "LIVESTATS_API_URL": simulator.url,
        "VOLC_ACCESSKEY": simulator.credentials.access_key,
        "VOLC_SECRETKEY": simulator.credentials.secret_key,
        "LIVESTATS_HOME": str(tmp_path_factory.mktemp("home")),
        "LIVESTATS_CALLS_PER_SECOND": "none",
        "LIVESTATS_NOW": NOW.isoformat(),
        "LIVESTATS_FIRST_DAY": "2026-11-18",
        "HOME": str(tmp_path_factory.mktemp("user")),
        "COLUMNS": "80",
    }


@pytest.fixture(scope="module")
def run(environ):
    def call(*words, text=None, **more):
        return CliRunner().invoke(main, words, env={**environ, **more}, input=text)

    return call


@pytest.fixture(scope="module")
def captured(run):
    """The first backfill: two days of everything."""
    result = run("backfill", "--from", FIRST, "--to", LAST, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def ask(run, captured):
    """Calls a command on the archive that holds the two days."""
    assert captured["is_complete"]
    return run


@pytest.fixture
def home(environ, captured):
    """The folders of that archive."""
    assert captured["is_complete"]
    return Home(Path(environ["LIVESTATS_HOME"]))


def files_of(home):
    kept = [p for folder in (home.raw, home.lake) for p in folder.rglob("*") if p.is_file()]
    return {path: path.read_bytes() for path in kept}


def no_traceback(result):
    return isinstance(result.exception, SystemExit) and "Traceback" not in result.output


# Before and while anything is captured -----------------------------------------------------------


def test_plan_asks_for_the_domains_if_none_is_known_and_captures_nothing(run, tmp_path):
    result = run(
        "plan", "--from", FIRST, "--to", LAST, "--json", LIVESTATS_HOME=str(tmp_path / "x")
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    by_name = {line["dataset"]: line for line in found["datasets"]}
    assert found["dataset_days"] == ALL
    assert by_name["edge_stat"]["requests"] == 2
    assert by_name["push_stream_metrics"]["requests"] is None
    assert not (tmp_path / "x").exists()


def test_doctor_finds_all_in_place(run, environ):
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "the API accepts the key" in result.stdout
    assert "2, deleted ones included (1 push, 1 pull)" in result.stdout
    assert environ["VOLC_SECRETKEY"] not in result.output


def test_backfill_captures_everything(captured):
    assert captured["captured"] == ALL + 3  # and the domains, regions and carriers
    assert captured["failed"] == []
    assert captured["rows"] > 0
    assert sum(captured["loaded"].values()) >= captured["rows"]


def test_a_second_backfill_asks_nothing_and_changes_no_file(run, home, simulator):
    before, calls = files_of(home), simulator.calls.copy()
    result = run("backfill", "--from", FIRST, "--to", LAST)
    assert result.exit_code == 0
    assert f"Nothing was asked of the API: {ALL} dataset-days complete already." in result.stdout
    assert simulator.calls == calls
    assert files_of(home) == before


def test_days_that_are_not_over_are_settling_and_the_rest_is_captured(ask):
    result = ask("backfill", "--from", LAST, "--to", "2026-11-22", "--dataset", "edge_stat")
    assert result.exit_code == 1
    assert "Settling: edge_stat 2026-11-22: not complete at the vendor yet" in result.stdout
    assert "run again later" in result.stdout


def test_days_beyond_retention_are_lost_and_the_rest_is_captured(run, tmp_path):
    """On 22 November 2026 the API remembers pushes from 22 August on."""
    result = run(
        "backfill", "--from", "2026-08-20", "--to", "2026-08-23", "--dataset", "push_stream_info",
        LIVESTATS_HOME=str(tmp_path), LIVESTATS_FIRST_DAY="2026-08-01",
    )  # fmt: skip
    assert result.exit_code == 1, result.output
    assert "Lost: push_stream_info 2026-08-20 to 2026-08-2" in result.stdout
    assert "the API has forgotten them" in result.stdout
    assert "captured 2026-08-23" not in result.stdout
    assert captures.newest(tmp_path / "raw" / "push_stream_info" / "2026-08-23") is not None
    assert captures.newest(tmp_path / "raw" / "push_stream_info" / "2026-08-20") is None


def test_a_plan_of_known_streams_is_exact(run, captured):
    result = run("plan", "--from", FIRST, "--to", LAST, "--force", "--json")
    found = json.loads(result.stdout)
    assert found["is_complete"]
    rough = [line["dataset"] for line in found["datasets"] if line["basis"]]
    assert rough == []
    assert found["requests"] == captured["requests"] - 3  # the dimensions have no days


# What is there -----------------------------------------------------------------------------------


def test_status_is_a_calendar_that_fits_80_columns(ask):
    result = ask("status")
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "..##~" in result.stdout
    assert "Newest capture:" in result.stdout


def test_status_each_has_a_line_for_every_dataset(ask):
    lines = ask("status", "--each").stdout.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ")]
    assert set(names) == {d.name for d in DAILY}


def test_status_json_has_every_day(ask):
    found = json.loads(ask("status", "--json").stdout)
    (edge,) = (d for d in found["datasets"] if d["dataset"] == "edge_stat")
    assert [d["state"] for d in edge["days"]] == ["missing", "missing", "captured", "captured", "settling"]  # fmt: skip
    assert edge["counts"] == {"missing": 2, "captured": 2, "settling": 1}


def test_status_needs_neither_key_nor_database(run, home):
    hidden = home.warehouse.with_name("hidden")
    home.warehouse.rename(hidden)
    try:
        result = run("status", VOLC_ACCESSKEY="", VOLC_SECRETKEY="")
    finally:
        hidden.rename(home.warehouse)
    assert result.exit_code == 0


def test_status_ends_with_1_for_a_day_that_failed(run, home):
    note = home.raw / "edge_stat" / "2026-11-19" / "partial.json"
    note.parent.mkdir(exist_ok=True)
    note.write_text("{}")
    try:
        result = run("status")
    finally:
        note.unlink()
    assert result.exit_code == 1
    assert "Tried and not complete: edge_stat 2026-11-19." in result.stdout


# Asking ------------------------------------------------------------------------------------------

SQL = "SELECT domain, count(*) AS n FROM edge_stat GROUP BY domain ORDER BY domain"


def test_query_answers_as_a_table(ask):
    result = ask("query", SQL)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split() == ["domain", "n"]
    assert "pull-1.sim.example" in result.stdout


def test_query_answers_as_csv_and_json_alike(ask):
    csv, found = ask("query", SQL, "--format", "csv"), ask("query", SQL, "--format", "json")
    rows = json.loads(found.stdout)
    assert csv.stdout.splitlines() == ["domain,n", *(f"{r['domain']},{r['n']}" for r in rows)]


def test_query_writes_what_the_ending_of_the_file_says(ask, tmp_path):
    file = tmp_path / "it's.parquet"
    result = ask("query", SQL, "--output", str(file))
    assert result.exit_code == 0, result.output
    found = duckdb.read_parquet(str(file))
    assert found.columns == ["domain", "n"]


def test_query_reads_stdin_and_tells_of_rows_that_it_does_not_show(ask):
    result = ask("query", "-", "--rows", "3", text="FROM edge_stat -- all of it\n")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 4
    assert "--rows" in result.stderr


def test_times_are_shown_in_the_business_zone(ask):
    result = ask("query", "SELECT min(slot_start_at) AS t FROM edge_stat", "--format", "csv")
    assert result.stdout.splitlines()[1] == "2026-11-20T00:00:00+08:00"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["SELEC 1"], "syntax error"),
        (["FROM edge_stats"], 'Did you mean "edge_stat'),
        (["CREATE TABLE mine (a INT)"], "read-only"),
        (["DELETE FROM edge_stat"], "read-only"),
        (["FROM isp", "--output", "/nowhere/x.csv"], "/nowhere/x.csv"),
    ],
)
def test_wrong_sql_is_told_plainly(ask, words, text):
    result = ask("query", *words)
    assert result.exit_code == 2
    assert text in result.output
    assert no_traceback(result)


def test_wrong_use_of_query_is_told_plainly(ask):
    assert "There is no SQL" in ask("query", " ").output
    assert "--output" in ask("query", SQL, "--format", "parquet").output


def test_names_of_the_api_cannot_steer_the_terminal(ask):
    result = ask("query", "SELECT chr(27) || '[31m[red]x' AS a")
    assert "\x1b" not in result.stdout
    assert "[red]x" in result.stdout


# The later steps again ---------------------------------------------------------------------------


def test_publish_makes_warehouse_and_served_copy_from_the_lake(run, home):
    before = run("query", SQL, "--format", "csv").stdout
    home.warehouse.unlink()
    result = run("publish", "--json")
    assert result.exit_code == 0, result.output
    tables = {t["table"]: t for t in json.loads(result.stdout)["tables"]}
    assert set(tables) == set(DATASETS)
    assert tables["edge_stat"]["days_loaded"] == 2
    assert run("query", SQL, "--format", "csv").stdout == before
    assert "up to date already" in run("publish").stdout


def test_replay_makes_the_lake_again_without_the_api(run, home, simulator):
    calls, file = (
        simulator.calls.copy(),
        parquet.path_of(home.lake, "edge_stat", NOW.date() - timedelta(2)),
    )
    file.unlink()
    result = run("replay", "--dataset", "edge_stat", "--json", VOLC_ACCESSKEY="", VOLC_SECRETKEY="")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["replayed"] == 2
    assert file.is_file()
    assert simulator.calls == calls


def test_replay_names_a_damaged_capture_and_does_the_rest(run, home):
    capture = captures.newest(home.raw / "isp" / "2026-11-22")
    assert capture is not None
    bodies = capture.folder / captures.RESPONSES
    good = bodies.read_bytes()
    bodies.write_bytes(good[:-1])
    try:
        result = run("replay", "--dataset", "isp", "--dataset", "region")
    finally:
        bodies.write_bytes(good)
    assert result.exit_code == 1
    assert f"Failed: isp 2026-11-22: {bodies}" in result.stderr
    assert "Normalised 1 day" in result.stdout


# Bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["backfill", "plan"])
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--dataset", "edge_stats"], "did you mean edge_stat?"),
        (["--from", LAST, "--to", FIRST], f"--from {LAST} is after --to {FIRST}"),
        (["--from", "2026-11-30"], "in the future"),
    ],
    ids=["unknown dataset", "reversed", "future"],
)
def test_a_wrong_range_is_refused_before_anything_happens(run, tmp_path, command, words, text):
    result = run(command, *words, LIVESTATS_HOME=str(tmp_path / "new"))
    assert result.exit_code == 2
    assert text in result.output
    assert no_traceback(result)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": ""}, "no access key in the environment"),
        ({"VOLC_SECRETKEY": ""}, "VOLC_SECRETKEY is not set"),
        ({"VOLC_SECRETKEY": "another-secret-key"}, "SignatureDoesNotMatch"),
        ({"LIVESTATS_API_URL": "http://api.example"}, "unencrypted"),
        ({"LIVESTATS_TIME_ZONE": "Europe/Berlin"}, "changes its offset in summer"),
        ({"LIVESTATS_WORKERS": "many"}, "LIVESTATS_WORKERS"),
        ({"LIVESTATS_NOW": "noon"}, "LIVESTATS_NOW"),
    ],
    ids=["no key", "half a key", "wrong key", "in the clear", "zone", "number", "clock"],
)
def test_a_wrong_set_up_is_one_message(run, tmp_path, variables, text):
    result = run("backfill", "--from", LAST, **{"LIVESTATS_HOME": str(tmp_path), **variables})
    assert result.exit_code == 2
    assert text in result.output
    assert no_traceback(result)


def test_doctor_names_the_wrong_key_and_what_to_do(run):
    result = run("doctor", VOLC_SECRETKEY="another-secret-key")
    assert result.exit_code == 1
    assert "problem access" in result.stdout
    assert "Check that the secret key (VOLC_SECRETKEY)" in result.stdout


def test_an_unknown_setting_names_the_nearest(run, tmp_path):
    (tmp_path / "livestats.toml").write_text("[api]\nworker = 3\n")
    file = str(tmp_path / "livestats.toml")
    for command in ("status", "backfill", "doctor"):
        result = run(command, LIVESTATS_SETTINGS=file)
        assert result.exit_code != 0
        assert "did you mean api.workers?" in result.output
        assert no_traceback(result)


def test_a_home_that_cannot_be_written_is_told_before_anything_is_asked(run, tmp_path, simulator):
    (tmp_path / "file").write_text("")
    calls = simulator.calls.copy()
    result = run("backfill", "--from", LAST, LIVESTATS_HOME=str(tmp_path / "file" / "home"))
    assert result.exit_code == 2
    assert "cannot be written" in result.output
    assert no_traceback(result)
    assert simulator.calls == calls


def test_query_without_anything_published_says_what_to_run(run, tmp_path):
    result = run("query", "SELECT 1", LIVESTATS_HOME=str(tmp_path))
    assert result.exit_code == 2
    assert "livestats backfill" in result.output


@pytest.fixture
def held(home):
    """The warehouse, open in another process."""
    words = [sys.executable, "-c", HOLD, str(home.warehouse)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.kill()


@pytest.mark.usefixtures("held")
def test_a_warehouse_that_another_program_holds(run, home):
    """It is named with what to do; captured days stay; status and queries work all the same."""
    doctor = run("doctor")
    assert doctor.exit_code == 1
    assert "is open in another program" in doctor.stdout
    published = run("publish")
    assert published.exit_code == 2
    assert "queries and BI belong on the served copy" in published.output
    assert no_traceback(published)
    captured = run("backfill", "--from", "2026-11-19", "--to", "2026-11-19", "--dataset", "isp",
                   "--dataset", "edge_stat")  # fmt: skip
    assert captured.exit_code == 2
    assert "is open in another program" in captured.output
    assert captures.newest(home.raw / "edge_stat" / "2026-11-19") is not None
    assert run("query", SQL).exit_code == 0


# Others ------------------------------------------------------------------------------------------


def test_ui_starts_dagster_on_the_home_from_the_checkout(run, environ, monkeypatch):
    started = {}

    def instead(host, port, web, variables):
        started.update(place=(host, port), words=web, variables=variables)

    monkeypatch.setattr(ui, "_run_all", instead)
    monkeypatch.setattr("os.chdir", lambda folder: started.update(folder=folder))
    result = run("ui", "--port", "3999")
    assert result.exit_code == 0, result.output
    assert started["place"] == ("127.0.0.1", 3999)
    assert started["words"] == ["--host", "127.0.0.1", "--port", "3999"]
    assert (started["folder"] / "workspace.yaml").is_file()
    home = environ["LIVESTATS_HOME"]
    assert started["variables"]["DAGSTER_HOME"] == f"{home}/dagster"
    assert started["variables"]["LIVESTATS_HOME"] == home


def test_simulate_prints_what_leads_to_it(monkeypatch):
    monkeypatch.setattr(Simulator, "serve_forever", lambda _: None)
    result = CliRunner().invoke(main, ["simulate", "--port", "0", "--clock", NOW.isoformat()])
    assert result.exit_code == 0, result.output
    exports = dict(
        line.removeprefix("export ").split("=", 1) for line in result.stdout.splitlines()
    )
    assert exports["LIVESTATS_API_URL"].startswith("http://127.0.0.1:")
    assert exports["LIVESTATS_NOW"] == NOW.isoformat()
    assert exports["VOLC_ACCESSKEY"] == DEFAULT_CREDENTIALS.access_key
    assert exports["VOLC_SECRETKEY"] == DEFAULT_CREDENTIALS.secret_key
    assert "LIVESTATS_HOME" in exports


def test_simulate_on_a_taken_port_says_so(simulator):
    port = simulator.url.rpartition(":")[2]
    result = CliRunner().invoke(main, ["simulate", "--port", port])
    assert result.exit_code == 2
    assert "Give another with --port" in result.output


@pytest.mark.parametrize("command", ["publish", "replay"])
def test_a_slip_in_the_path_begins_no_empty_archive(tmp_path, command):
    home = tmp_path / "slip"
    result = CliRunner().invoke(main, [command], env={"LIVESTATS_HOME": str(home)})
    assert result.exit_code == 2
    assert "Is LIVESTATS_HOME right?" in result.output
    assert not home.exists()
