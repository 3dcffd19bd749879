"""A backup has the log files too, whole, and loses what was erased."""

from __future__ import annotations

import pytest

from pipelines.backup.copy import backup
from pipelines.erase import run as erase_run
from resources.logs import notes
from resources.raw.erasures import ItemKind, PlainItem
from tests.support.archives import contents, leftovers
from tests.support.log_files import DAY, files_of, kept, log_lab


@pytest.fixture
def account(tmp_path):
    with log_lab(tmp_path) as found:
        kept(found)
        yield found


def logs(root):
    return {path.removeprefix(str(root)): sha for path, sha in contents(root / "logs").items()}


def test_files_and_notes_are_copied_once_and_a_restored_home_lacks_nothing(account, tmp_path):
    target = tmp_path / "backup"
    copied = backup(account.archive, target)
    assert copied.problems == []
    assert copied.log_files == len(files_of(account))
    assert logs(target) == logs(account.root)
    assert backup(account.archive, target).log_files == 0
    assert leftovers(target) == []
    restored = account.with_(LIVESTATS_HOME=str(target)).only("domain", "log_file")
    assert kept(restored.set(log_files="keep"))[0].is_kept


def test_a_damaged_file_is_named_and_the_others_are_copied(account, tmp_path):
    bad, *others = files_of(account)
    data = bytearray(bad.read_bytes())
    data[5] ^= 1
    bad.write_bytes(data)
    copied = backup(account.archive, tmp_path / "backup")
    assert [path for path, _ in copied.problems] == [bad]
    assert copied.log_files == len(others)
    assert not (tmp_path / "backup" / "logs" / str(DAY) / notes.NOTE).exists()


def test_what_was_erased_goes_with_the_next_backup(account, tmp_path):
    target = tmp_path / "backup"
    backup(account.archive, target)
    erase_run.begin(account.archive, PlainItem.parse(ItemKind.DOMAIN, "pull-1.sim.example"))
    assert backup(account.archive, target).problems == []
    assert logs(target) == logs(account.root)
    assert not [*target.glob("logs/*/*/pull-1*")]
