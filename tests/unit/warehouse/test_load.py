"""The warehouse: tables level with the lake, day by day, and as before if a load fails."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.lake import parquet
from resources.marts import table_comments
from resources.serving import publish
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import dedup as listed
from resources.warehouse import load as warehouse_load
from resources.warehouse import load_batch, load_state
from resources.warehouse.connection import WarehouseError
from resources.warehouse.dataset_docs import tables
from tests.support.each import each
from tests.support.lake_files import capture_name, store

ZONE = "Asia/Shanghai"
FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(days=i) for i in range(4)]
COUNT, DOMAIN = DATASETS["stream_count"], DATASETS["domain"]
IP_INFO, PUSHES = DATASETS["ip_info"], DATASETS["push_stream_info"]
HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""
END_AT_ONCE = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE left_over AS SELECT 1")
os._exit(9)  # as if killed: the log is not folded in
"""


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def connection(home):
    with warehouse_connection.writing(home, ZONE) as found:
        yield found


@pytest.fixture
def load(connection, home):
    """Brings one table level."""

    def call(dataset=COUNT):
        return warehouse_load.sync_table(connection, home, dataset)

    return call


def rows_of(connection, name=COUNT.name):
    return sorted(connection.execute(f"FROM {name}").fetchall(), key=repr)


def counts(connection):
    sql = f"SELECT business_date, count(*) FROM {COUNT.name} GROUP BY 1 ORDER BY 1"
    return dict(connection.execute(sql).fetchall())


def domains(*names):
    return [{"domain": name} for name in names]


def everything(connection):
    """All that the warehouse holds, meta tables included."""
    names = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1"
    ).fetchall()
    return {name: rows_of(connection, name) for (name,) in names}


# Like make ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_the_threads_of_duckdb_can_be_bounded(tmp_path, threads):
    with warehouse_connection.writing(Home(tmp_path), "Asia/Shanghai", threads) as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchall() == [(threads,)]


def test_a_load_brings_every_day_of_the_lake_and_a_second_one_changes_nothing(
    home, connection, load
):
    for i, day in enumerate(DAYS):
        store(home.lake, COUNT, day, domains(*"abc"[:i]))
    found = load()
    assert found == warehouse_load.Loaded(
        table=COUNT.name, days=DAYS, rows=6, total_rows=6, gone=[]
    )
    assert counts(connection) == {DAYS[1]: 1, DAYS[2]: 2, DAYS[3]: 3}
    assert load_state.is_in_sync(connection, home, COUNT)
    before, state = everything(connection), warehouse_connection.content_version(connection)
    assert load() == warehouse_load.Loaded(table=COUNT.name, days=[], rows=0, total_rows=6, gone=[])
    assert everything(connection) == before
    assert warehouse_connection.content_version(connection) == state


def test_an_empty_day_is_loaded_once(home, connection, load):
    store(home.lake, COUNT, FIRST, [])
    assert load().days == [FIRST]
    assert load().days == []
    assert load_state.is_in_sync(connection, home, COUNT)


def test_only_the_day_whose_file_changed_is_loaded_again(home, connection, load):
    for day in DAYS:
        store(home.lake, COUNT, day, domains("a", "b"))
    load()
    state = warehouse_connection.content_version(connection)
    store(home.lake, COUNT, DAYS[1], domains("c"), version=1)
    assert not load_state.is_in_sync(connection, home, COUNT)
    found = load()
    assert (found.days, found.rows, found.total_rows) == ([DAYS[1]], 1, 7)
    assert counts(connection) == {DAYS[0]: 2, DAYS[1]: 1, DAYS[2]: 2, DAYS[3]: 2}
    assert warehouse_connection.content_version(connection) != state


def test_a_day_restated_as_empty_leaves_the_table(home, connection, load):
    store(home.lake, COUNT, FIRST, domains("a"))
    load()
    store(home.lake, COUNT, FIRST, [], version=1)
    load()
    assert counts(connection) == {}


def test_a_day_whose_file_is_gone_is_reported_and_kept(home, load):
    paths = [store(home.lake, COUNT, day, domains("a")) for day in DAYS[:2]]
    load()
    paths[0].unlink()
    found = load()
    assert (found.days, found.gone, found.total_rows) == ([], [DAYS[0]], 2)


