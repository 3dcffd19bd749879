"""The catalog says what the documentation says."""

from __future__ import annotations

import re
from datetime import timedelta

from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.catalog.model import ColumnType
from resources.api.catalog.parameters import AllOrNone, MutuallyExclusive, WireType
from resources.api.catalog.vendors import VENDORS
from tests.support.documented_limits import DOCUMENTED
from tests.support.each import each

every_action = each(
    "said, entry",
    [(DOCUMENTED[action], ENDPOINTS[action]) for action in sorted(DOCUMENTED)],
    lambda _, entry: entry.action,
)
every_dataset = each("dataset", DATASETS.values(), lambda dataset: dataset.name)


def test_there_is_an_entry_for_each_action_and_no_other():
    assert set(ENDPOINTS) == set(DOCUMENTED)


@every_action
def test_how_it_is_asked(said, entry):
    assert (entry.method, entry.times) == (said.method, said.times)


@every_action
def test_what_a_vendor_lacks(said, entry):
    assert {vendor.name for vendor in entry.absent_on} == set(said.absent_on)
    for vendor in VENDORS.values():
        lacking = {p.name for p in entry.parameters if vendor in p.absent_on}
        lacking |= {f"{p.name}={value}" for p in entry.parameters for value in p.lacks(vendor)}
        assert lacking == set(said.lacking.get(vendor.name, ())), f"lacking.{vendor.name}"


@every_action
def test_parameters(said, entry):
    assert {p.name for p in entry.parameters if p.required} == set(said.required)
    assert {p.name for p in entry.parameters if not p.required} == set(said.optional)


@every_action
def test_allowed_values(said, entry):
    wanted = {name: set(values) for name, values in said.allowed.items()}
    if said.window_limits and said.default_bucket:
        wanted["Aggregation"] = {bucket for bucket, _ in said.window_limits}
    assert {p.name: set(p.allowed) for p in entry.parameters if p.allowed} == wanted


@every_action
def test_defaults(said, entry):
    wanted = dict(said.defaults)
    if said.default_bucket:
        wanted["Aggregation"] = said.default_bucket
    if said.page:
        wanted |= {"PageNum": 1, "PageSize": said.page[2]}
    found = {p.name: p.default for p in entry.parameters if p.default is not None}
    assert found == {name: value for name, value in wanted.items() if value is not None}


@every_action
def test_history(said, entry):
    assert (entry.history.days if entry.history else None) == said.history_days


@every_action
def test_spans(said, entry):
    for (bucket, splits), seconds in said.window_limits.items():
        assert entry.longest(bucket, splits).total_seconds() == seconds
    buckets = {bucket for bucket, _ in said.window_limits}
    assert {s.bucket_s for s in entry.window_limits} == buckets or not said.window_limits


@every_action
def test_rate(said, entry):
    assert said.rate is None or entry.rate_per_s == said.rate


@every_action
def test_delay(said, entry):
    if isinstance(said.delay, dict):
        found = {bucket: entry.delay_of(bucket).total_seconds() for bucket in said.delay}
        assert found == said.delay
    elif said.delay is not None:
        assert entry.delay_of(None).total_seconds() == said.delay
        assert not entry.delay_by_bucket


@every_action
def test_pages(said, entry):
    if said.page is None:
        assert entry.paging is None
        return
    size = entry.parameter[entry.paging.size_param]
    assert (size.minimum, size.maximum, size.default) == said.page
    assert (entry.paging.smallest, entry.paging.largest, entry.paging.default) == said.page
    assert entry.paging.as_text == said.page_is_text == (size.wire_type is WireType.INTEGER_TEXT)
    assert entry.paging.echo == said.page_echo
    assert entry.paging.size <= said.page[1]
    assert entry.parameter[entry.paging.number_param].minimum == 1


@every_action
def test_constraints(said, entry):
    together = {c.names for c in entry.constraints if isinstance(c, AllOrNone)}
    apart = {frozenset(c.names) for c in entry.constraints if isinstance(c, MutuallyExclusive)}
    assert together == set(said.together)
    assert apart == {frozenset(pair) for pair in said.not_both}


@every_action
def test_lengths_of_lists(said, entry):
    found = {p.name: p.max_items for p in entry.parameters if p.max_items is not None}
    assert found == said.most_items


@every_dataset
def test_a_dataset_asks_what_is_allowed(dataset):
    said = DOCUMENTED[dataset.endpoint.action]
    asked = dict(dataset.fixed_parameters)
    for variant in dataset.variants:
        for parameter, value in {**asked, **variant}.items():
            assert parameter in (*said.required, *said.optional)
            values = value if isinstance(value, list) else [value]
            assert set(values) <= set(said.allowed.get(parameter, values))
    if dataset.bucket_s is not None:
        assert dataset.bucket_s in {bucket for bucket, _ in said.window_limits}


@every_dataset
def test_columns_can_be_read_by_people_and_sql(dataset):
    assert set(dataset.key) <= set(dataset.column)
    for column in dataset.columns:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert column.comment


def test_addresses_are_asked_for_as_long_as_their_pushes_can_be():
    """The lookup forgets nothing, but its addresses come from days that the API forgets."""
    assert DATASETS["ip_info"].endpoint.history is None
    assert DATASETS["ip_info"].history == timedelta(days=366)


UNITS = {
    "GB": ("bytes", 1e9),
    "GiB": ("bytes", 2**30),
    "byte": ("bytes", 1),
    "bps": ("Mbps", 1e-6),
    "min": ("minutes", 1),
    "count": ("responses", 1),
    "none": (None, 1),
}
"""Unit of a number as it is sent -> unit of its column, and what it is multiplied by; others stay."""


@every_action
def test_units(said, entry):
    layouts = [layout for layout in (entry.rows, entry.split_rows) if layout is not None]
    numbers = [
        one
        for layout in layouts
        for level in layout.levels
        for one in level.fields
        if one.kind in (ColumnType.INTEGER, ColumnType.FLOAT)
    ]
    assert {one.name for one in numbers} == {*said.units}, (
        'units in documented.toml, "none" of a code'
    )
    for one in numbers:
        unit, factor = UNITS.get(said.units[one.name], (said.units[one.name], 1))
        assert (one.name, one.unit, one.factor) == (one.name, unit, factor)
