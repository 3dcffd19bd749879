"""Whether two lake files hold the same rows."""

import random
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.lake import parquet, row_equality
from tests.support.lake_files import store

DAY = date(2026, 11, 21)
COUNT = DATASETS["stream_count"]


def written(folder, name, rows):
    path = folder / name
    pq.write_table(rows, path)
    return path


@pytest.fixture(scope="module")
def samples():
    """Ten rows of every dataset: numbers, texts and times that differ, and NULL where it may be."""
    return {d.name: rows_of(parquet.schema(d)) for d in DATASETS.values()}


def rows_of(schema):
    return pa.table([values_of(field) for field in schema], schema=schema)


def values_of(field):
    numbers = [None if field.nullable and n % 3 == 2 else n for n in range(10)]
    if pa.types.is_boolean(field.type):
        return pa.array([n if n is None else n % 2 == 0 for n in numbers], field.type)
    narrow = pa.array(numbers, pa.int32() if pa.types.is_date(field.type) else pa.int64())
    return narrow.cast(field.type)


OF_EVERY_TYPE = ("region", "stream_session", "ip_info", "batch_push_stream_metrics", "top_play")


def test_the_same_rows_in_another_order_are_the_same(samples, tmp_path):
    kinds = {column.kind for name in OF_EVERY_TYPE for column in DATASETS[name].columns}
    assert kinds == {column.kind for dataset in DATASETS.values() for column in dataset.columns}
    for name in OF_EVERY_TYPE:
        rows = samples[name]
        one = written(tmp_path, "one.parquet", rows)
        order = random.Random(1).sample(range(rows.num_rows), rows.num_rows)
        other = written(tmp_path, "other.parquet", rows.take(pa.array(order)))
        assert row_equality.same_rows(one, other), name
    assert row_equality.same_rows(other, one)


def changed(value):
    """The nearest other value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + " "
        case datetime():
            return value.replace(microsecond=value.microsecond ^ 1)
        case date():
            return date.fromordinal(value.toordinal() + 1)
    raise AssertionError(value)


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_any_single_changed_cell_is_seen(data, samples, tmp_path_factory):
    rows = samples[data.draw(st.sampled_from(sorted(samples)), "dataset")]
    column = data.draw(st.sampled_from(rows.column_names), "column")
    at = data.draw(st.integers(0, rows.num_rows - 1), "row")
    values = rows[column].to_pylist()
    field = rows.schema.field(column)
    if values[at] is None:
        values[at] = pa.scalar(0, pa.int64()).cast(field.type).as_py()
    elif data.draw(st.booleans(), "to null") and field.nullable:
        values[at] = None
    else:
        values[at] = changed(values[at])
    index = rows.column_names.index(column)
    other = rows.set_column(index, field, pa.array(values, field.type))
    folder = tmp_path_factory.getbasetemp()
    pair = [written(folder, "one.parquet", rows), written(folder, "two.parquet", other)]
    assert not row_equality.same_rows(*data.draw(st.permutations(pair), "order"))


def test_a_row_more_or_a_row_twice_is_seen(samples, tmp_path):
    rows = samples["stream_session"]
    one = written(tmp_path, "one.parquet", rows)
    fewer = written(tmp_path, "fewer.parquet", rows.slice(1))
    doubled = pa.concat_tables([rows.slice(1), rows.slice(1, 1)])
    twice = written(tmp_path, "twice.parquet", doubled)
    assert not row_equality.same_rows(one, fewer)
    assert not row_equality.same_rows(fewer, one)
    assert not row_equality.same_rows(one, twice)
    assert not row_equality.same_rows(twice, one)


def test_nulls_are_equal_to_nulls_and_to_nothing_else(samples, tmp_path):
    rows = samples["region"]
    column = rows["province_code"]
    emptied = pa.array(["" if v is None else v for v in column.to_pylist()])
    index = rows.column_names.index("province_code")
    assert pc.sum(pc.is_null(column)).as_py() > 0
    one = written(tmp_path, "one.parquet", rows)
    other = rows.set_column(index, rows.schema.field(index), emptied)
    assert row_equality.same_rows(one, written(tmp_path, "same.parquet", rows))
    assert not row_equality.same_rows(one, written(tmp_path, "other.parquet", other))


def test_files_of_different_columns_are_not_the_same(samples, tmp_path):
    rows = samples["stream_count"]
    one = written(tmp_path, "one.parquet", rows)
    less = written(tmp_path, "less.parquet", rows.drop_columns(rows.column_names[-1]))
    renamed = rows.rename_columns([*rows.column_names[:-1], "another"])
    assert not row_equality.same_rows(one, less)
    assert not row_equality.same_rows(one, written(tmp_path, "renamed.parquet", renamed))


def test_two_empty_days_are_the_same_and_comparing_leaves_nothing_behind(tmp_path):
    one = store(tmp_path / "a", COUNT, DAY, [])
    other = store(tmp_path / "b", COUNT, DAY, [], version=3)
    before = sorted(tmp_path.rglob("*"))
    assert row_equality.same_rows(one, other)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_vanishes_while_it_is_compared_is_a_fault_of_this_machine(
    tmp_path, samples, monkeypatch
):
    one, other = (written(tmp_path, name, samples[COUNT.name]) for name in ("one", "other"))

    def vanishes(*_):
        other.unlink()
        return False

    monkeypatch.setattr(row_equality, "_same_in_order", vanishes)
    with pytest.raises(OSError, match="other cannot be compared"):
        row_equality.same_rows(one, other)