def test_folders_that_are_no_day_are_not_loaded(home, connection, load):
    path = store(home.lake, COUNT, FIRST, domains("a"))
    for name in ("day=2026-11-01.bak", "day=20261102", ".making-day=2026-11-03", "old"):
        other = home.lake / COUNT.name / name / parquet.FILE
        other.parent.mkdir()
        other.write_bytes(path.read_bytes())
    assert load().days == [FIRST]
    assert load_state.is_in_sync(connection, home, COUNT)


def test_a_warehouse_that_was_deleted_is_made_again_with_the_same_content(home):
    for i, day in enumerate(DAYS):
        store(home.lake, COUNT, day, domains(*"abc"[:i]))
        store(home.lake, IP_INFO, day, [{"ip": f"192.0.2.{i % 2}", "city": str(i)}])
        store(home.lake, DOMAIN, day, domains("abcd"[i]))
    wanted, found = (COUNT, IP_INFO, DOMAIN), []
    for _ in range(2):
        with warehouse_connection.writing(home, ZONE) as connection:
            for dataset in wanted:
                warehouse_load.sync_table(connection, home, dataset)
            found.append({n: r for n, r in everything(connection).items() if n != "meta.state"})
        home.warehouse.unlink()
    assert found[0] == found[1]


def test_more_days_than_a_transaction_takes_are_loaded_in_several(home, connection, load):
    days = [
        FIRST + timedelta(days=i) for i in range(warehouse_connection.DAYS_PER_TRANSACTION * 2 + 1)
    ]
    for day in days:
        store(home.lake, COUNT, day, domains("a"))
    assert load().days == days
    assert counts(connection) == dict.fromkeys(days, 1)


# A load that fails -------------------------------------------------------------------------------


class Broken(Exception):
    """Stands for whatever may break a load off."""


class Breaking:
    """A connection that fails at its nth statement."""

    def __init__(self, connection, at):
        self._connection, self._left = connection, at

    def __getattr__(self, name):
        found = getattr(self._connection, name)
        if name not in ("execute", "begin", "commit"):
            return found

        def call(*args):
            self._left -= 1
            if self._left == 0:
                raise Broken
            return found(*args)

        return call


@pytest.mark.parametrize("dataset", [COUNT, IP_INFO, DOMAIN], ids=lambda d: d.name)
def test_a_load_that_breaks_off_anywhere_changes_nothing_and_can_be_repeated(
    dataset, home, connection, load
):
    key = dataset.key[-1] if dataset is not COUNT else "domain"
    for day in DAYS[:2]:
        store(home.lake, dataset, day, [{key: "a"}, {key: "b"}])
    load(dataset)
    store(home.lake, dataset, DAYS[1], [{key: "a"}], version=1)
    store(home.lake, dataset, DAYS[2], [{key: "c"}])
    before, at, seen = everything(connection), 0, []
    while True:
        at += 1
        try:
            warehouse_load.sync_table(Breaking(connection, at), home, dataset)
            break
        except Broken:
            seen.append(everything(connection))
    after = everything(connection)
    assert at > 8
    assert seen[0] == before
    assert all(found in (before, after) for found in seen)
    assert len(rows_of(connection, dataset.name)) == (4 if dataset is COUNT else 3)
    assert load_state.is_in_sync(connection, home, dataset)


@pytest.mark.parametrize("dataset", [COUNT, IP_INFO, DOMAIN], ids=lambda d: d.name)
def test_a_table_that_is_made_anew_is_the_old_one_until_all_its_days_are_in(
    dataset, home, connection, load, monkeypatch
):
    """However the making breaks off, and however many batches it takes."""
    monkeypatch.setattr(warehouse_connection, "DAYS_PER_TRANSACTION", 2)
    key = dataset.key[-1] if dataset is not COUNT else "domain"
    for day in DAYS:
        store(home.lake, dataset, day, [{key: f"a {day}"}, {key: "b"}])
    load(dataset)
    other = CHANGES["what may be null"](dataset)
    before, at = everything(connection), 0
    while True:
        at += 1
        try:
            warehouse_load.sync_table(Breaking(connection, at), home, other)
            break
        except Broken:
            if load_state.is_in_sync(connection, home, other):
                break  # it was about to count the rows
            assert everything(connection) == before
    assert at > 10
    same = {name: rows for name, rows in before.items() if name != "meta.state"}
    assert {n: rows for n, rows in everything(connection).items() if n != "meta.state"} == same
    assert load_state.is_in_sync(connection, home, other)


