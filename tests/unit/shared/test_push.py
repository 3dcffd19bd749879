"""The store gets all that counts, once, and never what is damaged or lost here."""

import shutil

import pytest

from resources.fs.object_store import StoreError
from resources.raw import captures, tombstones
from resources.shared import index, push
from resources.shared.base import folder_of
from tests.support.archives import DAYS, NOW, contents, lab
from tests.support.cold_store import Out, in_folder
from tests.support.shared_homes import NAMES, hosts

FIRST, SECOND = DAYS


@pytest.fixture
def pair(tmp_path, monkeypatch):
    store = in_folder(tmp_path / "store", monkeypatch)
    with lab(tmp_path / "home", names=NAMES) as account:
        yield hosts(account, store, "one", "two")


def named(host):
    """The files that the newest index names."""
    return index.read(host.store, index.newest(host.store)).files


def test_captures_lake_identity_and_notes_are_there_and_nothing_else(pair):
    one, _ = pair
    one.work(FIRST, load=True)
    files = {
        str(path.relative_to(one.home.root)) for path in one.home.root.rglob("*") if path.is_file()
    }
    shared = {path for path in files if path.startswith(("raw/", "lake/"))}
    learned = files & {"state/learned.json"}
    assert {*named(one)} == shared | learned | {"archive.json"}
    held = contents(one.home.raw, one.home.lake, one.home.identity_file.parent).items()
    digests = {path.removeprefix(f"{one.home.root}/"): digest for path, digest in held}
    assert {path: entry.sha256 for path, entry in named(one).items()}.items() <= digests.items()
    kinds = {key.removeprefix("bucket/cold/").partition("/")[0] for key in one.store.objects}
    assert kinds == {"data", "index"}


def test_what_is_there_is_not_put_again(pair):
    one, _ = pair
    one.work(FIRST)
    one.store.asked.clear()
    done = one.push()
    assert (done.moved.files, one.store.asked) == (0, [])
    one.lab.capture([FIRST], ["stream_count"], again=True)  # the same rows: seen again
    done = one.push()
    assert done.moved.files == 1
    assert len([key for key in one.store.objects if "/index/" in key]) == 1


def test_each_object_is_read_back(pair, monkeypatch):
    one, _ = pair
    one.pull()
    one.lab.capture([FIRST], ["domain"])
    get = type(one.store).get

    def damaged(self, key, target):
        get(self, key, target)
        target.write(b"?")

    with monkeypatch.context() as patch:
        patch.setattr(type(one.store), "get", damaged)
        with pytest.raises(StoreError, match="reads back as"):
            one.push()
    assert index.newest(one.store) is None
    assert one.push().moved.files


def test_what_is_damaged_or_lost_here_replaces_nothing(pair):
    one, _ = pair
    one.work(FIRST)
    before = named(one)
    lake = one.home.lake / "stream_count" / f"day={FIRST}" / "rows.parquet"
    lake.write_bytes(lake.read_bytes()[:-1] + b"?")
    shutil.rmtree(captures.folder_of(one.home.raw, "stream_count", FIRST))
    done = one.push()
    assert named(one) == before
    assert [problem for problem in done.problems if str(lake) in problem]


def test_a_new_capture_that_is_damaged_is_named_and_the_rest_is_put(pair):
    one, _ = pair
    one.pull()
    one.lab.capture([FIRST], ["domain", "isp", "region", "stream_count"])
    (path,) = captures.folder_of(one.home.raw, "stream_count", FIRST).glob("*/responses.zst")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    done = one.push()
    assert [str(path) in problem for problem in done.problems] == [True]
    assert [name for name in named(one) if name.startswith("raw/stream_count/")] == []
    assert [name for name in named(one) if name.startswith("raw/domain/")]


