"""What docs/operating.md says of backup, restore, moving and going back: it is done, and all works."""

import shlex
import shutil
from pathlib import Path

import dagster as dg
import pytest

from pipelines.orchestration.instance import instance
from resources import monitoring
from resources.api.catalog import DATASETS
from resources.fs import atomic
from tests.support.aged_archive import NAMES, lived_in
from tests.support.archives import contents
from tests.support.recovery_page import commands, run

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operating.md"
ROWS = "FROM batch_stream_traffic ORDER BY ALL"
TABLES = ("ledger", "revisions", "reconciliation", *NAMES)


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """An archive with revisions, an empty day and a day that failed."""
    with lived_in(tmp_path_factory.mktemp("operating") / "home") as found:
        yield found


def backed_up(past, folder, names=None):
    """A copy of what the page's command copies, or of `names`, as rsync makes it."""
    lines = [line for line in commands("Backup and restore", PAGE) if line.startswith("rsync")]
    assert all("--exclude '.making-*'" in line and "delete" not in line for line in lines)
    words = [word for line in lines for word in shlex.split(line)]
    sources = [Path(word).name for word in words if word.startswith("/srv/livestats/")]
    assert sources == ["lake", "raw", "archive.json"]
    (folder / "home").mkdir()
    for name in names or sources:
        path, ignored = past.root / name, shutil.ignore_patterns(f"{atomic.TEMP_PREFIX}*")
        if path.is_dir():
            shutil.copytree(path, folder / "home" / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(path, folder / "home" / name)
    return past.with_(LIVESTATS_HOME=str(folder / "home"))


def same(past, other):
    """True if every table that is read holds the same."""
    return all(
        sorted(past.rows(f"FROM {table}"), key=repr)
        == sorted(other.rows(f"FROM {table}"), key=repr)
        for table in TABLES
    )


def restore(other):
    """The page's commands below `export`."""
    lines = commands("Backup and restore", PAGE)
    lines = lines[lines.index("export LIVESTATS_HOME=/srv/livestats-restored") + 1 :][:3]
    assert [shlex.split(line)[1] for line in lines] == ["publish", "verify", "backfill"]
    for line in lines:
        result = run(other, line)
        # The archive's day that failed is asked again now: it brings more than was backed up.
        assert result.exit_code == 0, f"{line}: {result.output}"
        if line.endswith("verify"):
            assert "Everything is as it was written." in result.output
            yield


def test_a_restored_archive_is_the_same_and_goes_on(past, tmp_path):
    other = backed_up(past, tmp_path)
    for _ in restore(other):
        assert same(past, other)
    assert run(other, "livestats status").exit_code == 0
    gaps = [
        a
        for a in monitoring.active_alarms(other.archive)
        if a.kind is not monitoring.AlarmKind.DISAGREEMENT
    ]
    assert gaps == []
    assert run(other, "livestats verify").exit_code == 0
    assert run(other, f'livestats query "{ROWS}"').exit_code == 0


def test_a_backup_by_the_command_restores(past, tmp_path):
    lines = [line for line in commands("Backup and restore", PAGE) if "livestats backup" in line]
    there, back = lines[0], lines[-1].partition(" ")[2]
    assert lines[-1].startswith("LIVESTATS_HOME=/srv/livestats-backup ")
    base = f"{tmp_path}/livestats"
    assert run(past, there.replace("/srv/livestats", base)).exit_code == 0
    backup = past.with_(LIVESTATS_HOME=f"{base}-backup")
    assert run(backup, back.replace("/srv/livestats", base)).exit_code == 0
    other = past.with_(LIVESTATS_HOME=f"{base}-restored")
    for _ in restore(other):
        assert same(past, other)


def test_from_raw_alone_a_replay_makes_the_lake(past, tmp_path):
    other = backed_up(past, tmp_path, ["archive.json", "raw"])
    result = run(other, "livestats replay")
    assert result.exit_code == 0, result.output
    for _ in restore(other):
        assert same(past, other)


def test_a_backup_that_deletes_nothing_may_hold_a_note_of_a_failure_that_is_over(past, tmp_path):
    """The day was captured since: its capture counts, and verify has nothing to say."""
    other = backed_up(past, tmp_path)
    (note,) = (other.root / "raw").rglob("partial.json")
    captured = next((other.root / "raw" / "top_play").iterdir())
    shutil.copy2(note, captured)
    for _ in restore(other):
        assert same(past, other)


def test_a_home_that_was_moved_works_in_its_new_place(past, tmp_path):
    """With its run history; the old place is gone."""
    first = tmp_path / "first"
    shutil.copytree(past.root, first, symlinks=True)
    before = past.with_(LIVESTATS_HOME=str(first))
    assert run(before, "livestats backfill --dataset top_play").exit_code == 0
    with instance(before.archive) as history:
        history.add_run(dg.DagsterRun("capture", status=dg.DagsterRunStatus.SUCCESS))
        runs = [one.run_id for one in history.get_runs()]
    shutil.copytree(first, tmp_path / "second", symlinks=True)
    shutil.rmtree(first)
    moved = past.with_(LIVESTATS_HOME=str(tmp_path / "second"))
    assert run(moved, "livestats verify").exit_code == 0
    assert run(moved, "livestats backfill").exit_code == 0
    assert run(moved, "livestats doctor").exit_code == 0
    assert run(moved, f'livestats query "{ROWS}"').exit_code == 0
    with instance(moved.archive) as history:
        assert [one.run_id for one in history.get_runs()] == runs
    assert not first.exists()


def test_publishing_again_after_an_upgrade_changes_nothing_that_is_captured(past, tmp_path):
    """And the databases alone are made anew, as after a way back to an earlier DuckDB."""
    other = backed_up(past, tmp_path)
    assert run(other, "livestats publish").exit_code == 0
    before = contents(other.archive.home.raw, other.archive.home.lake)
    shutil.rmtree(other.root / "warehouse")
    shutil.rmtree(other.root / "served")
    assert run(other, "livestats publish").exit_code == 0
    assert contents(other.archive.home.raw, other.archive.home.lake) == before
    assert same(past, other)
    assert set(NAMES) <= set(DATASETS)
