"""The archive as a whole: opening it reads and asks nothing; what it does is told to who listens."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from resources.api.errors import FixSetup
from resources.archive import Archive
from resources.config import SettingsError
from resources.ledger.states import State
from resources.serving.publish import NothingServed
from resources.system_tables import ledger
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.connection import WarehouseError
from tests.support.archives import contents
from tests.support.lake_files import store
from tests.support.offered import DAILY, DATASETS

COUNT = DATASETS["stream_count"]
DAY = date(2026, 11, 20)
NOW = "2026-11-22T12:00:00+08:00"
ONE_TABLE = ["stream_count"]


@pytest.fixture
def archive(tmp_path):
    environ = {
        "LIVESTATS_HOME": str(tmp_path / "home"),
        "LIVESTATS_NOW": NOW,
        "LIVESTATS_FIRST_DAY": "2026-11-18",
        "HOME": str(tmp_path),
    }
    return Archive.open(environ, tmp_path)


@pytest.fixture
def stored(archive):
    """An archive whose lake holds one day."""
    store(archive.home.lake, COUNT, DAY, [{"domain": "a"}])
    return archive


def only(archive, *names):
    """The same archive with all other datasets switched off."""
    off = tuple(name for name in DATASETS if name not in names)
    return replace(archive, settings=replace(archive.settings, datasets_off=off))


# Opening -----------------------------------------------------------------------------------------


def test_opening_it_creates_nothing_and_needs_no_key(archive):
    assert archive.first_day == date(2026, 11, 18)
    assert archive.today == date(2026, 11, 22)
    assert archive.daily == tuple(DAILY)
    assert archive.ledger(COUNT, DAY, DAY)[0].state is State.MISSING
    assert not archive.home.root.exists()


def test_settings_that_cannot_be_followed_are_refused_at_once(tmp_path):
    with pytest.raises(SettingsError, match="LIVESTATS_WORKERS"):
        Archive.open({"LIVESTATS_WORKERS": "many"}, tmp_path)


def test_today_is_that_of_the_business_zone(archive):
    for now, today in (
        ("2026-11-22T15:59:59+00:00", date(2026, 11, 22)),
        ("2026-11-22T16:00:00+00:00", date(2026, 11, 23)),
    ):
        moved = Archive.open({**archive.environ, "LIVESTATS_NOW": now}, archive.home.root.parent)
        assert moved.now() >= datetime.fromisoformat(now)
        assert moved.now().tzinfo is UTC
        assert moved.today == today


def test_datasets_that_are_off_are_not_daily_work(archive):
    assert only(archive, "stream_count", "isp").daily == (COUNT,)


def test_a_key_that_is_missing_is_said_before_anything_is_made(archive):
    with pytest.raises(FixSetup), archive.capturing():
        pass
    assert not archive.home.root.exists()


# Loading and publishing --------------------------------------------------------------------------


def test_what_is_behind_is_told_until_it_is_loaded_and_published(stored):
    archive = only(stored, "stream_count")
    assert archive.behind() == ONE_TABLE
    (loaded,) = archive.sync_tables([COUNT])
    assert (loaded.table, loaded.rows) == ("stream_count", 1)
    assert archive.behind() == ONE_TABLE  # loaded, but who reads does not see it yet
    archive.publish()
    assert archive.behind() == []
    store(archive.home.lake, COUNT, DAY, [{"domain": "b"}], version=1)
    assert archive.behind() == ONE_TABLE


def test_asking_what_is_behind_changes_nothing(stored):
    [*stored.sync_tables([COUNT])]
    stored.publish()
    before = contents(stored.home.root)
    stored.behind()
    stored.behind()
    assert contents(stored.home.root) == before


def test_loading_and_publishing_again_changes_no_file_that_is_read(stored):
    [*stored.sync_tables([COUNT])]
    first = stored.publish()
    before = contents(stored.home.lake, stored.home.served.parent)
    [*stored.sync_tables([COUNT])]
    again = stored.publish()
    assert (first.is_new, again.is_new) == (True, False)
    assert contents(stored.home.lake, stored.home.served.parent) == before


def test_steps_that_follow_each_other_open_the_warehouse_once_and_follow_the_tables_once(
    stored, monkeypatch
):
    stored = only(stored, "stream_count", "domain")
    opened, followed = [], []
    writing, refresh = warehouse_connection.writing, ledger.refresh
    monkeypatch.setattr(warehouse_connection, "writing", lambda *a: opened.append(a) or writing(*a))
    monkeypatch.setattr(ledger, "refresh", lambda *a: followed.append(a) or refresh(*a))
    with stored.keeping_warehouse_open() as one:
        assert not opened  # nor locked
        [*one.sync_tables([COUNT])]
        one.sync_marts()
        one.publish()
        assert (len(opened), len(followed)) == (1, 1)
        store(stored.home.lake, COUNT, DAY, [{"domain": "b"}], version=1)
        [*one.sync_tables([COUNT, DATASETS["domain"]])]
        one.publish()
        assert (len(opened), len(followed)) == (1, 2)  # what follows is not that of before
        one.publish()
        assert (len(opened), len(followed)) == (1, 2)
    assert stored.behind() == []
    stored.publish()  # it is closed, and by itself each step brings all level that follows
    assert (len(opened), len(followed)) == (2, 3)


def test_what_follows_a_table_that_only_the_publication_loads_is_made_after_it(stored):
    archive = only(stored, "stream_count")
    with archive.keeping_warehouse_open() as one:
        one.sync_marts()
        one.publish()
    assert archive.behind() == []
    with stored.reading() as connection:
        assert connection.execute("SELECT count(*) FROM stream_count_daily").fetchall() == [(1,)]


def test_what_is_read_is_the_lake_with_its_ledger(stored):
    [*stored.sync_tables([COUNT])]
    stored.publish()
    with stored.reading() as connection:
        assert connection.execute("SELECT domain FROM stream_count").fetchall() == [("a",)]
        lines = connection.execute("SELECT count(DISTINCT dataset) FROM ledger").fetchall()
    assert lines == [(len(DAILY),)]


def test_every_database_can_be_made_again_from_the_files(stored):
    names = ("stream_count", "domain", "push_stream_info")
    stored = only(stored, *names)

    def read():
        [*stored.sync_tables(DATASETS[name] for name in names)]
        stored.publish()
        with stored.reading() as connection:
            return {
                name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
                for name in [*names, "ledger"]
            }

    before = read()
    for path in stored.home.root.rglob("*.duckdb*"):
        path.unlink()
    assert read() == before


def test_reading_before_anything_is_published_says_what_to_do(archive):
    with pytest.raises(NothingServed, match="livestats backfill"), archive.reading():
        pass


# Failures ----------------------------------------------------------------------------------------


def test_a_home_of_another_zone_is_refused(stored):
    stored.home.prepare(stored.settings, stored.now())
    other = replace(stored, settings=replace(stored.settings, time_zone="UTC"))
    with pytest.raises(SettingsError, match="Asia/Shanghai"), other.writing():
        pass


def test_a_warehouse_that_cannot_be_opened_is_named(stored):
    stored.home.warehouse.parent.mkdir(parents=True)
    stored.home.warehouse.write_bytes(b"no database" * 999)
    with pytest.raises(WarehouseError, match="made again from the lake"):
        [*stored.sync_tables([COUNT])]


def test_a_table_that_fails_leaves_those_before_it_loaded(stored):
    damaged = store(stored.home.lake, DATASETS["top_play"], DAY, [{}])
    damaged.write_bytes(b"")
    count, top = stored.sync_tables([COUNT, DATASETS["top_play"]])
    assert (count.problem, str(damaged) in top.problem) == ("", True)
    stored.publish()
    with stored.reading() as connection:
        assert connection.execute("SELECT count(*) FROM stream_count").fetchall() == [(1,)]