def test_a_damaged_file_keeps_no_other_day_from_a_table_that_is_made_anew(home, connection, load):
    for day in DAYS:
        path = store(home.lake, COUNT, day, domains("a"))
    load()
    path.write_bytes(path.read_bytes()[:-20])
    other = replace(COUNT, key=COUNT.key[::-1])
    assert str(path) in load(other).problem
    assert counts(connection) == dict.fromkeys(DAYS, 1)  # the bad day's rows are the earlier ones
    assert not load_state.is_in_sync(connection, home, other)


def test_days_with_many_rows_are_loaded_few_at_a_time(home, connection, load, monkeypatch):
    """To prove the keys of a batch unique takes memory for each of its rows."""
    sizes = [1, 2, 3, 1]
    for day, size in zip(DAYS, sizes, strict=True):
        store(home.lake, COUNT, day, domains(*"abc"[:size]))
    monkeypatch.setattr(warehouse_load, "_MAX_BATCH_ROWS", 3)
    at_once = []
    real = load_batch._replace_days
    monkeypatch.setattr(
        load_batch, "_replace_days", lambda *a: at_once.append(list(a[-1])) or real(*a)
    )
    assert load().rows == 7
    assert at_once == [DAYS[:2], DAYS[2:3], DAYS[3:]]
    assert counts(connection) == dict(zip(DAYS, sizes, strict=True))


def exhausted(monkeypatch, most, days=(), text="could not allocate block (244 MiB used)"):
    """DuckDB has no memory for more than `most` days at once, nor for `days`; rows are in the table."""
    real = load_batch._record_loaded

    def refusing(connection, dataset, batch):
        if len(batch) > most or any(file.day in days for file, _ in batch):
            raise duckdb.OutOfMemoryException(f"Out of Memory Error: {text}\n\nPossible: more")
        real(connection, dataset, batch)

    monkeypatch.setattr(load_batch, "_record_loaded", refusing)


def test_days_that_need_too_much_memory_together_are_loaded_in_halves(
    home, connection, load, monkeypatch
):
    for day in DAYS:
        store(home.lake, COUNT, day, domains("a", "b"))
    exhausted(monkeypatch, 1)
    assert load() == warehouse_load.Loaded(
        table=COUNT.name, days=DAYS, rows=8, total_rows=8, gone=[]
    )
    assert counts(connection) == dict.fromkeys(DAYS, 2)
    assert load().days == []


@pytest.mark.parametrize("most", [1, 9])
def test_a_day_that_needs_too_much_memory_alone_keeps_no_other_day_from_being_loaded(
    most, home, connection, load, monkeypatch
):
    for day in DAYS:
        store(home.lake, COUNT, day, domains("a"))
    load()
    for day in DAYS:
        store(home.lake, COUNT, day, domains("a", "b"))
    exhausted(monkeypatch, most, DAYS[1:2])
    found = load()
    assert f"stream_count {DAYS[1]}: not loaded, its rows are as they were: " in found.problem
    assert "244 MiB used) DuckDB may take 256MB. Run `livestats publish`" in found.problem
    assert (found.days, found.rows) == ([DAYS[0], *DAYS[2:]], 6)
    assert counts(connection) == {DAYS[0]: 2, DAYS[1]: 1, DAYS[2]: 2, DAYS[3]: 2}
    assert not load_state.is_in_sync(connection, home, COUNT)
    monkeypatch.undo()
    assert (load().days, load().problem) == (DAYS[1:2], "")


def test_what_a_damaged_day_leaves_is_halved_too(home, load, monkeypatch):
    for day in DAYS:
        store(home.lake, COUNT, day, domains("a"))
    exhausted(monkeypatch, 2)
    real = load_batch._check_inserted_count

    def checked(dataset, inserted, origins):
        if any(origin.day == DAYS[1].isoformat() for origin in origins):
            raise WarehouseError("a bad day")
        real(dataset, inserted, origins)

    monkeypatch.setattr(load_batch, "_check_inserted_count", checked)
    found = load()
    assert (found.days, found.problem) == ([DAYS[0], *DAYS[2:]], "a bad day")


