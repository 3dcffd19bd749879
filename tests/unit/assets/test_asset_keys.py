"""Keys of assets begin with the account where a page has several, and are as ever where it has one."""

from assets import asset_keys
from pipelines.orchestration import location
from resources.config.loader import ACCOUNT_VARIABLE


def test_with_one_account_keys_have_two_parts(monkeypatch):
    monkeypatch.delenv(ACCOUNT_VARIABLE, raising=False)
    key = asset_keys.of("lake", "edge_stat")
    assert (key.path, asset_keys.layer_of(key)) == (["lake", "edge_stat"], "lake")
    assert location.tags() == {}


def test_with_several_each_has_keys_and_runs_of_its_own(monkeypatch):
    monkeypatch.setenv(ACCOUNT_VARIABLE, "acme")
    key = asset_keys.of("lake", "edge_stat")
    assert (key.path, asset_keys.layer_of(key)) == (["acme", "lake", "edge_stat"], "lake")
    assert asset_keys.parts("marts") == ["acme", "marts"]
    assert location.tags() == {"dagster/code_location": "acme"}
