"""Documents of a database, a dataset and a chart."""

import json
from dataclasses import replace

from pipelines.superset import documents
from pipelines.superset.documents import Source
from pipelines.superset.model import Chart, Column, Kind, Metric, Table

SOURCE = Source(name="livestats", path="/srv/livestats.duckdb", time_zone="Asia/Shanghai")
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


def test_the_copy_is_opened_read_only_in_the_zone_of_business_days():
    found = documents.database(SOURCE)
    arguments = found["extra"]["engine_params"]["connect_args"]
    assert arguments == {"read_only": True, "config": {"timezone": "Asia/Shanghai"}}
    assert found["allow_dml"] is False


def test_another_name_is_another_database():
    other = Source(name="other", path=SOURCE.path, time_zone=SOURCE.time_zone)
    assert SOURCE.uuid("chart", "C") == SOURCE.uuid("chart", "C")
    assert SOURCE.uuid("chart", "C") != other.uuid("chart", "C")


def test_times_of_a_dataset_are_local_and_days_stay_days():
    metric = Metric(name="total_n", title="N", sql="sum(n)")
    found = documents.dataset(SOURCE, TABLE, [metric])
    assert "slot_start_at AT TIME ZONE 'Asia/Shanghai' AS slot_start_at" in found["sql"]
    assert [c["type"] for c in found["columns"]] == ["DATE", "TIMESTAMP", "BIGINT"]
    assert found["main_dttm_col"] == "slot_start_at"
    assert found["metrics"][0]["expression"] == "sum(n)"


def test_a_chart_carries_the_query_for_its_data():
    found = documents.chart(SOURCE, chart(), TABLE)
    (query,) = json.loads(found["query_context"])["queries"]
    assert query["metrics"] == ["total_n"]
    assert found["dataset_uuid"] == str(SOURCE.uuid("dataset", "t"))


def test_a_column_is_shown_under_its_title_in_both_languages():
    for language, title in (("en", "Day"), ("zh", "日期")):
        source = replace(SOURCE, language=language)
        first, _, third = documents.dataset(source, TABLE, [])["columns"]
        assert (first["verbose_name"], third["verbose_name"]) == (title, None)


def test_a_description_says_what_an_empty_chart_lacks():
    found = Chart(
        title="C", table="transcode_minutes_daily", kind=Kind.BAR, note="Minutes of the chosen days.",
        empty="Empty: nothing was transcoded.",
    )  # fmt: skip
    assert documents.description(found, "en") == (
        "Minutes of the chosen days. Empty: nothing was transcoded. Of push domains: for a pull "
        "domain, choose its domain space. Filled by: `transcode_info`."
    )
    assert documents.description(found, "zh") == (
        "所选日期的分钟数。无数据表示：没有转码。按推流域名统计：查看拉流域名时，请选择其域名空间。"
        "数据来源：`transcode_info`。"
    )
