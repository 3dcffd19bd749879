"""Figures over chosen days."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipelines.reports.usage.entities import Entity
from pipelines.reports.usage.figures import Reckoner
from pipelines.reports.usage.section import Figure

ZONE = ZoneInfo("Europe/Berlin")
STARTS = [datetime(2026, 10, 24, tzinfo=ZONE) + timedelta(days=i) for i in range(4)]
ENTITY = Entity(
    "a",
    series={
        "n": [4, None, 6],
        "m": [1, None, 0],
        "none": [None, None, None],
        "n_at": [60, None, 4 * 3600],
    },
    whole={"p95": 1234.0},
)
RECKONER = Reckoner(STARTS, "en")


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (Figure("sum", ("n",)), 10),
        (Figure("sum", ("n", "m")), 11),
        (Figure("sum", ("n",), scale=0.5), 5),
        (Figure("max", ("n",)), 6),
        (Figure("days", ("m",)), 1),
        (Figure("share", ("m",), per=("n",)), 0.1),
        (Figure("rest", ("m",), per=("n",)), 0.9),
        (Figure("share", ("m",), per=("none",)), None),
        (Figure("sum", ("none",)), None),
        (Figure("sum", ("absent",)), None),
        (Figure("main", ("m", "n"), names=("M", "N")), "N"),
        (Figure("main", ("none",), names=("none",)), None),
        (Figure("p95", ()), 1234.0),
    ],
)
def test_days_that_are_not_captured_are_in_no_figure(figure, value):
    assert RECKONER.value(figure, ENTITY) == pytest.approx(value)


def test_the_time_of_the_peak_is_of_the_zone_where_the_clock_is_set_too():
    assert RECKONER.value(Figure("when", ("n",)), ENTITY) == datetime(2026, 10, 26, 4, tzinfo=ZONE)
    # 25 October has 25 hours: its fifth hour begins at 4 o'clock once more set back
    longer = Entity("b", series={"n": [0, 9, 0], "n_at": [0, 4 * 3600, 0]})
    found = RECKONER.text(Figure("when", ("n",), "clock"), longer)
    assert found == "03:00"


def test_a_figure_of_some_days_is_theirs():
    assert RECKONER.value(Figure("sum", ("n",)), ENTITY, slice(0, 1)) == 4
    assert RECKONER.value(Figure("when", ("n",)), ENTITY, slice(2, 3)).day == 26
    assert RECKONER.text(Figure("sum", ("n",)), ENTITY, slice(1, 2)) == "–"


@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [
        (1.5e9, "bytes", "1.50 GB"),
        (1500.0, "mbps", "1.50 Gbps"),
        (0.5, "share", "50.0 %"),
        (60, "seconds", "60 s"),
        (1234, "count", "1,234"),
        ("Stall", "text", "Stall"),
        (None, "count", "–"),
    ],
)
def test_a_figure_is_written_with_its_unit(value, shown, text):
    assert RECKONER.written(value, shown).replace("\xa0", " ") == text