def test_a_table_that_can_only_be_made_as_a_whole_is_told_if_it_is_too_large(
    home, connection, load, monkeypatch
):
    for day in DAYS:
        store(home.lake, COUNT, day, domains("a"))
    load()
    before = everything(connection)
    exhausted(monkeypatch, 9, DAYS[1:2])
    with pytest.raises(WarehouseError, match="stream_count: not loaded, its rows are as they were"):
        load(replace(COUNT, key=COUNT.key[::-1]))
    assert everything(connection) == before


def test_a_full_disk_below_the_spill_folder_is_told_as_duckdb_tells_it(
    home, connection, load, monkeypatch
):
    for day in DAYS:
        store(home.lake, COUNT, day, domains("a"))
    exhausted(monkeypatch, 0, text="failed to offload data block (4 MiB/5 MiB used)")
    with pytest.raises(duckdb.OutOfMemoryException, match="Possible: more"):
        load()
    assert counts(connection) == {}


def test_a_list_loses_no_snapshot_that_needs_too_much_memory_alone(
    home, connection, load, monkeypatch
):
    lists = DATASETS["domain"]
    for day, name in zip(DAYS[:3], "abc", strict=True):
        store(home.lake, lists, day, domains(name))
    load(lists)
    before = everything(connection)
    store(home.lake, lists, DAYS[3], domains("d"))
    real = load_batch._replace_snapshots

    def replaced(connection, dataset, batch):
        found = [file.day for file, _ in batch]
        if DAYS[3] in found:
            raise WarehouseError("a bad list")
        if found == [DAYS[1]]:
            raise duckdb.OutOfMemoryException("Out of Memory Error: 244 MiB used")
        real(connection, dataset, batch)

    monkeypatch.setattr(load_batch, "_replace_snapshots", replaced)
    with pytest.raises(WarehouseError, match="domain: not loaded, its rows are as they were"):
        load(lists)
    assert everything(connection) == before


def test_rows_of_a_list_that_has_not_changed_are_not_loaded_again(home, load):
    store(home.lake, DATASETS["domain"], FIRST, domains("a", "b"))
    assert [load(DATASETS["domain"]).rows for _ in "12"] == [2, 0]


def test_a_damaged_file_keeps_no_other_day_from_being_loaded(home, connection, load, monkeypatch):
    monkeypatch.setattr(warehouse_connection, "DAYS_PER_TRANSACTION", 2)
    for day in DAYS[:3]:
        store(home.lake, COUNT, day, domains("a"))
    path = store(home.lake, COUNT, DAYS[1], domains("a"))
    store(home.lake, COUNT, DAYS[3], domains("a"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    found = load()
    assert (found.days, str(path) in found.problem) == ([DAYS[0], *DAYS[2:]], True)
    assert counts(connection) == {DAYS[0]: 1, DAYS[2]: 1, DAYS[3]: 1}
    path.write_bytes(whole)
    found = load()
    assert (found.days, found.problem) == (DAYS[1:2], "")


def refused(load, *said, before):
    """The day is set aside with these words, and the tables are as before."""
    found = load()
    assert all(word in found.problem for word in said), found.problem
    assert before() == {DAYS[0]: 1}
    return True


def set_aside(load, *said, before):
    """The file is left out with these words, and the tables are as before."""
    found = load()
    assert DAYS[1] not in found.days
    assert all(word in found.problem for word in said), found.problem
    assert before() == {DAYS[0]: 1}
    return True


@pytest.fixture
def loaded_one(home, connection, load):
    """A table with one day; counts its rows by day."""
    store(home.lake, COUNT, DAYS[0], domains("a"))
    load()
    return lambda: counts(connection)


def test_a_key_that_stands_twice_is_refused(home, load, loaded_one):
    store(home.lake, COUNT, DAYS[1], domains("same", "other", "same"))
    assert refused(load, "twice", "same", "--force", before=loaded_one)


def test_a_key_may_stand_under_several_days(home, load, loaded_one):
    store(home.lake, COUNT, DAYS[1], domains("a"))
    load()
    assert loaded_one() == {DAYS[0]: 1, DAYS[1]: 1}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="emptied"),
        pytest.param(lambda whole: whole[:-30], id="cut"),
        pytest.param(lambda whole: whole.replace(b"stays", b"moves"), id="a changed value"),
        pytest.param(lambda whole: whole[:50] + b"\0" + whole[51:], id="a changed page"),
    ],
)
def test_a_damaged_file_is_refused_and_named(damage, home, load, loaded_one):
    path = store(home.lake, COUNT, DAYS[1], domains("stays"))
    path.write_bytes(damage(path.read_bytes()))
    assert set_aside(load, str(path), "livestats replay", before=loaded_one)


