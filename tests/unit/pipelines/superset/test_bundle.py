"""The bundle for Superset: always the same, only of what is there, and every chart has an answer."""

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from uuid import UUID

import duckdb
import pytest
import yaml

from pipelines.superset.bundle import ROOT, bundle, zipped
from pipelines.superset.documents import Source
from pipelines.superset.joined import JOINED, with_joined
from pipelines.superset.metrics import METRICS
from pipelines.superset.tables import served_tables
from pipelines.superset.tabs import TABS
from resources.simulator import Account
from tests.support.archives import lab
from tests.support.superset_sql import relation, sql

pytestmark = pytest.mark.slow

ZONE = "Asia/Shanghai"
SOURCE = Source(name="livestats", path="/srv/livestats/served/livestats.duckdb", time_zone=ZONE)
ACCOUNT = Account(domains=2, streams_per_domain=2, deleted=0, audience=0.05)
DAYS = (date(2026, 11, 20), date(2026, 11, 21))
ALL_CHARTS = [chart for tab in TABS for chart in tab.charts]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("bi") / "home", ACCOUNT) as found:
        found.backfill(DAYS)
        yield found.archive


@pytest.fixture(scope="module")
def tables(archive):
    with archive.reading() as connection:
        return served_tables(connection)


@pytest.fixture(scope="module")
def made(tables):
    """The documents, as Superset reads them out of the zip."""
    with zipfile.ZipFile(io.BytesIO(zipped(bundle(SOURCE, tables)))) as found:
        return {
            name.removeprefix(f"{ROOT}/"): yaml.safe_load(found.read(name))
            for name in found.namelist()
        }


def of(made, folder):
    return [document for path, document in made.items() if path.startswith(f"{folder}/")]


@pytest.fixture(scope="module")
def datasets(made):
    return {d["uuid"]: d for d in of(made, "datasets")}


@pytest.fixture(scope="module")
def dashboard(made):
    (found,) = of(made, "dashboards")
    return found


def queries(made):
    """Chart, dataset and query of each chart."""
    by_uuid = {d["uuid"]: d for d in of(made, "datasets")}
    for chart in of(made, "charts"):
        (query,) = json.loads(chart["query_context"])["queries"]
        yield chart, by_uuid[chart["dataset_uuid"]], query


# The file ----------------------------------------------------------------------------------------


def test_the_same_tables_give_the_same_bytes(tables):
    assert zipped(bundle(SOURCE, tables)) == zipped(bundle(SOURCE, tables))


def test_what_is_read_back_is_what_was_meant(made, tables):
    assert made == json.loads(json.dumps(bundle(SOURCE, tables)))
    assert made["metadata.yaml"] == {"version": "1.0.0"}


def test_identities_are_of_the_names_and_stay(made):
    """Of a name they are the same for ever: else a later import doubles everything."""
    found = [d["uuid"] for folder in ("databases", "datasets", "charts", "dashboards")
             for d in of(made, folder)]  # fmt: skip
    assert len(found) == len(set(found))
    assert of(made, "databases")[0]["uuid"] == "91ca5d15-1584-55ed-a2ba-b9fd1e4570ab"
    assert SOURCE.uuid("chart", "Traffic") == UUID("879356a2-9f1f-58ba-b3b9-f99059a2397c")


def test_another_name_shares_no_identity(tables):
    """Nor the name of any dataset: Superset may know one name once only."""
    other = bundle(replace(SOURCE, name="second"), tables)
    assert all(d["table_name"].startswith("second.") for d in of(other, "datasets"))
    mine = {d["uuid"] for d in bundle(SOURCE, tables).values() if "uuid" in d}
    assert {d["uuid"] for d in other.values() if "uuid" in d}.isdisjoint(mine)
    (title,) = [d["slug"] for path, d in other.items() if path.startswith("dashboards/")]
    assert title == "second-live-overview"


def test_no_name_in_the_zip_leads_out_of_its_folder(tables):
    paths = bundle(replace(SOURCE, name="../../É vil"), tables)
    assert [p for p in paths if not re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+)*\.yaml", p)] == []


