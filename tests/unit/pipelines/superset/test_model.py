"""Charts, metrics and tables of the bundle."""

import pytest

from pipelines.superset.model import Chart, Column, Filter, Kind, Tab, Table


def table(*names, sql=None):
    columns = tuple(Column(name=name, type="BIGINT", comment="") for name in names)
    return Table(name="t", comment="", columns=columns, sql=sql)


@pytest.mark.parametrize(
    ("names", "time"),
    [
        (("business_date", "slot_start_at"), "slot_start_at"),
        (("month", "business_date"), "business_date"),
        (("domain",), None),
    ],
)
def test_the_time_of_a_table_is_the_finest_it_has(names, time):
    assert table(*names).time == time


def test_a_table_stands_for_itself_or_for_its_select():
    assert table("a").source == "main.t"
    assert table("a", sql="SELECT 1").source == "(SELECT 1)"


def test_a_column_that_is_not_there_is_named():
    assert table("a").column("a").name == "a"
    with pytest.raises(KeyError, match="t has no column b"):
        table("a").column("b")


def test_totals_pies_and_tables_have_no_axis_of_time():
    assert {kind.name for kind in Kind if not kind.over_time} == {"TOTAL", "PIE", "TABLE"}


def test_a_condition_compares_with_a_list_one_value_or_nothing():
    assert Filter(column="a", values=("x", "y")).operand == ["x", "y"]
    assert Filter(column="a", values=(0,), operator=">").operand == 0
    assert Filter(column="a", operator="IS NOT NULL").operand is None


def test_a_tab_has_its_charts_row_by_row():
    a, b, c = (Chart(title=name, table="t", kind=Kind.LINE, note="") for name in "abc")
    assert Tab(title="T", rows=((a, b), (c,))).charts == [a, b, c]


def test_a_table_tells_whether_it_has_a_column():
    assert table("a", "b").has("b")
    assert not table("a").has("b")
