"""Values as the vendor writes them."""

import json

import numpy as np
import pytest

from resources.api.catalog.model import ColumnType, ListLevel
from resources.simulator.render import json_values, number, objects_of, put_list, times
from resources.simulator.settings import AnswerOptions


def test_times_carry_the_offset_that_the_options_name():
    at = np.array([1_795_190_400])
    assert times(at, AnswerOptions()) == ["2026-11-21T00:00:00+08:00"]
    assert times(at, AnswerOptions(offset="Z")) == ["2026-11-20T16:00:00Z"]


def test_a_whole_float_has_no_decimal_point():
    assert json.dumps(json_values(np.array([1.0, 1.5]), ColumnType.FLOAT)) == "[1, 1.5]"
    assert json.dumps([number(0.1 + 0.2), number(2.0)]) == "[0.3, 2]"


@pytest.mark.parametrize(
    ("empty", "found"), [("list", {"L": []}), ("null", {"L": None}), ("absent", {})]
)
def test_an_optional_list_without_items_is_written_in_three_ways(empty, found):
    result = {}
    put_list(result, ListLevel(name="L", required=False), [], AnswerOptions(empty=empty))
    assert result == found


def test_columns_become_one_object_for_each_row():
    assert objects_of({"a": [1, 2], "b": [3, 4]}) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
