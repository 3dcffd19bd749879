"""An item is gone from the log files, nothing else is, and it does not come back."""

from __future__ import annotations

import gzip

import pytest

from pipelines.erase import run as erase_run
from resources.logs import erase, notes
from resources.raw.erasures import ItemKind, PlainItem
from resources.verify.run import Verification
from tests.support.archives import leftovers
from tests.support.log_files import DAY, call, downloads, files_of, kept, log_lab

DOMAIN = PlainItem.parse(ItemKind.DOMAIN, "pull-1.sim.example")


@pytest.fixture
def account(tmp_path):
    with log_lab(tmp_path) as found:
        kept(found)
        yield found


def texts(account):
    return {path: gzip.decompress(path.read_bytes()) for path in files_of(account)}


def address_in(account):
    """An address that some files name, and others do not."""
    first = next(iter(texts(account).values()))
    return PlainItem.parse(ItemKind.ADDRESS, first.split()[2].decode())


def found_wrong(account):
    from resources.api.catalog import DATASETS

    look = Verification(account.archive, [DATASETS["log_file"]])
    return [f for f in look.findings() if "logs" in f.subject.parts]


def test_an_address_takes_its_lines_and_no_other(account):
    item, before = address_in(account), texts(account)
    told = call(account, "erase", "--address", item.text, "--yes")
    assert told.exit_code == 0, told.output
    assert "log files: 1 day" in told.output
    assert "log files are gone" in told.output
    after = texts(account)
    lines = sorted(line for text in before.values() for line in text.splitlines())
    left = sorted(line for text in after.values() for line in text.splitlines())
    assert left == [line for line in lines if item.text.encode() not in line.split()]
    assert len(left) < len(lines)
    assert len(after) == len(before)
    assert {*after} & {*before}  # files without it are as they were
    assert found_wrong(account) == []
    (done,) = kept(account)
    assert done.is_kept
    assert texts(account) == after
    note = notes.read(notes.folder_of(account.archive.home, DAY))
    assert item.text not in str(note.facts())


@pytest.mark.slow
def test_a_domain_takes_its_files(account):
    before = texts(account)
    told = call(account, "erase", "--domain", DOMAIN.text, "--yes")
    assert told.exit_code == 0, told.output
    after = texts(account)
    assert {*after} == {path for path in before if DOMAIN.text not in str(path)}
    assert not any(DOMAIN.text.encode() in text for text in after.values())
    for path in account.root.rglob("*"):
        assert DOMAIN.text not in str(path.relative_to(account.root))
    assert DOMAIN.text not in str(notes.read(notes.folder_of(account.archive.home, DAY)).facts())
    before = downloads(account)
    assert kept(account)[0].is_kept
    assert downloads(account) == before


def test_files_that_come_after_an_erasure_lose_it_before_they_get_their_name(account):
    item = address_in(account)
    erase_run.begin(account.archive, item)
    folder = notes.folder_of(account.archive.home, DAY)
    for path in files_of(account):
        path.unlink()
    (folder / notes.NOTE).unlink()
    (done,) = kept(account)
    assert done.is_kept
    assert not any(item.text.encode() in text.split() for text in texts(account).values())
    note = notes.read(folder)
    assert any(one.lines_erased for versions in note.versions.values() for one in versions)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["write", "_remove_others"])
def test_killed_in_between_the_same_again_finishes_it(account, monkeypatch, step):
    item = address_in(account)
    with monkeypatch.context() as killed:
        killed.setattr(erase.notes if step == "write" else erase, step, _killed)
        with pytest.raises(KeyboardInterrupt):
            erase.erase(account.archive.home, DAY, item, "e")
    erase.erase(account.archive.home, DAY, item, "e")
    assert not any(item.text.encode() in text.split() for text in texts(account).values())
    assert found_wrong(account) == []
    assert leftovers(account.root) == []
    assert kept(account)[0].is_kept


def _killed(*_):
    raise KeyboardInterrupt


def test_a_file_that_cannot_be_searched_leaves_it_unfinished(account):
    item, path = address_in(account), files_of(account)[0]
    data = path.read_bytes()
    path.write_bytes(data[:-9])
    told = call(account, "erase", "--address", item.text, "--yes")
    assert told.exit_code == 1
    assert f"{path} is damaged" in told.output
    path.write_bytes(data)
    assert call(account, "erase").exit_code == 0
    assert not any(item.text.encode() in text.split() for text in texts(account).values())
