"""The graph that Dagster shows."""

from assets import lake, warehouse
from pipelines.orchestration.asset_graph import all_assets
from resources.archive import Archive


def test_the_graph_has_every_dataset_that_is_switched_on_and_no_other(tmp_path):
    (tmp_path / "livestats.toml").write_text('[datasets]\noff = ["top_play"]\n')
    archive = Archive.open({"LIVESTATS_HOME": str(tmp_path / "home")}, tmp_path)
    keys = {key for one in all_assets(archive) for key in one.keys}
    assert {warehouse.SERVED, lake.key("edge_stat"), warehouse.key("edge_stat")} <= keys
    assert lake.key("top_play") not in keys
