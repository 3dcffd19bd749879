"""Nested lists as columns with one value for each innermost row."""

import pyarrow as pa

from resources.api.catalog.model import ColumnType, Field, ListLevel, RowLayout
from resources.api.parsing.flatten import flatten


def field(name):
    return Field(name=name, column=name.lower(), kind=ColumnType.TEXT)


LEVELS = (
    ListLevel(name="Areas", fields=(field("Area"),)),
    ListLevel(name="Countries", fields=(field("Country"),)),
)
ANSWERS = pa.array(
    [
        {"Areas": [{"Area": "a", "Countries": [{"Country": "x"}, {"Country": "y"}]}]},
        {"Areas": [{"Area": "b", "Countries": []}, {"Area": "c", "Countries": [{"Country": "z"}]}]},
        {"Areas": None},
    ]
)


def rows(flat):
    return [*zip(*(values.to_pylist() for _, values in flat.fields.values()), strict=True)]


def test_a_row_is_an_innermost_item_with_the_fields_of_its_parents():
    flat = flatten(ANSWERS, RowLayout(levels=LEVELS))
    assert rows(flat) == [("a", "x"), ("a", "y"), ("c", "z")]
    assert flat.answer.tolist() == [0, 0, 1]
    assert flat.top.tolist() == [0, 0, 2]
    assert flat.answer_of_item.tolist() == [0, 1, 1]


def test_an_item_without_children_is_a_row_where_the_layout_says_so():
    flat = flatten(ANSWERS, RowLayout(levels=LEVELS, outer=True))
    assert rows(flat) == [("a", "x"), ("a", "y"), ("b", None), ("c", "z")]


def test_no_answers_are_no_rows():
    assert flatten(ANSWERS[:0], RowLayout(levels=LEVELS)).rows == 0
