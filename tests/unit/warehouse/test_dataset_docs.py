"""The columns of all tables agree with each other: names, units, kinds, keys, comments."""

import re
from collections import defaultdict

from resources.api.catalog import DAILY, DATASETS
from resources.api.catalog.model import ColumnType
from tests.support.each import each
from tests.support.units import ENDINGS, NAMED_AFTER

COLUMNS = [(d, c) for d in DATASETS.values() for c in d.columns]

each_column = each("column", [c for _, c in COLUMNS], lambda column: column.name)
each_dataset = each("dataset", DATASETS.values(), lambda dataset: dataset.name)


@each_dataset
def test_key_columns_exist_and_the_day_is_no_lone_key(dataset):
    assert set(dataset.key) <= set(dataset.column)
    assert len(set(dataset.key)) == len(dataset.key)
    assert dataset.key != ("business_date",)


@each_dataset
def test_column_names_are_snake_case_and_unique(dataset):
    names = [column.name for column in dataset.columns]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in names)


@each("dataset", DAILY, lambda dataset: dataset.name)
def test_a_table_begins_with_its_day(dataset):
    assert dataset.columns[0].name == "business_date"
    assert dataset.columns[0].kind is ColumnType.DATE


@each_dataset
def test_what_a_series_counts_in_slots_says_when_and_how_long(dataset):
    in_slots = {"slot_start_at", "slot_seconds"} <= set(dataset.column)
    assert in_slots is (dataset.bucket_s is not None)
    assert not in_slots or "slot_start_at" in dataset.key


@each_dataset
def test_a_row_without_a_time_of_its_own_has_the_day_in_its_key(dataset):
    """Figures of a whole day; an event or an address is one, however many days list it."""
    is_figure = dataset.bucket_s is None and dataset.dedup_keep is None and not dataset.is_dimension
    assert ("business_date" in dataset.key) is is_figure


@each_dataset
def test_what_changes_the_meaning_of_a_value_is_in_the_key(dataset):
    splits = {"Domain": "domain", "ISP": "isp", "Protocol": "protocol"}
    splits |= {"UserArea": "user_area", "UserCountry": "user_country"}
    assert set(dataset.variant_columns.values()) <= set(dataset.key)
    assert {splits[name] for name in dataset.split} <= set(dataset.key)


@each_column
def test_a_column_says_what_it_means(column):
    assert column.comment.endswith(".")
    assert column.comment.isprintable()


@each_column
def test_a_name_ends_in_its_unit(column):
    if column.unit is None:
        foreign = [e for unit, e in ENDINGS.items() if unit not in NAMED_AFTER]
        assert not re.search(f"({'|'.join(foreign)})$", column.name)
    else:
        assert re.search(f"({ENDINGS.get(column.unit, f'(^|_){column.unit}')})$", column.name)


@each_column
def test_a_quantity_has_a_unit(column):
    if column.kind is ColumnType.FLOAT:
        assert column.unit is not None


def test_the_same_name_has_the_same_unit_everywhere():
    units = defaultdict(set)
    for _, column in COLUMNS:
        units[column.name].add(column.unit)
    assert {name: found for name, found in units.items() if len(found) > 1} == {}


def test_the_same_name_has_the_same_type_everywhere():
    """But for requests: edge statistics, and they alone, give them as real numbers."""
    types = defaultdict(set)
    for _, column in COLUMNS:
        types[column.name].add(column.kind.sql)
    several = {name: found for name, found in types.items() if len(found) > 1}
    assert several == {"requests": {"BIGINT", "DOUBLE"}}


def test_nothing_is_kept_in_32_bits_and_units_are_base_1000():
    assert {c.kind.sql for _, c in COLUMNS} <= {
        "VARCHAR",
        "BIGINT",
        "DOUBLE",
        "BOOLEAN",
        "DATE",
        "TIMESTAMPTZ",
    }
    assert {(c.unit, c.factor) for _, c in COLUMNS if c.factor != 1.0} == {
        ("bytes", 1e9),
        ("bytes", 2.0**30),  # storage for time shift alone, says the vendor
        ("Mbps", 1e-6),
    }
