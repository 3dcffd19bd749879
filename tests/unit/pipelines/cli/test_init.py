"""`livestats init`: the file that is written is the file that is read."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from resources.config import FILE, Settings, general, load
from resources.config.writer import text
from resources.simulator import Simulator

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


def read_back(folder, given):
    (folder / FILE).write_text(text(given), "utf-8")
    return load({}, folder)


# Drawn, not filtered: a filter that rejects most examples fails the test by chance.
_NOT_PRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")


def printable(without=""):
    """Printable characters but those `without`, the space among them."""
    some = st.characters(exclude_categories=_NOT_PRINTABLE, exclude_characters=without)
    return st.one_of(some, st.just(" "))


words = st.text(printable(), max_size=30)


@settings(max_examples=30)
@given(
    home=st.text(printable(without="~?*[%#"), min_size=1, max_size=30),
    url=words,
    push=st.lists(words, max_size=3),
    first_day=st.dates(),
    workers=st.integers(1, 10**6),
    calls=st.floats(0.1, 1e6),
)
def test_whatever_is_written_is_read_back(tmp_path_factory, **given):
    folder = tmp_path_factory.mktemp("settings")
    values = {
        "home": Path(given["home"]),
        "api_url": given["url"],
        "push_domains": tuple(given["push"]),
        "first_day": given["first_day"],
        "workers": given["workers"],
        "calls_per_second": given["calls"],
    }
    assert read_back(folder, values) == Settings(**{**values, "home": folder / values["home"]})


def test_a_file_with_nothing_given_is_all_defaults_and_names_every_setting(tmp_path):
    assert read_back(tmp_path, {}) == Settings()
    written = text({})
    for known in general():
        key = known.metadata["where"].rpartition(".")[2]
        assert f"\n# {key} = " in written
        assert known.metadata["meaning"] in written


def test_what_stands_behind_a_comment_sign_is_valid_too():
    """A user takes the sign away and expects the file to be read."""
    lines = text({}).splitlines()
    settings = [
        line.removeprefix("# ") if " = " in line or line.startswith("# [") else line
        for line in lines
    ]
    found = tomllib.loads("\n".join(settings))
    assert found["archive"]["first_day"] == date(2026, 1, 1)


def test_init_writes_the_file_tries_the_key_and_writes_no_secret(run, tmp_path):
    with Simulator() as sim:
        key = {
            "VOLC_ACCESSKEY": sim.credentials.access_key,
            "VOLC_SECRETKEY": sim.credentials.secret_key,
        }
        result = run("init", "--home", "stats", "--api-url", sim.url, **key)
    assert result.exit_code == 0, result.output
    assert "the API accepts the key" in result.output
    assert "domains" in result.output
    assert "Next: livestats plan" in result.output
    assert load({}, tmp_path).home == tmp_path / "stats"
    assert load({}, tmp_path).api_url == sim.url
    assert [secret for secret in key.values() if secret in (tmp_path / FILE).read_text()] == []


def test_without_a_key_the_file_is_written_and_the_key_asked_for(run, tmp_path):
    result = run("init")
    assert result.exit_code == 1
    assert "export VOLC_ACCESSKEY=... VOLC_SECRETKEY=..." in result.output
    assert (
        load({}, tmp_path) == Settings(home=tmp_path / "data") or load({}, tmp_path) == Settings()
    )


def test_a_wrong_key_is_told_at_once(run):
    with Simulator() as sim:
        wrong = {"VOLC_ACCESSKEY": "AKWRONG", "VOLC_SECRETKEY": "wrong-wrong-wrong-1"}
        result = run("init", "--api-url", sim.url, **wrong)
    assert result.exit_code == 1
    assert "problem" in result.output
    assert "the key does not work yet" in result.output


def test_a_key_that_lacks_an_action_works_for_the_others(run):
    with Simulator(denied=["DescribeLiveTopPlayData"]) as sim:
        key = {
            "VOLC_ACCESSKEY": sim.credentials.access_key,
            "VOLC_SECRETKEY": sim.credentials.secret_key,
        }
        result = run("init", "--api-url", sim.url, **key)
    assert result.exit_code == 1
    assert "The key works, but for the actions above." in result.output
    assert "Next: livestats plan" in result.output


def test_offline_asks_nothing(run):
    assert run("init", "--offline").exit_code == 0


def test_byteplus_is_one_word(run, tmp_path):
    assert run("init", "--byteplus", "--offline").exit_code == 0
    assert load({}, tmp_path).api_url == "https://open.byteplusapi.com"
    assert load({}, tmp_path).vendor == "byteplus"


@pytest.mark.parametrize(
    "words",
    [
        ("--time-zone", "Mars/Olympus"),
        ("--time-zone", "Europe/Berlin"),
        ("--first-day", "soon"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_anything_is_written(run, tmp_path, words):
    result = run("init", *words)
    assert result.exit_code == 2
    assert not (tmp_path / FILE).exists()


def test_a_file_that_is_there_is_kept(run, tmp_path):
    (tmp_path / FILE).write_text("[api]\nworkers = 3\n")
    result = run("init", "--offline")
    assert result.exit_code == 2
    assert "--force" in result.output
    assert load({}, tmp_path).workers == 3
    assert run("init", "--offline", "--force").exit_code == 0
    assert load({}, tmp_path).workers == Settings().workers
