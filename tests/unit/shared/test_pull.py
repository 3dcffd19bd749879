"""A home gets what others have done, keeps what it did itself, and loses what was erased."""

import shutil
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from pipelines.backfill import replay
from pipelines.erase import run as erase
from resources.api.catalog import DATASETS
from resources.fs import atomic, sealed
from resources.fs.object_store import StoreError
from resources.ledger import acceptance
from resources.ledger.states import PARTIAL
from resources.raw import captures, seen_notes, tombstones
from resources.raw.erasures import ItemKind, PlainItem
from resources.shared import pull as pulling
from resources.shared.base import folder_of
from resources.shared.pull import OtherArchive
from resources.shared.tree import NotShareable
from resources.verify.run import Verification
from tests.support import cold_store
from tests.support.archives import DAYS, NOW, contents, lab, lake_rows, leftovers
from tests.support.cold_store import FolderStore, in_folder
from tests.support.shared_homes import NAMES, hosts

FIRST, SECOND = DAYS


@pytest.fixture
def account(tmp_path):
    with lab(tmp_path / "home", names=NAMES) as found:
        yield found


@pytest.fixture
def store(tmp_path, monkeypatch):
    return in_folder(tmp_path / "store", monkeypatch)


@pytest.fixture
def pair(account, store):
    return hosts(account, store, "one", "two")


def shared(host):
    """The files of raw/ and lake/, by path below the home."""
    root = host.home.root
    found = contents(host.home.raw, host.home.lake)
    return {path.removeprefix(str(root)): digest for path, digest in found.items()}


def findings(host):
    return [str(one.text) for one in Verification(host.lab.archive).findings()]


def test_another_host_goes_on_where_the_one_before_ended(pair):
    one, two = pair
    one.work(FIRST)
    asked = one.lab.requests
    two.pull()
    assert shared(two) == shared(one)
    assert two.home.id == one.home.id
    assert {r.outcome for r in two.lab.capture([FIRST])} == {"kept"}
    assert two.lab.requests <= asked + 1  # a host that has not used the key proves whose it is
    two.work(SECOND, load=True)
    one.pull()
    assert shared(one) == shared(two)
    one.lab.load()
    for name in NAMES:
        assert one.lab.rows(f"FROM {name} ORDER BY ALL") == two.lab.rows(
            f"FROM {name} ORDER BY ALL"
        )
    assert findings(one) == findings(two) == []


def test_a_pull_of_what_is_here_asks_for_the_list_alone(pair):
    one, two = pair
    one.work(FIRST)
    two.pull()
    one.store.asked.clear()
    assert two.pull().files == 0
    assert one.store.asked == []


def test_a_carried_answer_is_fetched_once_and_linked(pair):
    one, two = pair
    one.work(FIRST, names=NAMES[:4])
    later = one.lab.with_(LIVESTATS_NOW="2026-11-28T12:00:00+08:00").set(datasets_off=())
    derived = DATASETS["stream_count_account"]
    (made,) = replay.replay(later.archive, [(derived, FIRST)])
    assert made.is_derived
    one.push()
    two.pull()
    linked = [path for path in two.home.raw.rglob("*.zst") if path.stat().st_nlink > 1]
    assert sorted(path.name for path in linked) == ["carried-1.zst", "responses.zst"]
    assert linked[0].samefile(linked[1])


def test_what_was_never_put_is_one_more_capture(pair):
    """The host ended before its push, and another has asked the day meanwhile."""
    one, two = pair
    one.work(names=("domain", "isp", "region"))
    one.lab.capture([FIRST], ["stream_count"])
    two.work(FIRST, names=["stream_count"])
    one.pull()
    folder = captures.folder_of(one.home.raw, "stream_count", FIRST)
    assert len(captures.captures_in(folder)) == 2
    one.push()
    two.pull()
    assert shared(one) == shared(two)
    assert lake_rows(one.home) == lake_rows(two.home)


