"""Filters, sizes and big numbers that several tabs use."""

from __future__ import annotations

from pipelines.superset.model import Chart, Filter, Kind

DAY = "P1D"
MONTH = "P1M"
ONLINE = Filter(column="online_user_type", values=("Online",))
ACCESS = Filter(column="request_type", values=("Access",))
TOTAL = Filter(column="direction", values=("total",))
SERIES = 5
"""Lines or colours that can be told apart; what is smaller is shown as one."""

_HIGH = 24
_BEFORE = {
    DAY: {"time_format": "%Y-%m-%d", "compare_lag": 7, "compare_suffix": "against a week before"},
    MONTH: {"time_format": "%Y-%m", "compare_lag": 1, "compare_suffix": "against the month before"},
}


def newest(
    title: str,
    table: str,
    metric: str,
    note: str,
    form: str,
    filters: tuple[Filter, ...] = (),
    grain: str = DAY,
) -> Chart:
    """A big number: of the newest day or month, with the line that led to it."""
    return Chart(
        title=title, table=table, kind=Kind.BIG_NUMBER, note=note, metrics=(metric,),
        filters=filters, grain=grain, width=2, height=_HIGH,
        options={"y_axis_format": form, **_BEFORE[grain]},
    )  # fmt: skip


def over_days(
    title: str, table: str, metric: str, note: str, form: str, below: str, width: int
) -> Chart:
    """A big number: of all chosen days together; `below` stands under it."""
    return Chart(
        title=title, table=table, kind=Kind.TOTAL, note=note, metrics=(metric,), width=width,
        height=_HIGH, options={"y_axis_format": form, "subheader": below},
    )  # fmt: skip
