"""livestats settings: values and where they come from."""

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.config import FILE, general
from resources.config.dataset_overrides import KEYS, keys_of

NO_KEY = {"VOLC_ACCESSKEY": None, "VOLC_SECRETKEY": None, "VOLC_SESSION_TOKEN": None}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs livestats in an empty folder, with no key and no settings but those given."""
    monkeypatch.chdir(tmp_path)
    for variable in ("LIVESTATS_HOME", "LIVESTATS_API_URL", "LIVESTATS_SETTINGS"):
        monkeypatch.delenv(variable, raising=False)

    def runner(*words, **environ):
        environ = {**NO_KEY, "HOME": str(tmp_path / "user"), **environ}
        return CliRunner().invoke(main, words, env=environ, prog_name="livestats")

    return runner


def test_settings_shows_values_and_where_they_come_from(run, tmp_path):
    (tmp_path / FILE).write_text("[api]\nworkers = 3\n")
    result = run("settings", "--json", LIVESTATS_TIME_ZONE="UTC")
    found = {line["setting"]: (line["value"], line["from"]) for line in json.loads(result.stdout)}
    places = {known.metadata["where"] for known in general()}
    of_datasets = {
        f"dataset.{name}.{key}" for name, one in DATASETS.items() for key in keys_of(one)
    }
    assert set(found) == places | of_datasets
    assert found["api.workers"] == (3, str(tmp_path / FILE))
    assert found["archive.time_zone"] == ("UTC", "LIVESTATS_TIME_ZONE")
    assert found["archive.home"] == ("data", "default")
    shown = run("settings").output
    assert [name for name in (*places, *DATASETS, *KEYS) if name not in shown] == []


def test_settings_shows_what_holds_and_what_the_file_says(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[dataset.push_stream_metrics]\nstreams = ['live/*']\n")
    environ = {"LIVESTATS_SETTINGS": str(file), "HOME": str(tmp_path), "COLUMNS": "200"}
    shown = CliRunner().invoke(main, ["settings"], env=environ).stdout
    (line,) = (one for one in shown.splitlines() if one.startswith("push_stream_metrics"))
    assert line.split() == ["push_stream_metrics", "yes", "30", "3", "all", "live/*", "(set)"]
    lines = json.loads(CliRunner().invoke(main, ["settings", "--json"], env=environ).stdout)
    by_place = {one["setting"]: one for one in lines}
    assert by_place["dataset.push_stream_metrics.streams"]["value"] == ["live/*"]
    assert by_place["dataset.push_stream_metrics.streams"]["from"] == str(file)
    assert by_place["dataset.push_stream_metrics.bucket_seconds"]["value"] == 30
    assert by_place["dataset.push_stream_metrics.bucket_seconds"]["from"] == "default"
