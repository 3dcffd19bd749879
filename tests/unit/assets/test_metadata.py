"""What Dagster's pages show: names of the API are shown as they are, and can do nothing there."""

import html
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import metadata
from resources.api.catalog import DATASETS
from resources.capture.capturer import Outcome, Result
from resources.lake import parquet
from tests.support.archives import DAYS, SMALL, lab
from tests.support.each import each

HOSTILE = [
    "a|b",
    "a\n| x | y |",
    "<script>alert(1)</script>",
    "![x](http://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "`code`",
    "**bold** _it_",
    "\x1b[31m\u202e",
    "\\|",
    "&lt;b&gt;",
]
DAY = date(2026, 11, 20)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def cells(shown):
    """The cells of a Markdown table below its head, as a reader sees them."""
    head, rule, *lines = shown.value.split("\n")
    width = head.count("|")
    assert rule.count("|") == width
    assert all(line.count("|") == width for line in lines)
    return [[html.unescape(cell.strip()) for cell in line[1:-1].split("|")] for line in lines]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text_in_its_cell(name):
    shown = metadata.table(["a", "b"], [[name, 1]])
    (row,) = cells(shown)
    assert row[1] == "1"
    (_, _, line) = shown.value.split("\n")
    assert not set(line[1:-1].replace("&#", "").replace(" | ", "")) & set("<>|`*_[]\\&#\n")


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_whatever_the_values_the_table_keeps_its_shape(rows):
    found = cells(metadata.table(["a", "b"], rows))
    assert [len(row) for row in found] == [2] * len(rows)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60))
def test_a_printable_value_is_shown_as_it_is(text):
    ((cell,),) = cells(metadata.table(["a"], [[text]]))
    assert cell == text


def test_null_is_an_empty_cell():
    assert cells(metadata.table(["a", "b"], [[None, 0]])) == [["", "0"]]


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("metadata") / "home", SMALL) as found:
        found.capture(DAYS, ["domain", "stream_count", "top_play"])
        yield found


def test_a_preview_is_the_first_rows_of_the_file(captured):
    path = parquet.path_of(captured.archive.home.lake, "stream_count", DAY)
    shown = metadata.preview(path, SHANGHAI)
    assert shown is not None
    assert len(cells(shown)) == 5
    assert cells(shown)[0][0] == "2026-11-20"
    assert "2026-11-20 00:00:00+08:00" in cells(shown)[0]


def test_nothing_is_shown_of_a_file_that_is_not_there(tmp_path):
    assert metadata.preview(tmp_path / "rows.parquet", SHANGHAI) is None


@each("dataset", DATASETS.values(), lambda d: d.name)
def test_every_dataset_says_where_it_comes_from(dataset):
    found = metadata.of_dataset(dataset)
    assert found["api_action"] == dataset.endpoint.action
    assert found["key"] == ", ".join(dataset.key)
    days = dataset.history.days if dataset.history else None
    assert found["api_remembers"] == (f"{days} days" if days else "the present state only")


def test_a_run_adds_up_its_days():
    days = [
        Result(dataset="edge_stat", day=DAY, outcome=outcome, rows=10, requests=n, bytes=n * 100)
        for outcome, n in ((Outcome.CAPTURED, 2), (Outcome.KEPT, 0))
    ]
    assert metadata.of_run(days) == (
        "2 days, 10 rows captured by 2 requests with 0.0 MB of answers"
    )