# The language ------------------------------------------------------------------------------------


def read_by_people(document):
    """What of a document is words."""
    form = document.get("params", {})
    yield from (
        document[n] for n in ("slice_name", "description", "dashboard_title") if n in document
    )
    yield from (form[name] for name in ("compare_suffix", "subheader") if name in form)
    yield from filter(None, (c.get("verbose_name") for c in document.get("columns", ())))
    for metric in document.get("metrics", ()):
        yield from filter(None, (metric["verbose_name"], metric["description"]))
    for place in document.get("position", {}).values():
        if isinstance(place, dict):
            meta = place.get("meta", {})
            yield from (meta[name] for name in ("text", "sliceName", "code") if name in meta)
    for found in document.get("metadata", {}).get("native_filter_configuration", ()):
        yield found["name"]


def test_under_the_setting_all_that_people_read_is_chinese(tables):
    chinese = bundle(replace(SOURCE, language="zh"), tables)
    for folder in ("datasets", "charts", "dashboards"):
        for document in of(chinese, folder):
            # The tables describe themselves, in what the served copy was published in.
            its_own = 1 if folder == "datasets" else 0
            said = [*read_by_people(document)][its_own:]
            assert [text for text in said if not re.search("[\u4e00-\u9fff]", text)] == []
    titles = [document["slice_name"] for document in of(chinese, "charts")]
    assert len({*titles}) == len(titles) == len(ALL_CHARTS)


def test_a_bundle_in_another_language_updates_what_is_there(made, tables):
    """The same identities, files, queries and addresses; else an import would double them."""
    chinese = json.loads(json.dumps(bundle(replace(SOURCE, language="zh"), tables)))
    assert [*chinese] == [*made]
    assert {n: d.get("uuid") for n, d in chinese.items()} == {
        n: d.get("uuid") for n, d in made.items()
    }
    assert [(d["uuid"], q) for d, _, q in queries(chinese)] == [
        (d["uuid"], q) for d, _, q in queries(made)
    ]
    assert [d["slug"] for d in of(chinese, "dashboards")] == [
        d["slug"] for d in of(made, "dashboards")
    ]


# The database ------------------------------------------------------------------------------------


def test_the_served_copy_is_opened_read_only_with_the_zone_of_business_days(made):
    (database,) = of(made, "databases")
    assert database["sqlalchemy_uri"] == "duckdb:////srv/livestats/served/livestats.duckdb"
    arguments = database["extra"]["engine_params"]["connect_args"]
    assert arguments == {"read_only": True, "config": {"timezone": ZONE}}
    assert not any(database[f"allow_{what}"] for what in ("ctas", "cvas", "dml", "csv_upload"))


# Datasets ----------------------------------------------------------------------------------------


def test_every_table_and_view_is_a_dataset_with_its_comments(made, tables):
    found = {d["table_name"].removeprefix("livestats."): d for d in of(made, "datasets")}
    assert {*found} == {t.name for t in with_joined(tables)}
    assert {"edge_stat", "ledger", "billing_monthly_account", "bandwidth_and_p95"} <= {*found}
    for table in with_joined(tables):
        dataset = found[table.name]
        assert dataset["description"] == table.comment != ""
        said = {c["column_name"]: c["description"] for c in dataset["columns"]}
        assert said == {c.name: c.comment for c in table.columns}
        assert all(said.values()), table.name


def test_columns_and_types_are_those_that_a_query_gives(made, archive):
    """Instants as local times: Superset shows an instant on the clock of UTC."""
    with archive.reading() as connection:
        for dataset in of(made, "datasets"):
            shown = connection.sql(f"SELECT * FROM {relation(dataset)} AS asked")
            found = dict(zip(shown.columns, map(str, shown.types), strict=True))
            assert found == {c["column_name"]: c["type"] for c in dataset["columns"]}
            assert "TIMESTAMP WITH TIME ZONE" not in found.values()
            times = {name for name, kind in found.items() if kind in ("DATE", "TIMESTAMP")}
            assert times == {c["column_name"] for c in dataset["columns"] if c["is_dttm"]}
            assert dataset["main_dttm_col"] in {*times, None}