def test_notes_of_two_hosts_are_joined(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    two.pull()
    days = [captures.folder_of(host.home.raw, "domain", NOW.date()) for host in pair]
    (name,) = captures.captures_in(days[0])
    for number, folder in enumerate(days):
        seen_notes.note_seen(folder, name, NOW.replace(hour=13 + number))
        acceptance.accept(
            folder, name.text, NOW.replace(hour=13 + number), f"person {number}", "so"
        )
    two.push()
    one.pull()
    assert [note["by"] for note in acceptance.accepted(days[0])] == ["person 0", "person 1"]
    assert len(seen_notes.seen(days[0])) == 2


def test_a_note_that_no_longer_holds_goes_everywhere(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    folder = captures.folder_of(one.home.raw, "domain", NOW.date())
    atomic.write_atomically(folder / PARTIAL, sealed.seal({"missing": []}))
    one.push()
    two.pull()
    copy = captures.folder_of(two.home.raw, "domain", NOW.date()) / PARTIAL
    assert copy.exists()
    copy.unlink()
    two.pull()
    assert not copy.exists()
    two.push()
    one.pull()
    assert not (folder / PARTIAL).exists()


def test_what_is_lost_here_is_fetched_again(pair):
    one, _ = pair
    one.work(FIRST)
    before = shared(one)
    shutil.rmtree(one.home.raw / "stream_count")
    shutil.rmtree(one.home.lake)
    one.pull()
    assert shared(one) == before
    shutil.rmtree(one.home.root)
    one.pull()
    assert shared(one) == before


@pytest.mark.slow
def test_an_erasure_reaches_all_hosts_and_captures_that_were_never_put(pair):
    one, two = pair
    one.work(FIRST, load=True)
    two.work(load=True)
    two.lab.capture([SECOND])  # the host ends before its push
    ((stream, name),) = one.lab.rows(
        "SELECT domain || '/' || app || '/' || stream, stream FROM push_stream_info LIMIT 1"
    )
    item = PlainItem.parse(ItemKind.STREAM, stream)
    one.pull()
    erase.begin(one.lab.archive, item)
    one.push()
    assert [data for data in bodies(one) if name.encode() in data] == []
    kept = {*contents(one.home.raw).values()}
    assert {key.rpartition("/")[2] for key in one.store.objects if "/data/" in key} >= kept

    assert [data for data in bodies(two) if name.encode() in data]
    two.pull()
    assert [data for data in bodies(two) if name.encode() in data] == []
    assert not two.home.warehouse.exists()
    assert not two.home.served.exists()
    (own,) = {one.became for one in tombstones.of_day(
        captures.folder_of(two.home.raw, "push_stream_info", SECOND))}  # fmt: skip
    assert own
    two.lab.load()
    two.push()
    one.pull()
    assert shared(one) == shared(two)
    assert findings(two) == []


def bodies(host):
    return [
        one for folder in sorted(host.home.raw.glob("*/*")) for one in cold_store.bodies(folder)
    ]


@pytest.mark.slow
def test_what_another_host_captured_before_it_knew_of_an_erasure_loses_the_item_too(pair):
    """The host that erased could not put it; meanwhile another has asked a day."""
    one, two = pair
    one.work(FIRST, load=True)
    two.pull()
    ((stream, name),) = one.lab.rows(
        "SELECT domain || '/' || app || '/' || stream, stream FROM push_stream_info LIMIT 1"
    )
    erase.begin(one.lab.archive, PlainItem.parse(ItemKind.STREAM, stream))
    two.work(SECOND)
    assert [data for data in bodies(two) if name.encode() in data]
    one.pull()
    one.push()
    two.pull()
    for host in pair:
        assert [data for data in bodies(host) if name.encode() in data] == []
        host.lab.load()
        assert findings(host) == []


def test_a_home_of_another_archive_is_refused(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    two.lab.capture([FIRST], ["domain"])
    before = shared(two)
    with pytest.raises(OtherArchive, match="each was begun by itself"):
        two.pull()
    assert shared(two) == before


def test_a_home_that_was_only_begun_becomes_the_shared_one(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    two.home.prepare(two.lab.archive.settings, NOW)
    assert two.home.id != one.home.id
    two.pull()
    assert two.home.id == one.home.id


def test_a_store_that_was_emptied_is_not_taken_for_a_new_one(pair):
    one, _ = pair
    one.work(FIRST, names=["domain"])
    shutil.rmtree(one.store.root / "bucket")
    with pytest.raises(StoreError, match="If it was emptied on purpose, delete"):
        one.pull()
    shutil.rmtree(folder_of(one.home))
    one.work()
    assert one.store.objects


def test_an_object_that_has_changed_is_never_taken(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    for path in (one.store.root / "bucket/cold/data").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(StoreError, match="livestats sync --all"):
        two.pull()
    assert shared(two) == {}
    one.push(again=True)
    two.pull()
    assert shared(two) == shared(one)


def test_paths_of_an_index_stay_in_the_home(pair, monkeypatch):
    one, two = pair
    one.work(FIRST, names=["domain"])
    for path in ("../x", "raw/../../x/manifest.json.gz", "served/livestats.duckdb", "/etc/x"):
        assert not pulling.tree.is_shared(path)
    monkeypatch.setattr(pulling.tree, "is_shared", lambda path: not path.endswith("archive.json"))
    with pytest.raises(StoreError, match="which this version does not share"):
        two.pull()


def test_cold_answers_cannot_be_shared(pair):
    one, _ = pair
    one.work(FIRST, names=["domain"])
    (captures.folder_of(one.home.raw, "domain", NOW.date()) / "cold.json").touch()
    with pytest.raises(NotShareable, match="livestats cold --back"):
        one.pull()


class Killed(BaseException):
    """Stands for the end of the process."""


@contextmanager
def killed_at(step, monkeypatch):
    """Within the block, end at the n-th change of the disk or call of the store."""
    steps = count()

    def killing(holder, name):
        done = getattr(holder, name)

        def before(*words, **more):
            if next(steps) == step:
                raise Killed
            return done(*words, **more)

        patch.setattr(holder, name, before)

    with monkeypatch.context() as patch:
        for name in ("put", "get", "delete", "keys"):
            killing(FolderStore, name)
        for name in ("unlink", "rename", "replace"):
            killing(Path, name)
        killing(atomic, "fsync")
        killing(shutil, "rmtree")
        yield


@pytest.mark.slow
@pytest.mark.parametrize("way", ["push", "pull"])
def test_an_erasure_that_is_killed_on_its_way_is_finished_by_the_next(pair, monkeypatch, way):
    one, two = pair
    one.work(FIRST, load=True)
    two.work(load=True)
    two.lab.capture([SECOND], ["push_stream_info"], again=True)
    ((stream, name),) = one.lab.rows(
        "SELECT domain || '/' || app || '/' || stream, stream FROM push_stream_info LIMIT 1"
    )
    one.pull()
    erase.begin(one.lab.archive, PlainItem.parse(ItemKind.STREAM, stream))
    if way == "pull":
        one.push()
    for step in count():
        with killed_at(step, monkeypatch):
            try:
                if way == "push":
                    one.pull()
                    one.push()
                else:
                    two.pull()
            except Killed:
                continue
            break
    assert step > 10
    two.pull()
    assert not two.home.warehouse.exists()
    two.push()
    one.pull()
    for host in pair:
        assert [data for data in bodies(host) if name.encode() in data] == []
        assert leftovers(host.home.root) == []
        host.lab.load()
        assert findings(host) == []
    assert shared(one) == shared(two)
    held = {key.rpartition("/")[2] for key in one.store.objects if "/data/" in key}
    assert held == {entry.sha256 for entry in one.base.files.values()}


UNFINISHED = {
    "the lake has rows, and nothing is served",
    "the day is captured, and the lake has no file of it",
}


@pytest.mark.parametrize("at", range(0, 12, 2))
def test_a_pull_that_is_killed_is_finished_by_the_next(pair, monkeypatch, at):
    """Killed before the n-th of its steps; the rest of them: tests/scale."""
    one, two = pair
    one.work(FIRST, names=NAMES[:4])
    steps = iter(range(10_000))
    rename = atomic.rename_into_place

    def killing(temp, path):
        if next(steps) == at:
            raise Killed
        rename(temp, path)

    with monkeypatch.context() as patch:
        patch.setattr(pulling.atomic, "rename_into_place", killing)
        try:
            two.pull()
        except Killed:
            assert {*findings(two)} <= UNFINISHED
    two.pull()
    assert shared(two) == shared(one)
    assert leftovers(two.home.root) == []


def test_what_a_killed_capture_left_goes_although_another_host_has_the_day(pair):
    one, two = pair
    one.work(FIRST, names=["domain", "isp", "region", "stream_count"])
    folder = captures.folder_of(two.home.raw, "stream_count", FIRST)
    left = atomic.temp_path(folder / "capture")
    left.mkdir(parents=True)
    two.pull()
    assert not left.exists()


def test_datasets_of_a_newer_version_are_shared_as_they_are(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    assert "foreign" not in DATASETS
    shutil.copytree(one.home.raw / "domain", one.home.raw / "foreign")
    one.push()
    two.pull()
    assert shared(two) == shared(one)
