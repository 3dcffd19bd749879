"""The graph, and what Dagster is told of each run."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets import lake as assets_lake
from assets import marts, warehouse
from assets.freshness import EVERY_DAY
from pipelines.orchestration.asset_graph import all_assets
from resources.api.errors import FixSetup
from resources.archive import Archive
from resources.capture.capturer import Outcome, Result
from resources.lake import parquet
from resources.marts.definition import read, sources
from tests.support.archives import DAYS, SMALL, lab
from tests.support.each import each
from tests.support.offered import DAILY, DATASETS, DIMENSIONS

RANKS = {
    "account": 0,
    "usage": 1,
    "events": 1,
    "billing": 1,
    "health": 2,
    "warehouse": 3,
    "marts": 4,
    "served": 5,
}
FIRST, LAST = DAYS
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
EDGE = assets_lake.key("edge_stat")
CAPTURED = (*(d.name for d in DIMENSIONS), "edge_stat")
"""What a run of edge_stat captures: every dimension comes with it."""


def archive(folder, text=""):
    """An archive of which nothing but the settings is looked at."""
    (folder / "livestats.toml").write_text(text)
    environ = {"LIVESTATS_HOME": str(folder / "home"), "LIVESTATS_FIRST_DAY": "2026-11-18"}
    return Archive.open(environ, folder)


def graph_of(one):
    return dg.Definitions(assets=all_assets(one), resources={"archive": one}).resolve_asset_graph()


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return graph_of(archive(tmp_path_factory.mktemp("graph")))


# The graph ---------------------------------------------------------------------------------------


def test_every_dataset_has_its_capture_and_its_table(graph):
    expected = {make(name) for name in DATASETS for make in (assets_lake.key, warehouse.key)}
    expected |= {marts.key(name) for name in read()}
    assert graph.get_all_asset_keys() == {*expected, warehouse.SERVED}


@each("name", DATASETS)
def test_a_table_follows_its_capture_and_the_copy_follows_all_tables(graph, name):
    assert graph.get(warehouse.key(name)).parent_keys == {assets_lake.key(name)}
    assert warehouse.key(name) in graph.get(warehouse.SERVED).parent_keys


@each("mart", read().values(), lambda m: m.name)
def test_a_mart_follows_what_it_reads_and_the_copy_follows_all_marts(graph, mart):
    expected = {warehouse.key(name) for name in mart.reads if name in DATASETS}
    expected |= {marts.key(name) for name in mart.reads if name in read()}
    assert graph.get(marts.key(mart.name)).parent_keys == expected
    assert marts.key(mart.name) in graph.get(warehouse.SERVED).parent_keys


@each("mart", read().values(), lambda m: m.name)
def test_the_columns_of_a_mart_are_described(graph, mart):
    schema = graph.get(marts.key(mart.name)).metadata["dagster/column_schema"]
    found = [(c.name, c.description.partition(" From: ")[0], "key" in c.tags) for c in schema.columns]  # fmt: skip
    assert found == [(c.name, c.comment(), c.name in mart.key) for c in mart.columns]


@each("mart", read().values(), lambda m: m.name)
def test_the_columns_of_a_mart_name_those_that_they_are_made_from(graph, mart):
    node = graph.get(marts.key(mart.name))
    if "dagster/column_lineage" not in node.metadata:
        return  # new or changed SQL, till its lineage is derived again: docs/add-a-mart.md
    deps = node.metadata["dagster/column_lineage"].deps_by_column
    assert [*deps] == [column.name for column in mart.columns]
    assert {dep.asset_key for found in deps.values() for dep in found} <= node.parent_keys


def test_the_lineage_of_a_column_leads_to_its_table_and_is_said_in_words(graph):
    metadata = graph.get(marts.key("bandwidth_5min")).metadata
    deps = metadata["dagster/column_lineage"].deps_by_column["up_mbps"]
    table = warehouse.key("edge_stat")
    assert [(d.asset_key, d.column_name) for d in deps] == [
        (table, "slot_seconds"),
        (table, "up_traffic_bytes"),
    ]
    said = {c.name: c.description for c in metadata["dagster/column_schema"].columns}
    assert said["up_mbps"].endswith(" From: edge_stat.slot_seconds, up_traffic_bytes.")


def test_the_setting_has_assets_and_their_columns_described_in_chinese(tmp_path):
    environ = {"LIVESTATS_HOME": str(tmp_path), "LIVESTATS_LANGUAGE": "zh"}
    archive = Archive.open(environ, tmp_path)
    found = dg.Definitions(assets=all_assets(archive), resources={"archive": archive})
    graph = found.resolve_asset_graph()
    for key in (assets_lake.key("top_play"), warehouse.key("top_play")):
        node = graph.get(key)
        assert "当日按峰值带宽" in node.description
        columns = {c.name: c.description for c in node.metadata["dagster/column_schema"].columns}
        assert columns["rank"] == "在云厂商榜单中的名次，1 为第一名。"
    mart = graph.get(marts.key("dim_isp"))
    assert mart.description == "视图 `dim_isp`。运营商及其名称：可与各表的 isp 字段关联。"


@each("dataset", DAILY, lambda d: d.name)
def test_a_capture_follows_the_datasets_that_say_what_to_ask(graph, dataset):
    parents = {key.path[-1] for key in graph.get(assets_lake.key(dataset.name)).parent_keys}
    assert parents >= set(dataset.needs)
    assert ("isp" in parents) == ("ISP" in dataset.split)
    assert parents - set(dataset.needs) <= {"domain", "isp"}
    assert parents


def test_groups_read_from_left_to_right(graph):
    """An arrow between two groups always points to the right, so there is no cycle of groups."""
    for key in graph.get_all_asset_keys():
        group = graph.get(key).group_name
        for parent in graph.get(key).parent_keys:
            above = graph.get(parent).group_name
            assert above == group or RANKS[above] < RANKS[group], f"{parent} -> {key}"


def test_all_days_are_one_partitions_definition(graph):
    found = {graph.get(assets_lake.key(d.name)).partitions_def for d in DAILY}
    assert len(found) == 1
    (days,) = found
    assert days.get_first_partition_key() == "2026-11-18"
    whole = [*DIMENSIONS, *DATASETS.values()]
    unpartitioned = {assets_lake.key(d.name) for d in DIMENSIONS} | {
        warehouse.key(d.name) for d in whole
    }
    assert all(graph.get(key).partitions_def is None for key in unpartitioned)


def test_runs_take_a_month_at_most(graph):
    policies = {graph.get(assets_lake.key(d.name)).backfill_policy for d in DAILY}
    assert policies == {dg.BackfillPolicy.multi_run(31)}


def test_no_step_takes_a_place_in_a_pool(graph):
    """A place outlives a process that is killed; the archive's own locks end with theirs."""
    assert all(not graph.get(key).pools for key in graph.get_all_asset_keys())


