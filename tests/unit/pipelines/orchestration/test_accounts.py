"""Accounts on one page: what their processes are told, and how many runs there are at a time."""

import json

import yaml

from pipelines.accounts.account_file import Account
from pipelines.orchestration import accounts


def test_a_code_server_is_told_its_name_and_the_history(tmp_path):
    acme = Account("acme", {"LIVESTATS_HOME": "/a"})
    assert accounts.environ_of(acme, {"PATH": "/bin"}, tmp_path) == {
        "PATH": "/bin",
        "LIVESTATS_HOME": "/a",
        "LIVESTATS_UI_ACCOUNT": "acme",
        "LIVESTATS_SCHEDULES": "run",
        "DAGSTER_HOME": str(tmp_path),
    }


def test_each_account_is_a_code_location():
    found = json.loads(accounts.workspace({"acme": "/run/a.sock", "bolt": "/run/b.sock"}))
    assert [one["grpc_server"] for one in found["load_from"]] == [
        {"socket": "/run/a.sock", "location_name": "acme"},
        {"socket": "/run/b.sock", "location_name": "bolt"},
    ]


def test_runs_are_limited_for_each_account(tmp_path):
    accounts.write_config(tmp_path / "history", 5)
    file = tmp_path / "history" / "dagster.yaml"
    runs = yaml.safe_load(file.read_text())["concurrency"]["runs"]
    assert runs["max_concurrent_runs"] == 5
    each = {"applyLimitPerUniqueValue": True}
    assert runs["tag_concurrency_limits"][:2] == [
        {"key": "dagster/code_location", "value": each, "limit": 2},
        {"key": "livestats/due", "value": each, "limit": 1},
    ]
    one = yaml.safe_load(accounts.TEMPLATE.read_text())
    assert {k: v for k, v in yaml.safe_load(file.read_text()).items() if k != "concurrency"} == {
        k: v for k, v in one.items() if k != "concurrency"
    }


def test_the_file_follows_the_number_of_accounts_until_somebody_changes_it(tmp_path):
    for number in (1, 3):
        accounts.write_config(tmp_path, number)
    file = tmp_path / "dagster.yaml"
    assert "max_concurrent_runs: 3" in file.read_text()
    file.write_text(file.read_text().replace("max_concurrent_runs: 3", "max_concurrent_runs: 9"))
    accounts.write_config(tmp_path, 4)
    assert "max_concurrent_runs: 9" in file.read_text()
