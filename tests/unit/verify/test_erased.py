"""What verify says of erasures: one that is not finished, a damaged note, what is gone after one."""

import shutil
from dataclasses import replace

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.raw import captures, erasures, tombstones
from resources.raw.erasures import Erasure, Erasures, ItemKind, PlainItem
from resources.raw.tombstones import ERASED, Tombstone
from resources.verify import erased
from resources.verify.run import Verification
from tests.support.archives import DAYS

TRAFFIC = DATASETS["batch_stream_traffic"]
ONE = Tombstone(erasure="1", kind="domain", at="", capture="a", sha256="0", became="b", rows=1)


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path)
    item = PlainItem.parse(ItemKind.DOMAIN, "a.example")
    Erasures().with_(Erasure.begin(item, "now", DAYS[0])).write(found.raw)
    return found


def test_an_erasure_that_is_not_finished_is_named(home):
    (finding,) = erased.findings(home)
    assert (finding.kind.value, finding.repair.value) == ("behind", "publish")


def test_a_damaged_file_of_erasures_is_named(home):
    (home.root / erasures.FILE).write_text("{}")
    (finding,) = erased.findings(home)
    assert (finding.kind.value, finding.repair.value) == ("damaged", "restore")


def test_a_file_that_is_gone_while_a_day_has_a_tombstone_is_named(home):
    day = home.raw / "traffic" / str(DAYS[0])
    day.mkdir(parents=True)
    tombstones.write(day, [ONE])
    (home.root / erasures.FILE).unlink()
    (finding,) = erased.findings(home)
    assert (finding.kind.value, finding.repair.value) == ("missing", "restore")


def test_an_archive_without_erasures_has_nothing_to_say(tmp_path):
    assert [*erased.findings(Home(tmp_path))] == []


def test_what_an_erasure_left_may_not_be_gone_and_a_damaged_tombstone_is_named(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    lab = past.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    folder = lab.archive.home.raw / "batch_stream_traffic" / str(DAYS[0])
    look = lambda: [  # noqa: E731
        (f.kind.value, f.subject.name)
        for f in Verification(lab.archive, [TRAFFIC], DAYS[0], DAYS[0]).findings()
    ]
    assert look() == []
    tombstones.add(folder, ONE)
    assert look() == [("missing", "b")]
    (folder / ERASED).write_text("{}")
    assert look() == [("damaged", ERASED)]
    (finding,) = Verification(lab.archive, [TRAFFIC], DAYS[0], DAYS[0]).findings()
    assert "delete it" not in finding.remedy


def test_what_an_erasure_took_and_is_back_is_named_with_what_deletes_it(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    lab = past.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    folder = lab.archive.home.raw / "batch_stream_traffic" / str(DAYS[0])
    *_, name = captures.captures_in(folder)
    copy = f"{name.text[:-16]}{'0' * 16}"
    shutil.copytree(folder / name.text, folder / copy)
    tombstones.add(folder, replace(ONE, capture=copy, became=name.text))
    Erasures().write(lab.archive.home.raw)
    (found,) = Verification(lab.archive, [TRAFFIC], DAYS[0], DAYS[0]).findings()
    assert (found.kind.value, found.subject.name) == ("extra", copy)
    assert "erasure" in found.text
    assert "livestats erase" in found.remedy