def test_a_file_of_another_dataset_or_day_is_refused(home, load, loaded_one):
    for source in (
        store(home.lake, COUNT, DAYS[0], domains("a")),
        store(home.lake, DATASETS["play_status_code"], DAYS[1], []),
    ):
        path = parquet.path_of(home.lake, COUNT.name, DAYS[1])
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(source.read_bytes())
        assert set_aside(load, str(path), "not ours", before=loaded_one)


def test_a_file_that_holds_another_number_of_rows_than_it_says_is_refused(
    home, load, loaded_one, monkeypatch
):
    store(home.lake, COUNT, DAYS[1], domains("b", "c"))
    real = parquet.provenance_of
    monkeypatch.setattr(parquet, "provenance_of", lambda path: replace(real(path), rows=3))
    assert refused(load, "rows were to be loaded", before=loaded_one)


def test_rows_of_another_day_are_refused(home, load, loaded_one):
    """They would stand under a day whose own load does not know of them."""
    day = DAYS[1]
    writer = parquet.LakeWriter(parquet.path_of(home.lake, COUNT.name, day), COUNT, day)
    for other in (day, DAYS[2]):
        path = store(home.lake, COUNT, other, domains("b"))
        writer._writer.write_table(pq.ParquetFile(path).read())
        path.unlink()
    writer.stats.rows = 1
    writer.seal(capture_name(1), 1)
    writer.commit()
    assert set_aside(load, "holds rows of another day", "replay", before=loaded_one)


SLOT = datetime(2026, 11, 2, tzinfo=UTC)  # 08:00 on DAYS[1] in Shanghai


@pytest.mark.parametrize("slot", [SLOT - timedelta(hours=9), SLOT + timedelta(hours=16)])
def test_slots_of_another_day_are_refused(slot, home, load, loaded_one):
    """As in a file that was made from the answers of another day."""
    store(home.lake, COUNT, DAYS[1], [{"domain": "a", "slot_start_at": slot}])
    assert set_aside(load, "holds rows of another day", "slot_start_at", before=loaded_one)


def test_the_first_and_the_last_slot_of_a_day_are_loaded(home, load):
    edges = (SLOT - timedelta(hours=8), SLOT + timedelta(hours=15, minutes=55))
    store(home.lake, COUNT, DAYS[1], [{"domain": "a", "slot_start_at": at} for at in edges])
    assert load().rows == 2


def test_an_event_may_begin_before_its_day_and_not_after_it(home, load):
    early, late = SLOT - timedelta(days=3), SLOT + timedelta(hours=16)
    store(home.lake, PUSHES, DAYS[1], [{PUSHES.event_start: early}])
    store(home.lake, PUSHES, DAYS[2], [{PUSHES.event_start: late + timedelta(days=1)}])
    found = load(PUSHES)
    assert found.days == [DAYS[1]]
    assert "holds rows of another day" in found.problem


def test_a_file_whose_capture_is_gone_is_refused_until_it_is_back(home, load, loaded_one):
    store(home.lake, COUNT, DAYS[1], domains("b"))
    day_folder = home.raw / COUNT.name / str(DAYS[1])
    day_folder.rename(home.root / "away")
    assert set_aside(load, "was made from", "backfill", before=loaded_one)
    (home.root / "away").rename(day_folder)
    assert load().days == [DAYS[1]]


# The catalog changes ---------------------------------------------------------------------------


def with_columns(dataset, change):
    found = replace(dataset)
    found.__dict__["columns"] = change(dataset.columns)
    return found


CHANGES = {
    "a column more": lambda d: with_columns(
        d, lambda c: (*c, replace(c[-1], name="another", nullable=True))
    ),
    "the order": lambda d: with_columns(d, lambda c: (*c[:-2], c[-1], c[-2])),
    "what may be null": lambda d: with_columns(
        d, lambda columns: tuple(replace(c, nullable=True) for c in columns)
    ),
    "the key": lambda d: replace(d, key=(*d.key, "business_date")),
}


