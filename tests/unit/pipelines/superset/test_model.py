"""Charts, metrics and tables of the bundle."""

import pytest

from pipelines.superset.model import Column, Kind, Table


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