def test_another_host_that_has_written_meanwhile_is_never_overwritten(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    two.pull()
    two.lab.capture([FIRST], ["isp"])
    one.work(names=["region"])
    before = index.newest(one.store)
    with pytest.raises(StoreError, match="Another host has written"):
        two.push()
    assert index.newest(one.store) == before
    two.pull()
    two.push()
    one.pull()
    assert {path.name for path in one.home.raw.iterdir()} == {"domain", "isp", "region"}


def test_what_a_host_writes_after_it_has_lost_the_lease_is_not_seen(pair, monkeypatch):
    """It was stopped between its last look and the index: both then have the same one before."""
    one, two = pair
    one.work(FIRST, names=["domain"])
    two.pull()
    one.lab.capture([FIRST], ["isp"])
    two.lab.capture([FIRST], ["region"])
    base, late, write = one.base, [], index.write

    def waits(_store, made, after, fence):
        late.append((made, after, fence))
        raise StoreError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("resources.shared.push.index.write", waits)
        with pytest.raises(StoreError, match="stopped"):
            one.push()
    two.push()
    after_two = index.newest(two.store)
    ((made, before, fence),) = late
    assert before == base.index
    write(one.store, made, before, fence)
    assert index.newest(one.store) == after_two
    one.pull()
    one.push()
    two.pull()
    assert {path.name for path in two.home.raw.iterdir()} == {"domain", "isp", "region"}


def test_a_host_that_has_lost_the_lease_deletes_nothing_that_the_next_one_names(pair, monkeypatch):
    """It was stopped while it put contents, and goes on after another host has taken the account."""
    one, two = pair
    one.work(FIRST, names=["domain"], load=True)
    two.pull()
    (lake,) = one.home.lake.rglob("*.parquet")
    lake.unlink()  # its object is replaced by nothing
    two.lab.capture([FIRST], ["region"])
    write = index.write

    def late(store, made, after, fence):
        monkeypatch.setattr("resources.shared.push.index.write", write)
        two.push()
        return write(store, made, after, fence)

    monkeypatch.setattr("resources.shared.push.index.write", late)
    with pytest.raises(StoreError, match="Another host has written"):
        one.push()
    assert {entry.key for entry in named(two).values()} <= {*two.store.keys(index.DATA)}
    with pytest.raises(StoreError, match="Another host has written"):
        push.sweep(one.store, one.base)
    assert {entry.key for entry in named(two).values()} <= {*two.store.keys(index.DATA)}


def test_without_the_store_all_stays_here_and_is_put_later(pair):
    one, two = pair
    one.work(FIRST, names=["domain"])
    one.lab.capture([FIRST], ["isp"])
    files, one.store.files = one.store.files, Out()
    with pytest.raises(StoreError, match="could not connect"):
        one.push()
    one.store.files, one.store._failure = files, (0.0, "")
    one.push()
    two.pull()
    assert captures.captures_in(captures.folder_of(two.home.raw, "isp", NOW.date()))


def test_objects_that_nothing_names_go_with_the_next_erasure_or_sweep(pair):
    from resources.shared.push import sweep

    one, _ = pair
    one.work(FIRST, names=["domain"])
    strange = one.store.root / "bucket/cold/data" / ("0" * 64)
    strange.write_bytes(b"of a push that was killed")
    assert sweep(one.store, one.base) == 1
    assert not strange.exists()
    assert sweep(one.store, one.base) == 0


def test_a_home_whose_base_is_gone_is_compared_whole(pair):
    one, _ = pair
    one.work(FIRST)
    shutil.rmtree(folder_of(one.home))
    assert one.pull().files == 0
    assert one.push().moved.files == 0


def test_a_capture_that_an_erasure_took_is_not_put_when_it_is_back(pair, tmp_path):
    one, _ = pair
    one.work(FIRST, load=True)
    name = "stream_count"
    folder = captures.folder_of(one.home.raw, name, FIRST)
    (old,) = captures.captures_in(folder)
    shutil.copytree(folder / old.text, tmp_path / old.text)
    left = f"{old.text[:-16]}{'0' * 16}"
    stone = tombstones.Tombstone(
        erasure="1", kind="domain", at="", capture=old.text, sha256="0", became=left, rows=1
    )
    tombstones.add(folder, stone)
    shutil.rmtree(folder / old.text)
    one.push()
    assert not [path for path in named(one) if old.text in path]
    shutil.copytree(tmp_path / old.text, folder / old.text)
    one.push()
    assert not [path for path in named(one) if old.text in path]