@pytest.mark.parametrize(
    ("dataset", "change"),
    [
        pytest.param(dataset, change, id=f"{dataset.name}: {change}")
        for dataset in (COUNT, PUSHES, DOMAIN)
        for change in CHANGES
        if not (dataset is DOMAIN and change == "the key")  # a dimension has no day
    ],
)
def test_a_table_follows_the_catalog_and_is_filled_from_the_lake_again(
    dataset, change, home, connection, load
):
    key = {PUSHES: "stream"}.get(dataset, "domain")
    store(home.lake, dataset, DAYS[0], [{key: "a"}, {key: "b"}])
    load(dataset)
    other = CHANGES[change](dataset)
    assert not load_state.is_in_sync(connection, home, other)
    assert load(other).days == [DAYS[0]]
    assert load_state.is_in_sync(connection, home, other)
    assert load(other).days == []
    assert connection.execute(f"SELECT count(*) FROM {dataset.name}").fetchall() == [(2,)]
    names = [d[0] for d in connection.execute(f"FROM {dataset.name} LIMIT 0").description]
    assert names == [c.name for c in other.columns]


def test_days_of_older_files_have_null_in_a_new_column_and_newer_ones_their_values(
    home, connection, load
):
    """Whatever the order of the files: the columns of the first are not those of all."""
    more = CHANGES["a column more"](COUNT)
    store(home.lake, COUNT, DAYS[0], domains("a"))
    day = DAYS[1]
    rows = pq.ParquetFile(store(home.lake, COUNT, day, domains("a"))).read()
    writer = parquet.LakeWriter(parquet.path_of(home.lake, COUNT.name, day), more, day)
    kind = writer._schema.field("another").type
    values = pa.array([7], pa.int64()).cast(kind)
    writer._writer.write_table(rows.append_column(writer._schema.field("another"), values))
    writer.stats.rows = 1
    writer.seal(capture_name(1), 1)
    writer.commit()
    load(more)
    found = connection.execute(f"SELECT another FROM {COUNT.name} ORDER BY business_date")
    assert found.fetchall() == [(None,), (7,)]


def test_a_new_column_that_must_be_filled_asks_for_a_replay(home, load):
    store(home.lake, COUNT, DAYS[0], domains("a"))
    must = with_columns(COUNT, lambda c: (*c, replace(c[-1], name="another", nullable=False)))
    assert "livestats replay" in load(must).problem


def test_a_day_that_fails_alone_does_not_stop_the_others_of_its_batch(home, connection, load):
    """Its rows stay, and are marked as those of an earlier load."""
    for day in DAYS[:3]:
        store(home.lake, COUNT, day, domains("a"))
    load()
    for day in DAYS[:3]:
        store(home.lake, COUNT, day, domains("b", "b" if day == DAYS[1] else "c"), version=1)
    found = load()
    assert "twice" in found.problem
    assert counts(connection) == {DAYS[0]: 2, DAYS[1]: 1, DAYS[2]: 2}
    marked = connection.execute("SELECT dataset, day FROM meta.set_aside").fetchall()
    assert marked == [(COUNT.name, DAYS[1])]
    store(home.lake, COUNT, DAYS[1], domains("d"), version=2)
    assert load().problem == ""
    assert connection.execute("FROM meta.set_aside").fetchall() == []


# Dimensions --------------------------------------------------------------------------------------


def test_a_dimension_keeps_what_vanished_with_the_newest_row_of_each_key(home, connection, load):
    def snapshot(day, **types):
        rows = [{"domain": n, "domain_type": t} for n, t in types.items()]
        store(home.lake, DOMAIN, day, rows)

    def held():
        return dict(connection.execute("SELECT domain, domain_type FROM domain").fetchall())

    snapshot(DAYS[0], a="push", b="push")
    snapshot(DAYS[1], b="pull-flv", c="push")
    assert load(DOMAIN).days == DAYS[:2]
    assert held() == {"a": "push", "b": "pull-flv", "c": "push"}
    snapshot(DAYS[2])
    assert load(DOMAIN).days == [DAYS[2]]
    assert held() == {"a": "push", "b": "pull-flv", "c": "push"}
    snapshot(FIRST - timedelta(days=1), a="older", d="older")
    load(DOMAIN)
    assert held() == {"a": "push", "b": "pull-flv", "c": "push", "d": "older"}
    assert load(DOMAIN).days == []


# Rows that several days list ---------------------------------------------------------------------

KEYS = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
steps = st.lists(
    st.tuples(
        st.integers(0, 3), st.lists(st.sampled_from(KEYS), unique=True, max_size=3), st.booleans()
    ),
    min_size=1,
    max_size=7,
)


