"""Positions of charts, and filters that leave out the charts they are not for."""

from pipelines.superset.dashboard import Choice, dashboard
from pipelines.superset.documents import Source
from pipelines.superset.model import Chart, Kind, Section

SOURCE = Source(name="livestats", path="/srv/livestats.duckdb", time_zone="Asia/Shanghai")


def chart(title, width, *follows):
    return Chart(title=title, table="t", kind=Kind.LINE, note="", width=width, follows=follows)


SECTIONS = [
    Section(title="", rows=((chart("a", 4, "time"), chart("b", 4, "time", "domain")),)),
    Section(title="Second", rows=((chart("c", 3),),)),
]


def made():
    choice = Choice(title="Domain", follower="domain", table="t", column="domain")
    return dashboard(SOURCE, "Live", SECTIONS, [choice], "Last 30 days")


def test_rows_are_full_and_the_last_chart_takes_what_is_left():
    position = made()["position"]
    rows = [node for node in position.values() if isinstance(node, dict) and node["type"] == "ROW"]
    widths = [[position[key]["meta"]["width"] for key in row["children"]] for row in rows]
    assert widths == [[4, 8], [12]]


def test_every_node_but_the_root_stands_in_its_parent():
    position = {k: v for k, v in made()["position"].items() if isinstance(v, dict)}
    children = [key for node in position.values() for key in node.get("children", ())]
    assert sorted(children) == sorted({*position} - {"ROOT_ID", "HEADER_ID"})


def test_a_filter_leaves_out_the_charts_that_do_not_follow_it():
    time, domain = made()["metadata"]["native_filter_configuration"]
    assert time["scope"]["excluded"] == [3]
    assert domain["scope"]["excluded"] == [1, 3]
