"""Our storage of Dagster's history writes what Dagster's own writes, and shares its files."""

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import dagster as dg
import pytest
import yaml
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventBatchMetadata,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.utils import make_new_run_id
from sqlalchemy import MetaData
from sqlalchemy.exc import OperationalError

from pipelines import storage
from pipelines.orchestration.instance import TEMPLATE, dagster_home, instance
from resources.archive import Archive

ASSETS = dg.AssetKey(["lake", "edge_stat"]), dg.AssetKey(["lake", "top_play"])
DAYS = [f"2026-11-{day:02}" for day in range(1, 8)]
RUN = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def archive(tmp_path):
    return Archive.open({"LIVESTATS_HOME": str(tmp_path / "home")}, tmp_path)


def entry(event, number, run=RUN):
    return EventLogEntry(
        error_info=None, user_message="", level=10, run_id=run, job_name="capture",
        timestamp=datetime(2026, 11, 22, 4, 0, number, tzinfo=UTC).timestamp(),
        step_key="capture", dagster_event=event,
    )  # fmt: skip


def planned(asset, day):
    return DagsterEvent.build_asset_materialization_planned_event(
        "capture", "capture", AssetMaterializationPlannedData(asset, partition=day)
    )


def made(asset, day):
    return DagsterEvent(
        event_type_value="ASSET_MATERIALIZATION",
        job_name="capture",
        step_key="capture",
        event_specific_data=StepMaterializationData(
            dg.AssetMaterialization(
                asset, partition=day, metadata={"rows": 7}, tags={"dagster/data_version": day}
            )
        ),
    )


def events(run=RUN):
    """A run of two assets: planned, begun, made."""
    planning = [planned(asset, day) for asset in ASSETS for day in DAYS]
    begun = DagsterEvent(event_type_value="STEP_START", job_name="capture", step_key="capture")
    making = [made(asset, day) for asset in ASSETS for day in DAYS]
    every = [*planning, begun, *making]
    return [entry(event, number, run) for number, event in enumerate(every)]


TABLES = {  # columns that say what was written, not when
    "event_logs": "id, run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition",
    "asset_keys": "asset_key, last_materialization, last_run_id, asset_details, "
    "last_materialization_timestamp",
    "asset_event_tags": "asset_key, key, value, event_id, event_timestamp",
}


def written(folder):
    """What the files of a history hold."""
    found = {}
    for path in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            for name, columns in TABLES.items():
                sql = f"SELECT {columns} FROM {name} ORDER BY 1"
                found[path.stem, name] = connection.execute(sql).fetchall()
    return found


def test_a_batch_of_events_is_written_as_dagster_writes_them_one_by_one(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    one, other = storage.EventLog(str(ours)), SqliteEventLogStorage(str(theirs))
    one.store_event_batch(events())
    for event in events():
        other.store_event(event)
    one.dispose()
    other.dispose()
    assert written(ours) == written(theirs)
    assert len(written(ours)["index", "event_logs"]) == 28
    assert len(written(ours)["index", "asset_event_tags"]) == 14


def declared(folder):
    """How the files of a history are made: tables, indexes, version, and how they are written."""
    found = {}
    for path in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            found[path.stem] = [
                connection.execute(sql).fetchall()
                for sql in (
                    "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2",
                    "SELECT * FROM alembic_version",
                    "PRAGMA journal_mode",
                )
            ]
    return found


def test_a_new_run_has_the_file_that_dagster_makes(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for log in (storage.EventLog(str(ours)), SqliteEventLogStorage(str(theirs))):
        log.store_event(events()[0])
        log.dispose()
    assert declared(ours) == declared(theirs)
    assert [*declared(ours)] == [RUN, "index"]


def done_migrations(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT name, migration_completed IS NULL FROM secondary_indexes ORDER BY name"
        ).fetchall()


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        (storage.Runs, SqliteRunStorage, "runs"),
        (storage.Schedules, SqliteScheduleStorage, "schedules"),
    ],
)
def test_a_new_list_is_the_file_that_dagster_makes(ours, theirs, name, tmp_path, monkeypatch):
    theirs.from_local(str(tmp_path / "theirs"))
    monkeypatch.setattr(theirs, "from_local", None)  # not by asking it
    ours.from_local(str(tmp_path / "ours")).dispose()
    files = [tmp_path / whose / f"{name}.db" for whose in ("ours", "theirs")]
    assert declared(files[0].parent) == declared(files[1].parent)
    assert done_migrations(files[0]) == done_migrations(files[1]) != []