def test_every_asset_says_what_it_is(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.group_name in RANKS, key
        has_columns = "dagster/column_schema" in node.metadata
        assert has_columns or key == warehouse.SERVED, key


def test_every_asset_is_late_when_two_looks_of_the_schedule_have_passed_it_over(graph):
    """And stale after a second night: every dataset is asked for something every day."""
    for key in graph.get_all_asset_keys():
        policy = graph.get(key).freshness_policy
        assert policy == EVERY_DAY, key
    assert EVERY_DAY.warn_window.to_timedelta() == timedelta(hours=26)
    assert EVERY_DAY.fail_window.to_timedelta() == timedelta(hours=50)


def test_columns_are_described_with_unit_and_key(graph):
    schema = graph.get(EDGE).metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert set(columns) == set(DATASETS["edge_stat"].column)
    for column in DATASETS["edge_stat"].columns:
        unit = f"Unit: {column.unit}." if column.unit else ""
        assert unit in columns[column.name].description
    assert "key" in columns["slot_start_at"].tags


@pytest.mark.parametrize("name", ["region", "edge_stat", "push_stream_info", "isp"])
def test_a_dataset_that_is_off_has_neither_capture_nor_table(tmp_path, name):
    """And nobody depends on a ghost of it; marts that are made from it are left out too."""
    found = graph_of(archive(tmp_path, f'[datasets]\noff = ["{name}"]\n')).get_all_asset_keys()
    assert not {key for key in found if key.path[-1] == name}
    standing = {marts.key(m.name) for m in read().values() if name not in sources(m, read())}
    assert {key for key in found if key.path[0] == "marts"} == standing
    assert len(found - standing) == 2 * (len(DATASETS) - 1) + 1


# Partition events, with a capturer that says what it is told -------------------------------------


def result(day, outcome=Outcome.CAPTURED, **facts):
    origin = parquet.Provenance(
        dataset="edge_stat", day=day.isoformat(), capture="c", schema_version=1, fetched_at="t",
        requests=1, rows=12, outside=facts.pop("outside", 0), unknown=facts.pop("unknown", ()),
        disagreeing=facts.pop("disagreeing", ()), schema="s",
    )  # fmt: skip
    complete = outcome.is_complete
    counts = {"rows": 12, "requests": 1, "bytes": 345} if complete else {"message": "why not"}
    return Result(
        dataset="edge_stat", day=day, outcome=outcome, origin=origin if complete else None, **counts
    )


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Materialises edge_stat of three days; the capturer yields these results or raises them."""
    one = archive(tmp_path)

    def run(*told, **more):
        class Capturer:
            def capture_dimension(self, dataset):
                return Result(dataset=dataset.name, day=LAST, outcome=Outcome.KEPT)

            def capture_all(self, *_args, **_more):
                for result_or_error in told:
                    if isinstance(result_or_error, Exception):
                        raise result_or_error
                    yield result_or_error

        @contextmanager
        def capturer(*_args):
            yield Capturer()

        monkeypatch.setattr("resources.capture.session.capturer", capturer)
        return materialize(one, [EDGE], date(2026, 11, 19), LAST, **more)

    return run


def materialize(one, keys, first, last, config=None):
    """The run and the history that it was written to."""
    with dg.DagsterInstance.ephemeral() as history:
        run = dg.materialize(
            all_assets(one),
            selection=keys,
            resources={"archive": one},
            instance=history,
            tags={
                "dagster/asset_partition_range_start": first.isoformat(),
                "dagster/asset_partition_range_end": last.isoformat(),
            },
            run_config={**QUIET, **(config or {})},
            raise_on_error=False,
        )
        found = history.fetch_materializations(EDGE, limit=100, ascending=True).records
        events = [record.asset_materialization for record in found]
        assert len({m.partition for m in events}) == len(events), "a day has two events"
        return run, {m.partition: facts_of(m) for m in events}


def facts_of(materialization):
    return {name: value.value for name, value in materialization.metadata.items()}


D19, D20, D21 = (date(2026, 11, 19), FIRST, LAST)


def test_each_finished_day_has_one_event_with_its_facts(told):
    run, found = told(result(D19), result(D20, Outcome.UNCHANGED), result(D21, Outcome.KEPT))
    assert run.success
    assert list(found) == ["2026-11-19", "2026-11-20", "2026-11-21"]
    facts = found["2026-11-19"]
    assert (facts["outcome"], facts["dagster/partition_row_count"]) == ("captured", 12)
    assert found["2026-11-20"]["outcome"] == "unchanged"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.LOST, Outcome.SETTLING])
def test_finished_days_are_marked_though_another_day_is_not(told, outcome):
    run, found = told(result(D19), result(D20, outcome), result(D21))
    assert not run.success
    assert set(found) == {"2026-11-19", "2026-11-21"}
    (failure,) = [e for e in run.all_events if e.is_step_failure]
    text = failure.step_failure_data.error.message + str(
        failure.step_failure_data.user_failure_data
    )
    assert "1 days of edge_stat are not captured" in text
    assert "2026-11-20: why not" in text


def test_an_incomplete_day_is_not_marked_and_its_items_are_named(told):
    lacking = replace(result(D20, Outcome.INCOMPLETE), lacking=("a.example.com",))
    run, found = told(result(D19), lacking, result(D21))
    assert not run.success
    assert set(found) == {"2026-11-19", "2026-11-21"}
    (failure,) = [e for e in run.all_events if e.is_step_failure]
    told_of = failure.step_failure_data.user_failure_data
    assert "1 days of edge_stat are incomplete: 2026-11-20: why not" in told_of.description
    assert told_of.metadata["lacking_items"].value == {
        "edge_stat": {"2026-11-20": ["a.example.com"]}
    }


def test_a_day_that_a_supplement_completes_is_marked_then(told):
    _, found = told(result(D19), result(D20, Outcome.INCOMPLETE), result(D21))
    assert "2026-11-20" not in found
    run, found = told(result(D19, Outcome.KEPT), result(D20), result(D21, Outcome.KEPT))
    assert run.success
    assert found["2026-11-20"]["outcome"] == "captured"


def test_finished_days_are_marked_though_the_run_is_broken_off(told):
    run, found = told(result(D19), FixSetup("the key is wrong"))
    assert not run.success
    assert set(found) == {"2026-11-19"}


def test_a_run_without_a_finished_day_marks_none(told):
    assert told(FixSetup("the key is wrong"))[1] == {}


# The check ---------------------------------------------------------------------------------------


def verdict(run):
    found = run.get_asset_check_evaluations()
    (evaluation,) = (one for one in found if one.check_name == "answers_hold")
    return evaluation


def test_answers_that_hold_pass(told):
    assert verdict(told(result(D19), result(D20), result(D21))[0]).passed


@pytest.mark.parametrize(
    ("facts", "entry"),
    [
        ({"disagreeing": ("TotalRequest",)}, "totals_that_disagree"),
        ({"unknown": ("NewField",)}, "unknown_fields"),
        ({"outside": 2}, "rows_outside_the_day"),
    ],
    ids=["totals", "fields", "outside"],
)
def test_answers_that_do_not_hold_are_a_warning_and_nothing_else(told, facts, entry):
    """The days are there all the same: odd data is flagged, never altered or dropped."""
    run, found = told(result(D19), result(D20, **facts), result(D21))
    evaluation = verdict(run)
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert set(evaluation.metadata) == {entry}
    assert list(evaluation.metadata[entry].value) == ["2026-11-20"]
    assert run.success
    assert set(found) == {"2026-11-19", "2026-11-20", "2026-11-21"}


# With the simulated account ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("assets") / "home", SMALL) as found:
        found.capture(DAYS, CAPTURED)
        yield found


def outcomes(found):
    return {day: facts["outcome"] for day, facts in found.items()}


def test_complete_days_are_kept_and_asked_again_if_the_run_says_so(captured):
    requests = captured.requests
    _, first = materialize(captured.archive, [EDGE], *DAYS)
    assert outcomes(first) == {"2026-11-20": "kept", "2026-11-21": "kept"}
    assert captured.requests == requests
    again = assets_lake.again_config("edge_stat")
    _, second = materialize(captured.archive, [EDGE], *DAYS, config=again)
    assert outcomes(second) == {"2026-11-20": "unchanged", "2026-11-21": "unchanged"}
    assert captured.requests == requests + 2


def test_each_day_shows_its_own_rows(captured):
    _, found = materialize(captured.archive, [EDGE], *DAYS)
    for day in ("2026-11-20", "2026-11-21"):
        assert f"| {day} |" in found[day]["preview"]
        assert not [name for name in found[day] if name.startswith("run_")]


def run_of(one, keys):
    """The materializations of a run without days."""
    run = dg.materialize(
        all_assets(one), selection=keys, resources={"archive": one}, run_config=QUIET
    )
    found = [e.step_materialization_data.materialization for e in run.all_events if e.is_step_materialization]  # fmt: skip
    return run, {m.asset_key: facts_of(m) for m in found}


def test_the_account_is_asked_once_a_day(captured):
    requests = captured.requests
    _, found = run_of(captured.archive, [assets_lake.key("domain")])
    assert found[assets_lake.key("domain")]["outcome"] == "kept"
    assert captured.requests == requests


def test_tables_and_copy_follow_the_lake(captured):
    run, facts = run_of(captured.archive, [*map(warehouse.key, CAPTURED), warehouse.SERVED])
    assert set(facts) == {*map(warehouse.key, CAPTURED), warehouse.SERVED}
    loaded = facts[warehouse.key("edge_stat")]
    assert (loaded["days_loaded"], loaded["from"]) == (2, "2026-11-20")
    assert captured.rows("SELECT count(*) FROM edge_stat") == [(loaded["rows_loaded"],)]
    assert Path(facts[warehouse.SERVED]["path"]).is_file()
    level = {c.check_name: c for c in run.get_asset_check_evaluations()}["level_with_lake"]
    assert set(level.metadata["tables_behind"].value) == set(DATASETS) - set(CAPTURED)


def test_a_run_asks_only_for_days_that_are_not_there(captured):
    other = FIRST - timedelta(days=1)
    _, found = materialize(captured.archive, [EDGE], other, FIRST)
    assert outcomes(found) == {"2026-11-19": "captured", "2026-11-20": "kept"}


def test_a_dataset_alone_can_be_captured_in_a_fresh_home(captured):
    """Its domains and carriers are asked for first."""
    fresh = captured.beside("fresh")
    run, found = materialize(fresh.archive, [EDGE], *DAYS)
    assert run.success
    assert outcomes(found) == {"2026-11-20": "captured", "2026-11-21": "captured"}
    asked = {e.asset_key for e in run.get_asset_materialization_events()}
    assert {assets_lake.key("domain"), assets_lake.key("isp")} <= asked
