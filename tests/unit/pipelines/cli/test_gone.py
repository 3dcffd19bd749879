"""livestats gone: domains that are asked for no more."""

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.config import Settings
from resources.home.layout import Home
from tests.support.archives import NOW
from tests.support.lake_files import store


@pytest.fixture
def gone(tmp_path):
    (tmp_path / "livestats.toml").write_text('[domains]\npull = ["Old.example", "new.example"]\n')
    environ = {
        "LIVESTATS_SETTINGS": str(tmp_path / "livestats.toml"),
        "LIVESTATS_HOME": str(tmp_path / "home"),
        "LIVESTATS_NOW": NOW.isoformat(),
    }

    def run(*words):
        return CliRunner().invoke(main, ["gone", *words], env=environ)

    Home(tmp_path / "home").prepare(Settings(), NOW)
    return run


def listed(gone):
    return json.loads(gone("--json").stdout)["gone"]


def test_a_domain_is_gone_until_it_is_asked_for_again(gone):
    assert listed(gone) == []
    assert gone("old.EXAMPLE").exit_code == 0
    assert listed(gone) == ["Old.example"]
    gone("old.example", "--undo")
    assert listed(gone) == []


def test_one_that_the_newest_list_has_is_told(gone, tmp_path):
    """A slip would leave it out of all days to come, and none of them would say so."""
    assert "newest list" not in gone("old.example").output
    rows = [{"domain": "New.Example", "status": 1}]
    store(tmp_path / "home" / "lake", DATASETS["domain"], NOW.date(), rows)
    assert "the account has New.Example" in " ".join(gone("new.example").output.split())
    assert "newest list" not in gone("new.example", "--undo").output


def test_a_domain_that_nobody_knows_changes_nothing(gone):
    result = gone("old.example", "slip.example")
    assert result.exit_code == 2
    assert "slip.example is not a domain of this archive" in result.output
    assert listed(gone) == []


def test_a_domain_that_nothing_knows_any_more_can_be_taken_out(gone, tmp_path):
    """It was taken out of the settings, or erased from the lists."""
    gone("old.example")
    (tmp_path / "livestats.toml").write_text("")
    assert listed(gone) == ["old.example"]
    assert gone("OLD.example", "--undo").exit_code == 0
    assert listed(gone) == []


def test_undo_needs_a_domain(gone):
    assert gone("--undo").exit_code == 2
