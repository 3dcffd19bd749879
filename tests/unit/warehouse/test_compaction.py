"""The warehouse file, and with it the served copy, holds what it holds and little else."""

import shutil
from datetime import UTC, datetime

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.serving import publish
from resources.warehouse import compaction, load
from resources.warehouse import connection as warehouse_connection
from tests.support.archives import DAYS, leftovers
from tests.support.lake_files import store

ZONE = "Asia/Shanghai"
DATASET = DATASETS["stream_count"]
START = datetime(2026, 11, 20, tzinfo=UTC)
ROWS = 200_000
CONTENT = [
    "FROM stream_count ORDER BY ALL",
    "FROM meta.loaded ORDER BY ALL",
    "SELECT table_name, comment FROM duckdb_tables() ORDER BY ALL",
    "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns() "
    "WHERE NOT internal ORDER BY ALL",
    "SELECT table_name, constraint_type, constraint_text FROM duckdb_constraints() ORDER BY ALL",
    "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
    "FROM newest(2)",
    "FROM days",
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An archive with a loaded day, a view on it, a macro, and a table that is to go."""
    monkeypatch.setattr(compaction, "MIN_FREE_BYTES", 1 << 20)
    home = Home(tmp_path / "it's")
    store(home.lake, DATASET, DAYS[0], [{}])
    with warehouse_connection.writing(home, ZONE) as connection:
        load.sync_table(connection, home, DATASET)
        fill(connection)
        connection.execute("CREATE VIEW days AS SELECT DISTINCT business_date FROM stream_count")
        connection.execute("COMMENT ON VIEW days IS 'Its days.'")
        connection.execute("CREATE VIEW a_view_on_it AS FROM days")
        connection.execute("CREATE MACRO newest(n) AS TABLE FROM stream_count LIMIT n")
    return home


def fill(connection):
    """Rows that no compression makes small."""
    with warehouse_connection.transaction(connection):
        connection.execute(
            "CREATE OR REPLACE TABLE filling AS "
            f"SELECT hash(i) AS one, hash(i + 1) AS other FROM range({ROWS}) t(i)"
        )


def emptied(home):
    with (
        warehouse_connection.writing(home, ZONE) as connection,
        warehouse_connection.transaction(connection),
    ):
        connection.execute("DROP TABLE filling")


def content(home):
    with warehouse_connection.writing(home, ZONE) as connection:
        return [connection.execute(sql).fetchall() for sql in CONTENT]


def test_a_file_of_gaps_is_made_anew_with_all_that_it_holds(home):
    emptied(home)
    shutil.copyfile(home.warehouse, home.root / "before.duckdb")
    size = home.warehouse.stat().st_size
    found = content(home)
    assert home.warehouse.stat().st_size < size / 2
    with duckdb.connect(str(home.root / "before.duckdb")) as before:
        before.execute("SET TimeZone = ?", [ZONE])
        assert found == [before.execute(sql).fetchall() for sql in CONTENT]
    assert leftovers(home.root) == []


def test_it_can_be_loaded_and_opened_by_older_readers_as_before(home):
    def storage(connection):
        return connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE NOT internal"
        ).fetchall()

    with warehouse_connection.writing(home, ZONE) as connection:
        before = storage(connection)
    emptied(home)
    store(home.lake, DATASET, DAYS[1], [{}])
    with warehouse_connection.writing(home, ZONE) as connection:
        assert load.sync_table(connection, home, DATASET).days == [DAYS[1]]
        assert storage(connection) == before


def test_what_is_served_after_it_is_the_small_file(home):
    with warehouse_connection.writing(home, ZONE) as connection:
        large = publish.publish(connection, home)
    emptied(home)
    with warehouse_connection.writing(home, ZONE) as connection:
        small = publish.publish(connection, home)
    assert small.is_new
    assert small.size < large.size / 2


def test_the_served_copy_does_not_grow_with_what_is_loaded_again_and_again(home):
    sizes = []
    for _ in range(6):
        with warehouse_connection.writing(home, ZONE) as connection:
            fill(connection)
        with warehouse_connection.writing(home, ZONE) as connection:
            sizes.append(publish.publish(connection, home).size)
    assert max(sizes) < 2 * min(sizes)


def test_a_full_file_is_left_alone(home, monkeypatch):
    monkeypatch.setattr(compaction, "copy_compacted", lambda *_: pytest.fail("made anew"))
    content(home)


def test_where_it_cannot_be_made_anew_the_old_file_serves_on(home, monkeypatch, caplog):
    emptied(home)
    inode = home.warehouse.stat().st_ino
    nowhere = home.root / "nowhere" / "new.duckdb"
    temp_path = compaction.atomic.temp_path
    monkeypatch.setattr(
        compaction.atomic, "temp_path", lambda p: nowhere if p == home.warehouse else temp_path(p)
    )
    with caplog.at_level("WARNING"):
        assert len(content(home)[0]) == 1
    assert home.warehouse.stat().st_ino == inode
    assert "could not be made anew" in caplog.text
    assert leftovers(home.root) == []


def test_a_crash_on_the_way_leaves_the_old_file(home, monkeypatch):
    emptied(home)
    inode = home.warehouse.stat().st_ino

    def crash(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(warehouse_connection.atomic, "rename_into_place", crash)
        with pytest.raises(OSError, match="No space"), warehouse_connection.writing(home, ZONE):
            pass
    assert home.warehouse.stat().st_ino == inode
    assert len(content(home)[0]) == 1
    assert leftovers(home.root) == []
