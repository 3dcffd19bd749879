"""Marts as Dagster makes them: between the tables and the served copy, all in one step."""

import dagster as dg
import pytest

from assets import marts
from pipelines.orchestration.asset_graph import all_assets
from resources.marts.definition import MartKind, read
from tests.support.archives import DAYS, lab

DAY = DAYS[0]


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """One day of all that traffic and billing are made of, captured and not loaded yet."""
    with lab(tmp_path_factory.mktemp("marts") / "home") as whole:
        found = whole.only("domain", "isp", "region", "edge_stat")
        found.capture([DAY])
        yield found


@pytest.fixture(scope="module")
def run(captured):
    """What Dagster did for tables, marts and served copy."""
    assets = all_assets(captured.archive)
    loading = dg.AssetSelection.key_prefixes("warehouse", "marts", "served")
    with dg.DagsterInstance.ephemeral() as history:
        done = dg.materialize(
            assets,
            selection=loading,
            resources={"archive": captured.archive},
            instance=history,
        )
    assert done.success
    return done


def facts(run, name):
    (found,) = (
        e.step_materialization_data.materialization
        for e in run.get_asset_materialization_events()
        if e.asset_key == marts.key(name)
    )
    return {key: value.value for key, value in found.metadata.items()}


def test_all_marts_are_one_step_that_says_what_it_made(captured, run):
    steps = [e.step_key for e in run.all_events if e.is_step_success]
    assert steps == ["tables", "marts", "served__livestats"]
    of_table, of_view = facts(run, "bandwidth_5min"), facts(run, "billing_monthly_account")
    assert of_table.pop("seconds") >= 0
    assert of_view.pop("seconds") >= 0
    rows = of_table.pop("dagster/row_count")
    with captured.archive.reading() as connection:
        assert connection.execute("SELECT count(*) FROM bandwidth_5min").fetchall() == [(rows,)]
    assert of_table == {"is_redefined": True, "days_made": 1, "from": str(DAY), "to": str(DAY)}
    assert of_view == {"is_redefined": True}
    made = {e.asset_key for e in run.get_asset_materialization_events()}
    assert {key for key in made if key.path[0] == "marts"} == {
        *marts.keys(captured.archive.settings.datasets)
    }


def test_a_mart_that_is_a_table_has_its_checks(run):
    found = {(e.asset_key, e.check_name): e.passed for e in run.get_asset_check_evaluations()}
    for mart in read().values():
        if mart.kind is MartKind.TABLE and marts.key(mart.name) in {key for key, _ in found}:
            assert found[marts.key(mart.name), "unique_key"], mart.name
            assert found[marts.key(mart.name), "every_day_made"], mart.name
    assert (marts.key("bandwidth_5min"), "unique_key") in found


def test_the_copy_answers_from_them(captured, run):
    assert run.success
    ((rows,),) = captured.rows("SELECT count(*) FROM bandwidth_5min")
    assert rows == 2 * 288  # a push and a pull domain
    assert captured.archive.behind() == []


def test_a_mart_can_be_materialised_alone_and_does_nothing_twice(captured, run):
    assert run.success
    with dg.DagsterInstance.ephemeral() as history:
        alone = dg.materialize(
            all_assets(captured.archive),
            selection=[marts.key("bandwidth_5min")],
            resources={"archive": captured.archive},
            instance=history,
        )
    found = facts(alone, "bandwidth_5min")
    assert (found["is_redefined"], found["days_made"]) == (False, 0)


def test_a_step_before_anything_is_loaded_leaves_marts_out_and_says_so(captured):
    fresh = captured.beside("fresh").only("domain", "isp", "region", "edge_stat")
    with dg.DagsterInstance.ephemeral() as history:
        done = dg.materialize(
            all_assets(fresh.archive),
            selection=[marts.key("bandwidth_5min")],
            resources={"archive": fresh.archive},
            instance=history,
        )
    assert done.success
    assert facts(done, "bandwidth_5min") == {
        "left_out": "a table that it reads has not been loaded yet"
    }
