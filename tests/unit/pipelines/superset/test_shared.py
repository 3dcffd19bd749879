"""Big numbers of several tabs."""

from pipelines.superset.model import Kind
from pipelines.superset.shared import MONTH, newest, over_days


def test_the_newest_day_is_held_against_a_week_before_and_a_month_against_the_last():
    day = newest("D", "t", "total_n", "Note.", ",d")
    month = newest("M", "t", "total_n", "Note.", ",d", grain=MONTH)
    assert (day.kind, day.options["compare_lag"]) == (Kind.BIG_NUMBER, 7)
    assert (month.options["compare_lag"], month.options["time_format"]) == (1, "%Y-%m")


def test_a_number_over_all_days_has_no_line():
    chart = over_days("N", "t", "total_n", "Note.", ",d", "of all", width=3)
    assert (chart.kind, chart.grain, chart.options["subheader"]) == (Kind.TOTAL, None, "of all")
