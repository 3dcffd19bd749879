"""The charts of the dashboard, as they are declared."""

from pipelines.superset.metrics import METRICS
from pipelines.superset.overview import CHOICES, SECTIONS

CHARTS = [chart for section in SECTIONS for row in section.rows for chart in row]


def test_titles_are_given_once_and_every_chart_says_what_it_shows():
    assert len({chart.title for chart in CHARTS}) == len(CHARTS)
    assert [chart.title for chart in CHARTS if not chart.note] == []


def test_every_chart_uses_metrics_that_its_table_has():
    for chart in CHARTS:
        known = {metric.name for metric in METRICS.get(chart.table, ())}
        assert {*chart.metrics} <= known, chart.title


def test_no_row_is_wider_than_the_page():
    widths = [sum(chart.width for chart in row) for section in SECTIONS for row in section.rows]
    assert max(widths) <= 12


def test_every_choice_is_followed_by_some_chart():
    followed = {follower for chart in CHARTS for follower in chart.follows}
    assert {choice.follower for choice in CHOICES} <= followed
