"""What `livestats cold` says; the moving is tried in tests/unit/pipelines/cold."""

import json

from click.testing import CliRunner

from pipelines.cli import main
from tests.support.cold_store import PLACE, in_folder
from tests.unit.pipelines.cold.test_run import DAYS, old, past  # noqa: F401 - fixtures


def test_it_says_what_was_moved_and_brought_back(old, tmp_path, monkeypatch):  # noqa: F811
    in_folder(tmp_path / "store", monkeypatch)

    def livestats(*words):
        result = CliRunner().invoke(main, ["cold", *words], env=old.archive.environ)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert livestats().startswith("Moved to s3://bucket/cold: 6 files of 6 dataset-days, ")
    facts = json.loads(livestats("--back", str(DAYS[0]), "--json"))
    assert (facts["files"], facts["dataset_days"], facts["cold_files"]) == (3, 3, 3)
    assert facts["problems"] == []
    back = livestats("--back", f"{DAYS[0]}..{DAYS[1]}")
    assert back.startswith("Brought back from s3://bucket/cold: 3 files of 3 dataset-days, ")
    assert "Cold now: 0 files" in back


def test_a_home_without_an_archive_is_refused(tmp_path):
    environ = {"LIVESTATS_HOME": str(tmp_path / "slip"), "LIVESTATS_SCALE_COLD": PLACE}
    result = CliRunner().invoke(main, ["cold"], env=environ)
    assert result.exit_code == 2
    assert "There is no archive in" in result.output
    assert [*tmp_path.iterdir()] == []
