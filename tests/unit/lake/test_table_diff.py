"""Two lake files of one dataset compared: counts, sums by column, differing rows."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.lake import parquet
from resources.lake.table_diff import Comparison, comparing
from tests.support.restated_captures import DAY

STATUS = DATASETS["play_status_code"]
SLOTS = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (0, 1)]


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


def check_every_difference(compared, before, after):
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


@given(before=files, after=files)
@settings(deadline=None, max_examples=15)
def test_every_difference_is_found_and_nothing_else(compared, before, after):
    check_every_difference(compared, before, after)


@pytest.mark.slow
@given(before=files, after=files)
@settings(deadline=None, max_examples=100)
def test_every_difference_of_many_more_files_is_found(compared, before, after):
    check_every_difference(compared, before, after)


twice = given(
    before=st.lists(st.tuples(keys, st.tuples(counts, shares)), max_size=6),
    after=st.lists(st.tuples(keys, st.tuples(counts, shares)), max_size=6),
)


def check_keys_that_stand_twice(compared, before, after):
    """Such a day is never loaded, but it must not multiply in a comparison either."""
    whole, _ = compared(before, after)
    assert (whole.rows_before, whole.rows_after) == (len(before), len(after))
    assert whole.added - whole.removed == len(after) - len(before)
    same, rows = compared(before, list(reversed(before)))
    assert (same.added, same.removed, same.changed, same.columns, rows) == (0, 0, 0, {}, [])


@twice
@settings(deadline=None, max_examples=8)
def test_a_key_that_stands_twice_is_counted_once_each_time(compared, before, after):
    check_keys_that_stand_twice(compared, before, after)


@pytest.mark.slow
@twice
@settings(deadline=None, max_examples=60)
def test_keys_that_stand_twice_in_many_more_files_are_counted_once(compared, before, after):
    check_keys_that_stand_twice(compared, before, after)


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


def test_files_of_every_dataset_can_be_compared(tmp_path):
    """No column of the catalog is a word that SQL keeps for itself."""
    with comparing(tmp_path) as connection:
        for name, dataset in DATASETS.items():
            path = tmp_path / f"{name}.parquet"
            pq.write_table(parquet.schema(dataset).empty_table(), path)
            comparison = Comparison(connection, dataset, path, path)
            assert (comparison.whole().columns, comparison.rows(1)) == ({}, []), name
