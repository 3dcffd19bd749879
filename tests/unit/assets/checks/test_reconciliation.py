"""The check of the served copy that endpoints agree, as Dagster shows it."""

import shutil

import dagster as dg
import pytest

from assets import warehouse as assets_warehouse
from assets.checks import reconciliation
from pipelines.orchestration.asset_graph import all_assets
from resources.warehouse import connection as warehouse_connection
from tests.support.archives import DAYS, lab

DAY = DAYS[0]
HOSTILE = "x|<script>alert(1)</script>`*_[a](b)\n| y |"


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """One day of two tables that must agree, loaded and published; a third one has no day."""
    names = ("domain", "isp", "edge_stat", "edge_stat_by_region")
    home = tmp_path_factory.mktemp("check") / "home"
    with lab(home, names=(*names, "batch_stream_traffic")) as found:
        found.capture([DAY], names)
        found.load()
        yield found


@pytest.fixture
def broken(captured, tmp_path):
    """Publishes a copy of the home, changed by a statement; the result of its check."""

    def publish(statement):
        shutil.copytree(captured.root, tmp_path / "home", symlinks=True)
        archive = captured.with_(LIVESTATS_HOME=str(tmp_path / "home")).archive
        with archive.writing() as connection:
            connection.execute(statement)
            warehouse_connection.record_commit(connection)
        archive.publish()
        return reconciliation.result(archive)

    return publish


@pytest.mark.slow
def test_the_step_that_publishes_checks_it_without_a_step_more(captured):
    assets = all_assets(captured.archive)
    with dg.DagsterInstance.ephemeral() as history:
        run = dg.materialize(
            assets,
            selection=[assets_warehouse.SERVED],
            resources={"archive": captured.archive},
            instance=history,
        )
    assert run.success
    assert len([e for e in run.all_events if e.is_step_success]) == 1
    checks = {e.check_name: e for e in run.get_asset_check_evaluations()}
    assert checks[reconciliation.CHECK].passed
    assert checks[reconciliation.CHECK].asset_key == assets_warehouse.SERVED


def test_a_sound_capture_says_how_much_agrees_and_what_could_not_be_compared(captured):
    result = reconciliation.result(captured.archive)
    agreeing = result.metadata["comparisons"].value - result.metadata["not_comparable"].value
    assert result.passed
    assert agreeing > 0
    assert result.metadata["not_comparable"].value > 0  # the third table has no day
    assert result.description == f"{agreeing} comparisons agree."
    assert "differences" not in result.metadata


def test_a_difference_warns_and_names_day_rule_and_scope(broken):
    result = broken(
        "UPDATE reconciliation SET verdict = 'differs', actual = 2 * expected "
        "WHERE rule = 'edge_requests_of_regions' AND scope LIKE 'pull%'",
    )
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert "edge_requests_of_regions" in result.description
    assert str(DAY) in result.description
    (heads, _, row) = result.metadata["differences"].value.splitlines()
    assert heads.startswith("| day | rule | scope | expected | actual | unit |")
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == [str(DAY), "edge&#95;requests&#95;of&#95;regions", "pull-1.sim.example"]
    assert cells[5:7] == ["requests", "1.00%"]


def test_names_stay_inside_their_cells(broken):
    quoted = HOSTILE.replace("'", "''")
    result = broken(f"UPDATE reconciliation SET verdict = 'differs', scope = '{quoted}', "
                 f"note = '{quoted}' WHERE rule = 'slots_of_edge_stat'")  # fmt: skip
    lines = result.metadata["differences"].value.splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "<script>" not in "".join(lines)
    assert "](" not in "".join(lines)


def test_many_differences_are_counted_and_the_newest_shown(broken):
    result = broken(
        "INSERT INTO reconciliation BY NAME SELECT 'a' AS rule, 'differs' AS verdict, 'x' AS scope,"
        " 1 AS expected, 2 AS actual, 'bytes' AS unit, 0.05 AS tolerance,"
        " DATE '2026-01-01' + i::INTEGER AS business_date FROM range(60) r(i)",
    )
    assert result.metadata["differing"].value == 60
    assert "60 of" in result.description
    assert "the newest 50 of them between 2026-01-11 and 2026-03-01" in result.description
    assert len(result.metadata["differences"].value.splitlines()) == 2 + 50


def test_sparse_days_are_told_and_warn_nobody(broken):
    result = broken(
        "UPDATE reconciliation SET verdict = 'sparse' "
        "WHERE rule = 'slots_of_edge_stat' AND verdict = 'agrees'"
    )
    sparse = result.metadata["sparse"].value
    assert result.passed
    assert sparse > 0
    assert result.description.endswith(f"comparisons agree, {sparse} days are sparse.")
