"""What changed when a day was restated: two files compared, and the table of all revisions."""

import json
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.lake import parquet
from resources.lake.table_diff import Comparison, comparing
from resources.raw import captures
from resources.system_tables import revisions
from resources.warehouse import connection as warehouse_connection
from tests.support.restated_captures import DAY, FIRST, SECOND, THIRD, answer, capture

STATUS = DATASETS["play_status_code"]
SLOTS = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (0, 1)]
A, B, C = ("pull.example", "a"), ("pull.example", "b"), ("pull.example", "c")


# Two files -----------------------------------------------------------------------------------

keys = st.tuples(
    st.sampled_from(["a.example", "b'\"%s\\"]), st.sampled_from(SLOTS), st.sampled_from([200, 404])
)
counts = st.none() | st.integers(-5, 2**62)
shares = st.none() | st.integers(-800, 800).map(lambda eighths: eighths / 8)
files = st.dictionaries(keys, st.tuples(counts, shares))


def status_rows(path, rows):
    """A lake file of play_status_code with these [(domain, slot, code), (count, share)]."""
    schema = parquet.schema(STATUS)
    of_column = {
        "business_date": [DAY] * len(rows),
        "slot_start_at": [slot for (_, slot, _), _ in rows],
        "slot_seconds": [300] * len(rows),
        "request_type": ["Access"] * len(rows),
        "domain": [domain for (domain, _, _), _ in rows],
        "isp": ["unicom"] * len(rows),
        "status_code": [code for (_, _, code), _ in rows],
        "status_count": [count for _, (count, _) in rows],
        "share_percent": [share for _, (_, share) in rows],
    }
    pq.write_table(pa.table({name: of_column[name] for name in schema.names}, schema), path)
    return path


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Compares two lists of rows: the whole, and each row that differs."""
    folder = tmp_path_factory.mktemp("files")

    def compare(before, after, most=1000):
        paths = [status_rows(folder / name, rows) for name, rows in (("a", before), ("b", after))]
        with comparing(folder, "Asia/Shanghai") as connection:
            comparison = Comparison(connection, STATUS, *paths)
            return comparison.whole(), comparison.rows(most)

    return compare


@given(before=files, after=files)
@settings(deadline=None, max_examples=60)
def test_every_difference_is_found_and_nothing_else(compared, before, after):
    whole, rows = compared(list(before.items()), list(after.items()))
    both = before.keys() & after.keys()
    assert (whole.rows_before, whole.rows_after) == (len(before), len(after))
    assert whole.added == len(after.keys() - before.keys())
    assert whole.removed == len(before.keys() - after.keys())
    assert whole.changed == sum(before[key] != after[key] for key in both)
    for at, name in enumerate(("status_count", "share_percent")):
        sums = [
            sum(numbers)
            if (numbers := [v[at] for v in side.values() if v[at] is not None])
            else None
            for side in (before, after)
        ]
        cells = sum(before[key][at] != after[key][at] for key in both)
        assert (name in whole.columns) == (cells > 0 or sums[0] != sums[1])
        if name in whole.columns:
            found = whole.columns[name]
            assert found.cells == cells
            assert [found.before, found.after] == sums
    assert len(rows) == whole.added + whole.removed + whole.changed
    for row in rows:
        key = (row.key["domain"], row.key["slot_start_at"].astimezone(UTC), row.key["status_code"])
        old, new = before.get(key), after.get(key)
        for at, name in enumerate(("status_count", "share_percent")):
            pair = (old[at] if old else None, new[at] if new else None)
            assert row.cells.get(name, pair) == pair
            assert name in row.cells or pair[0] == pair[1]
        assert row.kind == ("added" if old is None else "removed" if new is None else "changed")


@given(
    before=st.lists(st.tuples(keys, st.tuples(counts, shares)), max_size=6),
    after=st.lists(st.tuples(keys, st.tuples(counts, shares)), max_size=6),
)
@settings(deadline=None, max_examples=40)
def test_a_key_that_stands_twice_is_counted_once_each_time(compared, before, after):
    """Such a day is never loaded, but it must not multiply in a comparison either."""
    whole, _ = compared(before, after)
    assert (whole.rows_before, whole.rows_after) == (len(before), len(after))
    assert whole.added - whole.removed == len(after) - len(before)
    same, rows = compared(before, list(reversed(before)))
    assert (same.added, same.removed, same.changed, same.columns, rows) == (0, 0, 0, {}, [])


def test_the_column_that_moved_most_comes_first(compared):
    key = ("a.example", SLOTS[0], 200)
    up = compared([(key, (100, 50.0))], [(key, (103, 40.0))])[0]
    assert [*up.columns] == ["share_percent", "status_count"]
    assert [c.relative for c in up.columns.values()] == [-0.2, 0.03]
    from_nothing = compared([(key, (0, 50.0))], [(key, (1, 10.0))])[0]
    assert [*from_nothing.columns] == ["status_count", "share_percent"]
    assert from_nothing.columns["status_count"].relative is None


def test_rows_come_in_the_order_of_their_keys_and_no_more_than_asked(compared):
    rows = [((domain, slot, 200), (1, 1.0)) for slot in SLOTS for domain in ("b", "a")]
    _, found = compared([], rows, most=3)
    assert [(r.key["domain"], r.key["slot_start_at"]) for r in found] == [
        ("a", SLOTS[0]), ("a", SLOTS[1]), ("b", SLOTS[0]),
    ]  # fmt: skip


def test_sums_of_integers_are_exact(compared):
    key, other = ("a.example", SLOTS[0], 200), ("a.example", SLOTS[1], 200)
    rows = [(key, (2**62 + 1, None)), (other, (2**62, None))]
    whole, _ = compared(rows, rows[:1])
    assert whole.columns["status_count"].before == 2**63 + 1


@pytest.mark.parametrize("name", DATASETS)
def test_files_of_every_dataset_can_be_compared(tmp_path, name):
    """No column of the catalog is a word that SQL keeps for itself."""
    path = tmp_path / parquet.FILE
    pq.write_table(parquet.schema(DATASETS[name]).empty_table(), path)
    with comparing(tmp_path) as connection:
        comparison = Comparison(connection, DATASETS[name], path, path)
        assert (comparison.whole().columns, comparison.rows(1)) == ({}, [])


# The table -----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "it's [a] home")


def refresh(home):
    """Bring the table level; how many revisions were compared."""
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        return revisions.refresh(connection, home)


def table(home, columns="*"):
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        return connection.execute(
            f"SELECT {columns} FROM revisions ORDER BY dataset, business_date, revised_at"
        ).fetchall()


def state(home):
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        return warehouse_connection.content_version(connection)


def test_a_day_captured_once_has_no_revision(home):
    capture(home, FIRST, {A: (1, 10)})
    assert refresh(home) == 0
    assert table(home) == []


def test_a_revision_tells_what_came_went_and_changed(home):
    old = capture(home, FIRST, {A: (1, 10), B: (1, 30)})
    new = capture(home, SECOND, {A: (1, 11), C: (2, 20)})
    assert refresh(home) == 1
    (row,) = table(home, "* EXCLUDE (changes, schema_version)")
    assert row == (
        "batch_stream_traffic", DAY, SECOND, new.name.text, old.name.text,
        2, 2, 1, 1, 1, "up_traffic_bytes", 0.5, None,
    )  # fmt: skip
    ((changes,),) = table(home, "changes")
    assert json.loads(changes) == {
        "up_traffic_bytes": {"cells": 0, "before": 2e9, "after": 3e9, "relative": 0.5},
        "down_traffic_bytes": {"cells": 1, "before": 4e10, "after": 3.1e10, "relative": -0.225},
    }
    assert [*json.loads(changes)] == ["up_traffic_bytes", "down_traffic_bytes"]


def test_each_capture_is_compared_with_the_one_before_it(home):
    for at, down in ((FIRST, 10), (SECOND, 20), (THIRD, 15)):
        capture(home, at, {A: (1, down)})
    assert refresh(home) == 2
    assert table(home, "revised_at, relative_change") == [(SECOND, 1.0), (THIRD, -0.25)]


def test_days_that_fill_and_empty(home):
    """There is no share of nothing, but there is a column that moved."""
    for at, rows in ((FIRST, {}), (SECOND, {A: (0, 10)}), (THIRD, {})):
        capture(home, at, rows)
    refresh(home)
    found = table(home, "rows_added, rows_removed, rows_changed, column_name, relative_change")
    assert found == [
        (1, 0, 0, "down_traffic_bytes", None),
        (0, 1, 0, "down_traffic_bytes", None),
    ]


def test_an_answer_with_a_new_field_only_is_a_revision_without_a_column(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 10)}, body=answer({A: (1, 10)}, Novelty=7))
    refresh(home)
    assert table(home, "rows_changed, column_name, changes") == [(0, None, "{}")]


def test_what_is_known_is_not_compared_again_and_nothing_is_opened(home, monkeypatch):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    refresh(home)
    before, rows = state(home), table(home)

    def opened(*_):
        raise AssertionError("a capture was opened")

    monkeypatch.setattr(captures.Capture, "responses", opened)
    assert refresh(home) == 0
    assert (state(home), table(home)) == (before, rows)


def test_only_the_new_revision_is_compared(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    refresh(home)
    capture(home, THIRD, {A: (1, 30)})
    assert refresh(home) == 1
    assert table(home, "relative_change") == [(1.0,), (0.5,)]


def test_without_its_database_the_table_comes_back_the_same(home):
    days = [DAY - timedelta(days=i) for i in range(3)]
    for at, factor in ((FIRST, 1.0), (SECOND, 1.03), (THIRD, 1 / 3)):
        for day in days:
            rows = {("pull.example", f"s{i}"): (i * factor, 0.1 * i * factor) for i in range(50)}
            capture(home, at, rows, day=day)
        refresh(home)  # a third of it each time
    before = table(home)
    home.warehouse.unlink()
    assert refresh(home) == 6
    assert table(home) == before


def test_a_new_normaliser_compares_all_again(home, monkeypatch):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    refresh(home)
    monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
    assert refresh(home) == 1
    assert table(home, "schema_version, relative_change") == [(parquet.SCHEMA_VERSION, 1.0)]
    assert refresh(home) == 0


def damage(found):
    """Cut the last byte off a capture's answers; returns what mends it."""
    file = found.folder / captures.RESPONSES
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    return lambda: file.write_bytes(whole)


