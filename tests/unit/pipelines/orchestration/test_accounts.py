"""An account is a file: it says its home and key, and its process gets nothing of another account."""

import json

import pytest
import yaml

from pipelines.orchestration import accounts
from resources.config import SettingsError

SECRET = "aSecret-of-an-account-41"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "accounts").mkdir()
    return tmp_path / "accounts"


def written(folder, name, text):
    (folder / f"{name}.env").write_text(text)
    return folder


def test_a_file_is_read_as_systemd_reads_it(folder):
    written(folder, "bolt", "LIVESTATS_HOME=/srv/bolt\n")
    written(folder, "acme", f"# the first\n\nLIVESTATS_HOME=/srv/acme\nVOLC_SECRETKEY='{SECRET}'\n")
    (folder / "acme.env~").write_text("of an editor")
    acme, bolt = accounts.read(folder)
    assert (acme.name, str(acme.home), acme.variables["VOLC_SECRETKEY"]) == (
        "acme",
        "/srv/acme",
        SECRET,
    )
    assert (bolt.name, str(bolt.home)) == ("bolt", "/srv/bolt")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Acme", "LIVESTATS_HOME=/a", "small letters, digits and _"),
        ("acme", "", "has no line LIVESTATS_HOME"),
        ("acme", "LIVESTATS_HOME=a", "write the whole path in LIVESTATS_HOME"),
        ("acme", "LIVESTATS_HOME=/a\nLIVESTATS_SETTINGS=x.toml", "path in LIVESTATS_SETTINGS"),
        ("acme", f"LIVESTATS_HOME=/a\n{SECRET}", "line 2, is not NAME=VALUE"),
        ("acme", f"LIVESTATS_HOME=/a\nVOLC_SECRETKEY='{SECRET}", "cannot be read"),
        ("bolt", "LIVESTATS_HOME=/srv/other", "the same home, /srv/other"),
    ],
)
def test_what_is_no_account_is_refused_and_no_key_is_told(folder, name, text, said):
    written(folder, "other", "LIVESTATS_HOME=/srv/other")
    with pytest.raises(SettingsError) as caught:
        accounts.read(written(folder, name, text))
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_folder_without_accounts_is_refused(folder):
    with pytest.raises(SettingsError, match=r"write a file NAME\.env for each"):
        accounts.read(folder)


def test_a_process_gets_the_variables_of_its_account_and_of_no_other(folder, tmp_path):
    (acme,) = accounts.read(written(folder, "acme", f"LIVESTATS_HOME=/a\nVOLC_SECRETKEY={SECRET}"))
    around = {
        "PATH": "/bin",
        "VOLC_ACCESSKEY": "another",
        "LIVESTATS_HOME": "/b",
        "AWS_PROFILE": "x",
    }
    assert acme.environ(around, tmp_path) == {
        "PATH": "/bin",
        "LIVESTATS_HOME": "/a",
        "VOLC_SECRETKEY": SECRET,
        "LIVESTATS_UI_ACCOUNT": "acme",
        "LIVESTATS_SCHEDULES": "run",
        "DAGSTER_HOME": str(tmp_path),
    }


def test_what_is_of_the_page_reaches_all_processes(folder, tmp_path):
    (acme,) = accounts.read(written(folder, "acme", "LIVESTATS_HOME=/a"))
    around = {"LIVESTATS_LOG_FORMAT": "json", "LIVESTATS_UI_SECRET": "of the proxy"}
    assert acme.environ(around, tmp_path).items() >= around.items()


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