@pytest.mark.parametrize(
    ("dataset", "key", "value", "kept"),
    [(IP_INFO, "ip", "city", max), (PUSHES, "stream", "domain", min)],
    ids=["the last day that lists it", "the first day that lists it"],
)
@settings(deadline=None, max_examples=8)
@given(steps=steps)
def test_a_row_stands_once_whatever_was_loaded_and_restated_in_whatever_order(
    dataset, key, value, kept, steps, tmp_path_factory
):
    """The same as from nothing: under the first or the last day that lists it now."""
    home = Home(tmp_path_factory.mktemp("once"))
    listed = {}
    sql = f"SELECT {key}, business_date, {value} FROM {dataset.name} ORDER BY ALL"
    with warehouse_connection.writing(home, ZONE) as connection:
        for version, (index, keys, load_now) in enumerate(steps):
            day = DAYS[index]
            listed[day] = {k: f"{version} {k}" for k in keys}
            rows = [{key: k, value: v} for k, v in listed[day].items()]
            if dataset is PUSHES:  # the value must not be part of the key
                rows = [{key: k, "app": "x"} for k in keys]
            store(home.lake, dataset, day, rows, version)
            if load_now:
                warehouse_load.sync_table(connection, home, dataset)
        warehouse_load.sync_table(connection, home, dataset)
        found = connection.execute(sql).fetchall()
    days = {k: kept(d for d in listed if k in listed[d]) for keys in listed.values() for k in keys}
    expected = [(k, day, listed[day][k] if dataset is IP_INFO else "x") for k, day in days.items()]
    assert found == sorted(expected)


class Forgetful:
    """A connection to a DuckDB that overlooks the rows which are listed anew."""

    def __init__(self, real):
        self.real = real

    def execute(self, sql, *values):
        if sql.startswith(f"INSERT INTO {PUSHES.name} "):
            sql += " AND false"
        return self.real.execute(sql, *values)


def test_rows_that_duckdb_overlooks_are_an_error_and_no_hole(home, connection):
    store(home.lake, PUSHES, DAYS[0], [{"stream": "a", "app": "x"}])
    warehouse_load.sync_table(connection, home, PUSHES)
    connection.begin()
    listed.collect_keys(connection, PUSHES, [DAYS[0]])
    with pytest.raises(WarehouseError, match="kept 0 of 1 rows"):
        listed.insert_deduplicated(Forgetful(connection), PUSHES)
    connection.rollback()
    assert connection.execute(f"SELECT stream FROM {PUSHES.name}").fetchall() == [("a",)]


def test_a_plan_that_overlooks_rows_is_used_by_no_connection_of_ours(home, connection, load):
    """Seldom, so that no run of a few examples shows it: rows without what is wrong with it."""
    store(home.lake, PUSHES, DAYS[0], [{"stream": "a", "app": "x"}])
    load(PUSHES)
    publish.publish(connection, home)
    query = f"EXPLAIN FROM meta.{PUSHES.name}_listed "
    query += "QUALIFY row_number() OVER (PARTITION BY stream ORDER BY business_date) = 1"
    with publish.reading(home, ZONE) as reader:
        for one in (connection, reader):
            ((_, plan),) = one.execute(query).fetchall()
            assert "rowid" not in plan
    ((_, plan),) = (
        duckdb.connect()
        .execute(
            "CREATE TABLE t AS SELECT 1 a, 1 b, 1 c; EXPLAIN FROM t "
            "QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1"
        )
        .fetchall()
    )
    assert "rowid" in plan, "DuckDB no longer makes this plan: connection.DUCKDB_WORKAROUNDS can go"


def test_a_failed_load_of_such_rows_is_no_trouble_for_the_next_table(home, connection, load):
    """What it collected on the way is of other columns."""
    store(home.lake, PUSHES, DAYS[0], [{"stream": "a"}, {"stream": "a"}])
    store(home.lake, IP_INFO, DAYS[0], [{"ip": "192.0.2.1"}])
    assert "twice" in load(PUSHES).problem
    load(IP_INFO)
    assert len(rows_of(connection, "ip_info")) == 1
    store(home.lake, PUSHES, DAYS[0], [{"stream": "a"}], version=1)
    load(PUSHES)
    assert len(rows_of(connection, "push_stream_info")) == 1


