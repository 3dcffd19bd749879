"""Filters and options that charts of several sections use."""

from __future__ import annotations

from pipelines.superset.model import Filter

DAY = "P1D"
ONLINE = Filter(column="online_user_type", values=("Online",))
ACCESS = Filter(column="request_type", values=("Access",))
TOTAL = Filter(column="direction", values=("total",))


def headed(form: str | None = None, **titles: str) -> dict[str, object]:
    """Headings of the columns of a table that shows rows as they are, and a format for numbers."""
    numbers = {"d3NumberFormat": form} if form else {}
    return {"column_config": {n: {"customColumnName": t, **numbers} for n, t in titles.items()}}