def test_a_list_whose_making_was_cut_off_holds_nothing_and_is_made_whole(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(MigrationContext, "stamp", killed)
        with pytest.raises(Killed):
            storage.Runs.from_local(str(tmp_path))
    with closing(sqlite3.connect(tmp_path / "runs.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    found = storage.Runs.from_local(str(tmp_path))
    assert found.get_runs() == []
    found.dispose()
    assert declared(tmp_path)["runs"][1]


def test_a_history_that_is_there_is_opened_without_a_look_at_dagsters_migrations(
    archive, monkeypatch
):
    """Each process opens it: a run that the schedule starts, and each command."""
    with instance(archive) as history:
        history.handle_new_event(entry(planned(ASSETS[0], DAYS[0]), 0))

    def refused(_config):
        raise AssertionError("read again")

    monkeypatch.setattr(ScriptDirectory, "from_config", refused)
    with instance(archive) as history:
        assert history.get_runs() == []
        assert history.all_instigator_state() == []
        assert len(history.all_logs(RUN)) == 1


@pytest.mark.parametrize("cut", ["DROP TABLE instance_info", "DROP TABLE alembic_version"])
def test_a_list_of_runs_that_was_half_made_is_made_whole(archive, cut):
    with instance(archive):
        pass
    with closing(sqlite3.connect(archive.home.dagster / "history" / "runs.db")) as connection:
        connection.execute(cut)
        connection.commit()
    with instance(archive) as history:
        assert history.run_storage.get_run_storage_id()
        assert history.get_runs() == []
    assert declared(archive.home.dagster / "history")["runs"][1]


def test_dagsters_migrations_are_read_once_for_all_runs(tmp_path, monkeypatch):
    """Four dozen scripts."""
    storage.EventLog(str(tmp_path)).dispose()  # a home that is there
    storage._migrations.cache_clear()
    read = []
    usual = ScriptDirectory.from_config
    monkeypatch.setattr(
        ScriptDirectory, "from_config", lambda config: read.append(config) or usual(config)
    )
    log = storage.EventLog(str(tmp_path))
    for _ in range(3):
        log.store_event(entry(planned(ASSETS[0], DAYS[0]), 0, make_new_run_id()))
    log.dispose()
    assert len(read) == 1
    again = storage.EventLog(str(tmp_path))
    assert again.all_asset_keys() == [ASSETS[0]]
    again.dispose()
    assert len(read) == 1


def test_a_file_that_another_process_makes_at_the_same_time_is_made_once(tmp_path, monkeypatch):
    log = storage.EventLog(str(tmp_path))
    usual = MetaData.create_all
    tries = []

    def create_all(self, bind):
        tries.append(bind)
        usual(self, bind)
        if len(tries) == 1:
            raise OperationalError("CREATE TABLE event_logs", {}, Exception("already exists"))

    monkeypatch.setattr(MetaData, "create_all", create_all)
    log.store_event(entry(planned(ASSETS[0], DAYS[0]), 0))
    assert len(log.get_logs_for_run(RUN)) == 1
    assert len(tries) == 2
    log.dispose()


def test_events_that_dagster_hands_over_together_are_one_transaction(archive, monkeypatch):
    seen = []
    connect = storage.EventLog._connect
    monkeypatch.setattr(
        storage.EventLog, "_connect", lambda self, s: seen.append(s) or connect(self, s)
    )
    with instance(archive) as history:
        seen.clear()
        for number, event in enumerate(events()[:14]):
            history.handle_new_event(
                event, batch_metadata=DagsterEventBatchMetadata("batch", number == 13)
            )
        assert seen == [RUN, "index"]
        assert history.get_latest_materialization_event(ASSETS[0]) is None
        assert len(history.all_logs(RUN)) == 14


def test_the_history_of_a_home_lies_in_dagsters_own_files(archive):
    with instance(archive) as history:
        assert isinstance(history.event_log_storage, storage.EventLog)
        assert isinstance(history.run_storage, storage.Runs)
        for event in events():
            history.handle_new_event(event)
    (archive.home.dagster / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with instance(archive) as history:
        assert type(history.event_log_storage) is SqliteEventLogStorage
        days = history.get_materialized_partitions(ASSETS[0])
        assert days == {*DAYS}


WRITES = """
import sys
from pathlib import Path
from pipelines.orchestration.instance import instance
from resources.archive import Archive
from tests.unit.pipelines.test_storage import events
archive = Archive.open({"LIVESTATS_HOME": sys.argv[1]}, Path(sys.argv[1]))
with instance(archive) as history:
    print("begun", flush=True)
    for event in events(sys.argv[2]):
        history.handle_new_event(event)
"""


def test_two_processes_write_at_once_and_a_third_reads(archive):
    runs = [make_new_run_id(), make_new_run_id()]
    with instance(archive) as history:
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITES, str(archive.home.root), run],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for run in runs
        ]  # fmt: skip
        for writer in writers:
            assert writer.stdout.readline() == "begun\n", writer.stderr.read()
        while any(writer.poll() is None for writer in writers):
            history.get_materialized_partitions(ASSETS[0])
        for writer, run in zip(writers, runs, strict=True):
            _, said = writer.communicate()
            assert writer.returncode == 0, said
            assert len(history.all_logs(run)) == len(events())
        found = history.fetch_materializations(ASSETS[0], limit=100)
        assert {record.run_id for record in found.records} == {*runs}


def test_files_of_old_runs_do_not_stay_open(tmp_path):
    log = storage.EventLog(str(tmp_path))
    for number in range(storage.RUNS_OPEN + 5):
        log.store_event(events(f"run-{number}")[0])
    assert [*log._runs._engines] == [f"run-{number}" for number in range(5, storage.RUNS_OPEN + 5)]
    log.dispose()
    assert not log._runs._engines


def test_connections_are_not_taken_along_into_a_forked_process(tmp_path, monkeypatch):
    log = storage.EventLog(str(tmp_path))
    log.store_event(events()[0])
    before = log._engine(RUN)
    assert log._engine(RUN) is before
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert log._engine(RUN) is not before


def test_a_configuration_that_nobody_changed_is_brought_up_to_date(archive, monkeypatch):
    config = dagster_home(archive) / "dagster.yaml"
    config.write_text("telemetry: {enabled: false}\n")
    dagster_home(archive)
    assert config.read_text() == "telemetry: {enabled: false}\n"
    shipped = hashlib.sha256(config.read_bytes()).hexdigest()
    monkeypatch.setattr("pipelines.orchestration.instance._EARLIER", {shipped})
    dagster_home(archive)
    assert yaml.safe_load(config.read_text()) == yaml.safe_load(TEMPLATE.read_text())