# What people see ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """Types and comments of all tables, before anything is loaded."""
    home = Home(tmp_path_factory.mktemp("described"))
    with warehouse_connection.writing(home, ZONE) as connection:
        for dataset in DATASETS.values():
            warehouse_load.sync_table(connection, home, dataset)
        table_comments.sync_comments(connection, "en")
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
            "WHERE schema_name = 'main' ORDER BY column_index"
        ).fetchall()
        tables_say = connection.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main'"
        ).fetchall()
        level = [load_state.is_in_sync(connection, home, d) for d in DATASETS.values()]
    assert all(level)
    return columns, dict(tables_say), {table["table"]: table for table in tables()}


@each("dataset", DATASETS.values(), lambda d: d.name)
def test_every_table_and_column_has_its_type_and_says_what_it_means(dataset, described):
    columns, tables_say, declared = *described[:2], described[2][dataset.name]
    found = [c[1:] for c in columns if c[0] == dataset.name]
    assert [(name, kind) for name, kind, _ in found] == [
        (c["name"], c["type"].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"))
        for c in declared["columns"]
    ]
    for (_, _, comment), column in zip(found, declared["columns"], strict=True):
        assert comment.startswith(column["comment"])
        assert not column["unit"] or f"Unit: {column['unit']}." in comment
        assert not column["field"] or f"API: {column['field']}." in comment
    assert declared["description"] in tables_say[dataset.name]
    assert f"Key: {', '.join(declared['key'])}." in tables_say[dataset.name]


def test_times_are_shown_in_the_business_zone(connection):
    assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [(ZONE,)]


def test_the_file_is_of_a_format_that_older_drivers_open(connection):
    tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE path IS NOT NULL")
    assert "v1.2" in str(tags.fetchall())


# Files that cannot be opened ---------------------------------------------------------------------


def opened(home):
    with warehouse_connection.writing(home, ZONE):
        pass


def unopened(home):
    with pytest.raises(WarehouseError) as caught:
        opened(home)
    return str(caught.value)


def test_a_file_that_another_program_holds_is_named_with_the_program(home):
    opened(home)
    program = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout.readline() == "held\n"
        said = unopened(home)
        program.communicate("")
    assert str(home.warehouse) in said
    assert "open in another program" in said
    assert f"PID {program.pid}" in said
    assert "served copy" in said
    opened(home)


@pytest.mark.parametrize("folder", ["home", "block", "lock"])
def test_a_damaged_file_is_named_with_the_way_to_make_it_again(folder, tmp_path):
    home = Home(tmp_path / folder)
    home.warehouse.parent.mkdir(parents=True)
    home.warehouse.write_bytes(b"no database" * 1000)
    said = unopened(home)
    assert str(home.warehouse) in said
    assert "another program" not in said
    assert "made again from the lake" in said
    home.warehouse.unlink()
    opened(home)


def test_a_log_left_without_its_file_is_no_trouble(home):
    """Whoever moves a damaged warehouse away may leave what stands beside it."""
    store(home.lake, COUNT, FIRST, domains("a"))
    opened(home)
    subprocess.run([sys.executable, "-c", END_AT_ONCE, str(home.warehouse)], check=False)
    log = home.warehouse.with_name(home.warehouse.name + ".wal")
    assert log.is_file()
    home.warehouse.unlink()
    with warehouse_connection.writing(home, ZONE) as connection:
        assert warehouse_load.sync_table(connection, home, COUNT).rows == 1
        assert "main.left_over" not in everything(connection)


def test_the_connection_closes_and_the_lock_ends_with_the_block(home):
    with pytest.raises(Broken), warehouse_connection.writing(home, ZONE) as connection:
        raise Broken
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("SELECT 1")
    opened(home)


def test_more_rows_than_duckdb_keeps_in_one_piece_stand_in_their_table_once(home, connection, load):
    """Pushes of a busy day: above 122,880 rows DuckDB appends in another way."""
    many = 130_000
    connection.execute("SET threads = 2")
    store(home.lake, PUSHES, DAYS[0], [{"stream": f"s{i}"} for i in range(many)])
    store(home.lake, PUSHES, DAYS[1], [{"stream": "s0"}, {"stream": "other"}])
    load(PUSHES)
    counted = "SELECT business_date, count(*) FROM push_stream_info GROUP BY 1 ORDER BY 1"
    assert connection.execute(counted).fetchall() == [(DAYS[0], many), (DAYS[1], 1)]
