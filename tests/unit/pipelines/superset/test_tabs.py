"""The dashboard as it is declared: tabs, charts, and what its filters mean for each of them."""

import re

import duckdb
import pytest

from pipelines.superset import forms
from pipelines.superset.bundle import bundle
from pipelines.superset.documents import Source, dataset
from pipelines.superset.joined import JOINED, with_joined
from pipelines.superset.metrics import METRICS
from pipelines.superset.model import DAY_COLUMN, Kind
from pipelines.superset.sources import FILLED_BY
from pipelines.superset.tabs import CHOICES, TABS, may_be_empty
from pipelines.superset.titles import TITLES
from resources.api.catalog import DATASETS
from resources.i18n import chinese
from resources.marts.definition import read
from tests.support.superset_sql import sql
from tests.support.superset_tables import all_tables, empty

SOURCE = Source(name="livestats", path="/srv/livestats.duckdb", time_zone="Asia/Shanghai")
CHARTS = [chart for tab in TABS for chart in tab.charts]
OF_DATASETS = {"ledger", "reconciliation"}
"""Tables about datasets and not about domains."""


@pytest.fixture(scope="module")
def tables():
    return {table.name: table for table in with_joined(all_tables())}


def test_there_is_a_tab_for_each_reader():
    assert [tab.title for tab in TABS] == ["Overview", "Billing", "Quality", "Operations"]


def test_titles_are_given_once_and_every_chart_says_what_it_shows():
    assert len({chart.title for chart in CHARTS}) == len(CHARTS)
    assert [chart.title for chart in CHARTS if not chart.note] == []


def test_every_chart_uses_metrics_that_its_table_has():
    for chart in CHARTS:
        known = {metric.name for metric in METRICS.get(chart.table, ())}
        named = {*chart.metrics, chart.order, chart.rank} - {""}
        assert named <= known, chart.title


def test_no_row_is_wider_than_the_page():
    widths = [sum(chart.width for chart in row) for tab in TABS for row in tab.rows]
    assert max(widths) <= 12


# Filters -----------------------------------------------------------------------------------------


def test_every_chart_follows_the_days_by_the_same_column(tables):
    """Days of the business zone: never a UTC time, nor the first day of a month."""
    for chart in CHARTS:
        table = tables[chart.table]
        assert table.column(DAY_COLUMN).type == "DATE", chart.title
        limits = forms.form_data(chart, table)["adhoc_filters"]
        in_time = [f["subject"] for f in limits if f["operator"] == "TEMPORAL_RANGE"]
        assert in_time == [DAY_COLUMN], chart.title


def test_every_chart_about_domains_follows_the_domain_and_its_space(tables):
    assert [choice.column for choice in CHOICES] == ["vhost", "domain"]
    for chart in CHARTS:
        follows = [tables[chart.table].has(choice.column) for choice in CHOICES]
        assert follows == [chart.table not in OF_DATASETS] * 2, chart.title


def test_a_chart_about_streams_is_reached_from_a_domain(tables):
    of_streams = [chart for chart in CHARTS if "stream" in chart.by]
    assert len(of_streams) >= 4
    assert all(tables[chart.table].has("domain") for chart in of_streams)


def test_a_choice_is_narrowed_by_one_that_stands_before_it():
    titles = [choice.title for choice in CHOICES]
    for place, choice in enumerate(CHOICES):
        assert choice.within in ("", *titles[:place])


# What can be read --------------------------------------------------------------------------------


def test_no_chart_has_more_series_than_can_be_told_apart():
    for chart in CHARTS:
        if chart.kind in (Kind.LINE, Kind.BAR, Kind.AREA) and chart.by:
            assert 0 < chart.top <= 8, chart.title
        if chart.kind is Kind.PIE:
            assert chart.options["threshold_for_other"] > 0, chart.title


def test_no_column_stands_under_its_raw_name():
    shown = {column for chart in CHARTS for column in chart.by}
    assert shown - {*TITLES} == set()


def test_every_text_has_its_chinese():
    said = {text for chart in CHARTS for text in (chart.title, chart.note, chart.empty)}
    said |= {chart.options[k] for chart in CHARTS for k in forms.READ if k in chart.options}
    said |= {text for some in METRICS.values() for m in some for text in (m.title, m.note)}
    said |= {*TITLES.values(), *(tab.title for tab in TABS), *(c.title for c in CHOICES)}
    assert said - {""} - {*chinese()} == set()


# What fills them ---------------------------------------------------------------------------------


def test_every_chart_about_domains_names_datasets_that_its_table_is_made_from():
    reads = {mart.name: mart.reads for mart in read().values()}
    reads |= {joined.name: joined.reads for joined in JOINED}
    assert {chart.table for chart in CHARTS} - OF_DATASETS == {*FILLED_BY}
    for table, named in FILLED_BY.items():
        found, left = set(), [table]
        while left:
            name = left.pop()
            found.add(name)
            left.extend(reads.get(name, ()))
        assert {*named} <= found & {*DATASETS}, table


def test_only_what_can_be_good_news_may_be_empty():
    assert "Why pushes were interrupted" in may_be_empty()
    assert "断流原因" in may_be_empty("zh")
    assert not {"Traffic", "Good minutes", "P95, Mbps"} & may_be_empty()


def test_every_chart_asks_what_a_warehouse_can_answer(tables):
    with duckdb.connect() as connection:
        empty(connection, all_tables())
        for chart in CHARTS:
            table = tables[chart.table]
            document = dataset(SOURCE, table, METRICS[chart.table])
            asked = forms.query(chart, table)
            columns = connection.sql(sql(asked, document)).columns
            assert columns[-len(chart.metrics) :] == [*chart.metrics], chart.title


def test_without_the_list_of_domains_nothing_asks_for_their_spaces():
    left = [table for table in all_tables() if table.name != "dim_domain"]
    made = bundle(SOURCE, left)
    charts = [d for path, d in made.items() if path.startswith("charts/")]
    assert "vhost" not in {name for d in charts for name in d["params"].get("groupby", ())}
    (dashboard,) = (d for path, d in made.items() if path.startswith("dashboards/"))
    assert [f["name"] for f in dashboard["metadata"]["native_filter_configuration"]] == ["Days"]


def test_big_numbers_are_of_one_day_or_month():
    for chart in CHARTS:
        if chart.kind is Kind.BIG_NUMBER:
            assert re.fullmatch("P1[DM]", chart.grain)
            assert chart.by == ()