def test_local_times_are_on_the_clock_of_the_business_zone(made, archive):
    """Whatever zone the connection has."""
    (slots,) = [d for d in of(made, "datasets") if d["table_name"] == "livestats.bandwidth_5min"]
    with archive.reading() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        ((wrong, first),) = connection.execute(
            "SELECT count(*) FILTER (slot_start_at::DATE != business_date), "
            f"min(slot_start_at)::VARCHAR FROM {relation(slots)} AS asked"
        ).fetchall()
    assert (wrong, first) == (0, "2026-11-20 00:00:00")


# Metrics -----------------------------------------------------------------------------------------

ADDS_UP = {"bytes", "requests", "responses", "minutes", "slots", "pushes", "days", "s"}


def test_every_metric_gives_a_number(made, archive):
    with archive.reading() as connection:
        for dataset in of(made, "datasets"):
            for metric in dataset["metrics"]:
                query = f"SELECT {metric['expression']} FROM {relation(dataset)} AS asked"
                ((found,),) = connection.execute(query).fetchall()
                # Without a format it is a text, or what rows are ordered by.
                is_number = metric["d3format"] is not None and found is not None
                assert not is_number or float(found) >= 0, (dataset["table_name"], metric)


def test_metrics_are_for_tables_that_there_are(tables):
    assert {*METRICS} <= {table.name for table in with_joined(tables)}


def test_only_what_adds_up_is_summed(tables):
    """Sums of amounts; never of a bandwidth, a peak, an average, a share, or over protocols."""
    comments = {(t.name, c.name): c.comment for t in with_joined(tables) for c in t.columns}
    for table, metrics in METRICS.items():
        for metric in metrics:
            for column in re.findall(r"sum\((\w+)\)", metric.sql):
                unit = re.search(r"Unit: ([^.]+)\.", comments[table, column])
                assert unit, (table, column)
                assert unit[1] in ADDS_UP, (table, column, unit[1])
                assert not re.search(r"peak|average|avg|widest|longest|share|p95", column)
            assert "avg(" not in metric.sql
    assert not any("protocol" in table for table in METRICS)


# Charts ------------------------------------------------------------------------------------------


def test_every_chart_is_there_and_its_query_has_rows(made, archive):
    asked = {}
    with archive.reading() as connection:
        for chart, dataset, query in queries(made):
            asked[chart["slice_name"]] = connection.execute(sql(query, dataset)).fetchall()
    assert {*asked} == {chart.title for chart in ALL_CHARTS}
    assert [title for title, rows in asked.items() if not rows] == []


def test_charts_ask_what_their_settings_say(made):
    """The browser asks by the settings, the API by the stored query."""
    for chart, dataset, query in queries(made):
        form = chart["params"]
        measures = form.get("metrics") or [m for m in [form.get("metric")] if m]
        assert query.get("metrics", []) == measures
        named = {m["metric_name"] for m in dataset["metrics"]}
        assert {*measures} <= named
        columns = {c["column_name"] for c in dataset["columns"]}
        plain = [c for c in query["columns"] if isinstance(c, str)]
        assert plain == [*form.get("all_columns", []), *form.get("groupby", [])]
        assert {*plain} <= columns
        axis = [c["sqlExpression"] for c in query["columns"] if not isinstance(c, str)]
        assert axis == [x for x in [form.get("x_axis")] if x]
        assert {*axis} <= columns
        limits = {f["subject"]: f for f in form["adhoc_filters"]}
        assert {*limits} <= columns
        fixed = {f["col"]: (f["op"], f["val"]) for f in query["filters"]}
        in_time = {n for n, f in limits.items() if f["operator"] == "TEMPORAL_RANGE"}
        assert fixed == {
            n: (f["operator"], f["comparator"]) for n, f in limits.items() if n not in in_time
        }
        assert query.get("series_limit") == form.get("limit")


# The dashboard -----------------------------------------------------------------------------------