@pytest.mark.parametrize("which", [0, 1], ids=["the earlier", "the later"])
def test_a_damaged_capture_is_named_and_tried_again(home, which):
    """It stops neither other days nor publishing; as long as it lasts, nothing changes."""
    both = [capture(home, FIRST, {A: (1, 10)}), capture(home, SECOND, {A: (1, 20), B: (1, 1)})]
    other = DAY - timedelta(days=1)
    for at, down in ((FIRST, 10), (SECOND, 20)):
        capture(home, at, {A: (1, down)}, day=other)
    mend = damage(both[which])
    assert refresh(home) == 2
    assert table(home, "business_date, rows_before, rows_after, rows_changed, problem") == [
        (other, 1, 1, 1, None),
        (DAY, 1, 2, None, f"{both[which].name.text} cannot be read; see livestats verify"),
    ]
    before = state(home)
    assert refresh(home) == 1
    assert state(home) == before
    mend()
    refresh(home)
    assert table(home, "rows_changed, problem") == [(1, None), (1, None)]


def test_a_capture_that_was_taken_away_takes_its_revision_along(home):
    capture(home, FIRST, {A: (1, 10)})
    middle = capture(home, SECOND, {A: (1, 20)})
    capture(home, THIRD, {A: (1, 40)})
    refresh(home)
    middle.folder.rename(home.root / "quarantine")
    assert refresh(home) == 1
    assert table(home, "revised_at, relative_change") == [(THIRD, 3.0)]


