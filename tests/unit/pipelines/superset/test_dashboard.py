"""Tabs of charts above their captions, and filters that leave out the charts they are not for."""

from pipelines.superset.dashboard import Choice, dashboard
from pipelines.superset.documents import Source
from pipelines.superset.model import Chart, Column, Kind, Tab, Table

SOURCE = Source(name="livestats", path="/srv/livestats.duckdb", time_zone="Asia/Shanghai")


def chart(title, width, table, note=""):
    return Chart(title=title, table=table, kind=Kind.LINE, note=note, width=width, metrics=("n",))


def table(name, *columns):
    made = tuple(Column(name=column, type="VARCHAR", comment="") for column in columns)
    return Table(name=name, comment="", columns=made)


TABLES = {
    "days": table("days", "business_date"),
    "domains": table("domains", "business_date", "domain", "vhost"),
    "others": table("others", "n"),
}
TABS = [
    Tab(title="First", rows=((chart("a", 4, "days", "What it shows."), chart("b", 4, "domains")),)),
    Tab(title="Second", rows=((chart("c", 3, "others", "Long. " * 40),),)),
]
CHOICES = [
    Choice(title="Domain space", table="domains", column="vhost"),
    Choice(title="Domain", table="domains", column="domain", within="Domain space"),
]


def made():
    return dashboard(SOURCE, "Live", TABS, CHOICES, "Last 30 days", TABLES)


def parts(kind):
    position = made()["position"].values()
    return [part for part in position if isinstance(part, dict) and part["type"] == kind]


def test_rows_are_full_and_the_last_chart_takes_what_is_left():
    position = made()["position"]
    widths = [[position[key]["meta"]["width"] for key in row["children"]] for row in parts("ROW")]
    assert widths == [[4, 8], [12]]


def test_every_node_but_the_root_stands_in_its_parent():
    position = {k: v for k, v in made()["position"].items() if isinstance(v, dict)}
    children = [key for node in position.values() for key in node.get("children", ())]
    assert sorted(children) == sorted({*position} - {"ROOT_ID", "HEADER_ID", "GRID_ID"})


def test_each_tab_holds_its_rows():
    assert [(tab["meta"]["text"], tab["children"]) for tab in parts("TAB")] == [
        ("First", ["ROW-0-0"]), ("Second", ["ROW-1-0"]),
    ]  # fmt: skip


def test_each_chart_stands_above_a_text_that_says_what_it_shows():
    position = made()["position"]
    for column in parts("COLUMN"):
        kinds = [position[key]["type"] for key in column["children"]]
        assert kinds == ["CHART", "MARKDOWN"]
    short, _, long = parts("MARKDOWN")
    assert short["meta"]["code"] == "What it shows."
    assert long["meta"]["height"] > short["meta"]["height"]


def test_a_filter_leaves_out_only_the_charts_without_its_column():
    time, space, domain = made()["metadata"]["native_filter_configuration"]
    assert time["scope"]["excluded"] == [3]
    assert space["scope"]["excluded"] == domain["scope"]["excluded"] == [1, 3]


def test_the_space_narrows_which_domains_are_offered():
    _, space, domain = made()["metadata"]["native_filter_configuration"]
    assert (space["cascadeParentIds"], domain["cascadeParentIds"]) == ([], [space["id"]])


def test_a_click_on_a_value_limits_the_other_charts():
    assert made()["metadata"]["cross_filters_enabled"] is True