def test_every_chart_stands_in_a_full_row(dashboard, made):
    position = dashboard["position"]
    placed = [p["meta"]["uuid"] for p in position.values() if p != "v2" and p["type"] == "CHART"]
    assert sorted(placed) == sorted(chart["uuid"] for chart in of(made, "charts"))
    for row in (p for p in position.values() if p != "v2" and p["type"] == "ROW"):
        assert sum(position[key]["meta"]["width"] for key in row["children"]) == 12


def test_the_tree_of_the_layout_holds_together(dashboard):
    position = {k: v for k, v in dashboard["position"].items() if isinstance(v, dict)}
    for key, part in position.items():
        assert part["id"] == key
        for child in part.get("children", ()):
            assert position[child]["parents"] == [*part.get("parents", ()), key]
    below = [child for part in position.values() for child in part.get("children", ())]
    assert sorted(below) == sorted({*position} - {"ROOT_ID", "HEADER_ID", "GRID_ID"})


def test_filters_leave_out_only_the_charts_that_have_no_such_column(dashboard, datasets, made):
    datasets_of = {c["slice_name"]: datasets[c["dataset_uuid"]] for c in of(made, "charts")}
    columns = {
        p["meta"]["chartId"]: {
            c["column_name"] for c in datasets_of[p["meta"]["sliceName"]]["columns"]
        }
        for p in dashboard["position"].values()
        if isinstance(p, dict) and p["type"] == "CHART"
    }
    filters = dashboard["metadata"]["native_filter_configuration"]
    assert [f["name"] for f in filters] == ["Days", "Domain space", "Domain"]
    for found, column in zip(filters, ("business_date", "vhost", "domain"), strict=True):
        assert {*found["scope"]["excluded"]} == {n for n, c in columns.items() if column not in c}
    days, space, domain = filters
    assert days["scope"]["excluded"] == []
    assert days["defaultDataMask"]["extraFormData"] == {"time_range": "Last 30 days"}
    assert domain["cascadeParentIds"] == [space["id"]]


def test_the_filters_offer_domains_that_there_are(dashboard, datasets, archive):
    for found in dashboard["metadata"]["native_filter_configuration"][1:]:
        (target,) = found["targets"]
        dataset = datasets[target["datasetUuid"]]
        with archive.reading() as connection:
            values = connection.execute(
                f"SELECT DISTINCT {target['column']['name']} FROM {relation(dataset)} AS asked"
            ).fetchall()
        assert values


def test_what_is_switched_off_leaves_no_gap(tables):
    """Charts of tables that are not there are left out, and with them empty rows and tabs."""
    gone = {"viewers_hourly", "stream_traffic_daily", "ledger", "reconciliation"}
    made = bundle(SOURCE, [table for table in tables if table.name not in gone])
    (found,) = of(made, "dashboards")
    parts = [p for p in found["position"].values() if isinstance(p, dict)]
    titles = [p["meta"]["text"] for p in parts if p["type"] == "TAB"]
    assert titles == ["Overview", "Billing", "Quality"]
    test_every_chart_stands_in_a_full_row(found, made)
    test_the_tree_of_the_layout_holds_together(found)
    assert len(of(made, "charts")) < len(ALL_CHARTS)


def test_a_dataset_of_two_marts_needs_both(tables):
    for joined in JOINED:
        for name in joined.reads:
            left = [table for table in tables if table.name != name]
            assert joined.name not in {table.name for table in with_joined(left)}


def test_comments_of_names_with_quotes_come_through(tmp_path):
    with duckdb.connect(str(tmp_path / "one.duckdb")) as connection:
        connection.execute("CREATE TABLE one (a INTEGER, b TIMESTAMPTZ)")
        connection.execute("COMMENT ON TABLE one IS 'It''s: \"one\" – 测试'")
        (table,) = served_tables(connection)
    made = bundle(SOURCE, [table])
    (dataset,) = of(made, "datasets")
    assert dataset["description"] == 'It\'s: "one" – 测试'
    with zipfile.ZipFile(io.BytesIO(zipped(made))) as found:
        text = found.read(f"{ROOT}/datasets/livestats/one.yaml").decode()
    assert "测试" in text
    assert yaml.safe_load(text) == dataset