def test_an_error_leaves_table_and_folder_as_they_were(home, monkeypatch):
    capture(home, FIRST, {A: (1, 10)})
    refresh(home)
    capture(home, SECOND, {A: (1, 20)})

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(parquet, "normalise", full)
        with pytest.raises(OSError, match="No space left"):
            refresh(home)
    assert table(home) == []
    assert [p.name for p in home.warehouse.parent.iterdir()] == [home.warehouse.name]
    assert refresh(home) == 1


def test_what_a_killed_run_left_is_removed(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    left = home.warehouse.parent / ".making-revisions-1-abcd"
    left.mkdir(parents=True)
    refresh(home)
    assert not left.exists()


def test_every_column_says_what_it_is():
    assert [n for n, (_, text) in revisions.COLUMNS.items() if not text.endswith(".")] == []
    assert "livestats diff" in revisions.TABLE_COMMENT


def test_a_table_of_an_older_declaration_is_made_anew(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        connection.execute("CREATE TABLE revisions (dataset VARCHAR)")
    assert refresh(home) == 1


def test_many_revisions_are_kept_batch_by_batch(home, monkeypatch):
    """What was compared before a run is broken off need not be compared again."""
    monkeypatch.setattr(revisions, "_PER_TRANSACTION", 2)
    for day in (date(2026, 11, 1 + n) for n in range(5)):
        for at, down in ((FIRST, 10), (SECOND, 20)):
            capture(home, at, {A: (1, down)}, day=day)
    done = []

    def broken_off(*arguments):
        done.append(arguments)
        if len(done) > 6:  # two for each revision
            raise KeyboardInterrupt
        return normalise(*arguments)

    normalise = parquet.normalise
    with monkeypatch.context() as broken:
        broken.setattr(parquet, "normalise", broken_off)
        with pytest.raises(KeyboardInterrupt):
            refresh(home)
    assert len(table(home)) == 2
    assert refresh(home) == 3
    assert len(table(home)) == 5
