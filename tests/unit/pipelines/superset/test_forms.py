"""Settings and query of a chart."""

from pipelines.superset import forms
from pipelines.superset.model import Chart, Column, Filter, Kind, Table

TABLE = Table(
    name="t",
    comment="Rows.",
    columns=(
        Column(name="business_date", type="DATE", comment="day"),
        Column(name="slot_start_at", type="TIMESTAMPTZ", comment="when"),
        Column(name="n", type="BIGINT", comment="number"),
    ),
)


def chart(kind=Kind.LINE, **more):
    return Chart(title="C", table="t", kind=kind, note="", **{"metrics": ("total_n",), **more})


def test_a_line_has_its_axis_and_a_total_has_none():
    line = forms.query(chart(grain="P1D", by=("domain",)), TABLE)
    assert line["columns"][0]["label"] == "slot_start_at"
    assert line["extras"]["time_grain_sqla"] == "P1D"
    total = forms.query(chart(Kind.TOTAL), TABLE)
    assert (total["columns"], total["orderby"]) == ([], [["total_n", False]])


def test_the_time_is_that_of_days_also_where_the_axis_is_finer():
    (found,) = forms.form_data(chart(), TABLE)["adhoc_filters"]
    assert (found["subject"], found["operator"]) == ("business_date", "TEMPORAL_RANGE")


def test_days_are_written_in_figures_with_the_hour_where_slots_are_shown():
    assert forms.form_data(chart(grain="P1D"), TABLE)["x_axis_time_format"] == "%m-%d"
    assert forms.form_data(chart(), TABLE)["x_axis_time_format"] == "%m-%d %H:%M"


def test_page_and_query_have_the_same_conditions():
    limits = (
        Filter(column="kind", values=("a",)),
        Filter(column="reason", operator="IS NOT NULL"),
        Filter(column="n", operator=">", values=(0,)),
    )
    asked = forms.query(chart(filters=limits), TABLE)["filters"]
    _, *shown = forms.form_data(chart(filters=limits), TABLE)["adhoc_filters"]
    assert [f["val"] for f in asked] == [["a"], None, 0]
    assert [(f["subject"], f["operator"], f["comparator"]) for f in shown] == [
        (f["col"], f["op"], f["val"]) for f in asked
    ]
    assert [f["operatorId"] for f in shown] == ["IN", "IS_NOT_NULL", "GREATER_THAN"]


def test_what_is_beyond_the_first_series_is_shown_as_one():
    limited = chart(by=("domain",), top=6, rank="responses")
    asked, shown = forms.query(limited, TABLE), forms.form_data(limited, TABLE)
    assert asked["series_limit"] == shown["limit"] == 6
    assert asked["series_limit_metric"] == shown["timeseries_limit_metric"] == "responses"
    assert (
        asked["group_others_when_limit_reached"] is shown["group_others_when_limit_reached"] is True
    )


def test_rows_of_a_table_are_in_the_order_that_is_asked_for():
    ordered = chart(Kind.TABLE, by=("domain",), order="newest_first", ascending=True)
    assert forms.query(ordered, TABLE)["orderby"] == [["newest_first", True]]
    shown = forms.form_data(ordered, TABLE)
    assert (shown["timeseries_limit_metric"], shown["order_desc"]) == ("newest_first", False)


def test_texts_among_the_settings_are_said_in_the_language():
    found = forms.in_words({"subheader": "of all datasets", "y_axis_format": ",d"}, "zh")
    assert found == {"subheader": "全部数据集合计", "y_axis_format": ",d"}
