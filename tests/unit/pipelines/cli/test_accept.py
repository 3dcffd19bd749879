"""Options of livestats accept; suspect days are tried in tests/unit/ledger/test_suspicion.py."""

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.config import Settings
from resources.home.layout import Home
from tests.support.archives import NOW


def accept(root, *words):
    environ = {"LIVESTATS_HOME": str(root), "LIVESTATS_NOW": NOW.isoformat()}
    return CliRunner().invoke(main, ["accept", *words], env=environ)


@pytest.mark.parametrize(("reason", "said"), [(" ", "say why"), ("it is right", "is not suspect")])
def test_a_day_that_is_not_suspect_is_not_accepted(tmp_path, reason, said):
    Home(tmp_path).prepare(Settings(), NOW)
    result = accept(tmp_path, "edge_stat", "2026-11-20", "--reason", reason)
    assert result.exit_code == 2
    assert said in result.output
    assert [*tmp_path.rglob("accepted.json")] == []


def test_there_is_nothing_to_accept_without_an_archive(tmp_path):
    result = accept(tmp_path / "none", "edge_stat", "2026-11-20", "--reason", "x")
    assert result.exit_code == 2
    assert not (tmp_path / "none").exists()
