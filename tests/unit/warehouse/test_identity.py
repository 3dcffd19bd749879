"""A database file that is not the one livestats wrote is never used: it is noticed and made again."""

import shutil
from datetime import date

import duckdb
import pytest

from pipelines.backfill.loader import load
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.serving import publish
from resources.serving.publish import DamagedCopy
from resources.warehouse import identity
from tests.support.lake_files import store
from tests.support.suites import slow

COUNT = DATASETS["stream_count"]
DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)


def archive_in(home):
    off = [name for name in DATASETS if name != COUNT.name]
    settings = home.parent / "livestats.toml"
    settings.write_text(f"[datasets]\noff = {off}\n")
    environ = {
        "LIVESTATS_HOME": str(home),
        "LIVESTATS_NOW": "2026-11-22T12:00:00+08:00",
        "LIVESTATS_FIRST_DAY": "2026-11-18",
        "LIVESTATS_SETTINGS": str(settings),
        "HOME": str(home.parent),
    }
    return Archive.open(environ, home.parent)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Two homes whose lakes hold one day of one domain, loaded and served."""
    folder = tmp_path_factory.mktemp("loaded")
    for domain in "ab":
        archive = archive_in(folder / domain)
        store(archive.home.lake, COUNT, DAY, [{"domain": domain}], ord(domain))
        used(archive)
    return folder


@pytest.fixture
def make(loaded, tmp_path):
    """A copy of the home of a domain."""

    def call(name, domain):
        shutil.copytree(loaded / domain, tmp_path / name, symlinks=True)
        return archive_in(tmp_path / name)

    return call


def used(archive):
    """The next ordinary command."""
    load(archive, lambda _event: None)


def served(archive):
    with archive.reading() as connection:
        return connection.execute("SELECT domain FROM stream_count ORDER BY ALL").fetchall()


def edit(path, sql):
    mode = path.stat().st_mode
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    path.chmod(mode)


def kept(archive):
    return list(archive.home.warehouse.parent.glob("set-aside-*.duckdb"))


def test_each_commit_has_an_identity_of_its_own_that_both_files_hold(make):
    archive = make("home", "a")
    seals = set()
    for number in range(2):
        store(archive.home.lake, COUNT, DAY, [{"domain": "a"}], 100 + number)
        used(archive)
        copy = archive.home.served.resolve()
        found = {identity.read(archive.home.warehouse).commit, identity.read(copy).commit}
        assert len(found) == 1
        seals |= found
        with archive.reading() as connection:
            assert identity.of(connection).home == archive.home.id
    assert len(seals) == 2


def test_an_older_warehouse_that_is_put_back_is_loaded_again(make, tmp_path):
    archive = make("home", "a")
    shutil.copy(archive.home.warehouse, tmp_path / "old")
    store(archive.home.lake, COUNT, DAY, [{"domain": "b"}], 200)
    used(archive)
    shutil.copy(tmp_path / "old", archive.home.warehouse)
    assert archive.behind()
    used(archive)
    assert served(archive) == [("b",)]
    assert archive.behind() == []
    assert len(kept(archive)) == 1


def test_an_older_folder_of_the_warehouse_is_brought_level(make, tmp_path):
    archive = make("home", "a")
    shutil.copytree(archive.home.warehouse.parent, tmp_path / "old")
    store(archive.home.lake, COUNT, DAY, [{"domain": "b"}], 200)
    used(archive)
    shutil.rmtree(archive.home.warehouse.parent)
    shutil.copytree(tmp_path / "old", archive.home.warehouse.parent)
    used(archive)
    assert served(archive) == [("b",)]
    assert kept(archive) == []


@pytest.mark.parametrize("with_note", [True, False])
def test_a_warehouse_of_another_home_is_set_aside(make, with_note):
    ours, other = make("home", "a"), make("other", "b")
    shutil.copy(other.home.warehouse, ours.home.warehouse)
    note = identity.note_of(ours.home.warehouse)
    note.unlink()
    if with_note:
        shutil.copy(identity.note_of(other.home.warehouse), note)
    assert ours.behind()
    used(ours)
    assert served(ours) == [("a",)]
    assert len(kept(ours)) == 1


@pytest.mark.parametrize("with_note", [True, False])
def test_a_served_copy_of_another_home_is_not_read_and_is_made_again(make, with_note):
    ours, other = make("home", "a"), make("other", "b")
    copy, foreign = ours.home.served.resolve(), other.home.served.resolve()
    copy.chmod(0o644)
    shutil.copy(foreign, copy)
    if with_note:
        shutil.copy(identity.note_of(foreign), identity.note_of(copy))
    with pytest.raises(DamagedCopy, match="livestats publish"):
        served(ours)
    assert ours.behind()
    assert ours.publish().is_new
    assert served(ours) == [("a",)]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE stream_count SET domain = 'x'",
        slow("INSERT INTO stream_count FROM stream_count"),
        slow("DELETE FROM stream_count"),
        slow("UPDATE ledger SET state = 'captured'"),
        "CREATE TABLE more AS SELECT 1 AS one",
        slow("ALTER TABLE ledger DROP COLUMN is_suspect"),
    ],
)
def test_a_file_that_was_edited_by_hand_is_made_again(make, sql):
    archive = make("home", "a")
    edit(archive.home.served.resolve(), sql)
    with pytest.raises(DamagedCopy, match="livestats publish"):
        served(archive)
    archive.publish()
    assert served(archive) == [("a",)]
    edit(archive.home.warehouse, sql)
    assert archive.behind()
    assert archive.publish().is_new
    assert served(archive) == [("a",)]


def test_a_load_that_was_killed_goes_on_where_it_was(make):
    archive = make("home", "a")
    seal = identity.read(archive.home.warehouse)
    identity.write(archive.home.warehouse, identity.Seal(home=seal.home, commit=seal.commit))
    store(archive.home.lake, COUNT, NEXT, [{"domain": "b"}], 200)
    used(archive)
    assert served(archive) == [("a",), ("b",)]
    assert kept(archive) == []


def test_a_warehouse_of_an_earlier_version_is_adopted(make):
    archive = make("home", "a")
    edit(
        archive.home.warehouse,
        "ALTER TABLE meta.state DROP COLUMN home; ALTER TABLE meta.state DROP COLUMN commit_id",
    )
    identity.note_of(archive.home.warehouse).unlink()
    used(archive)
    assert served(archive) == [("a",)]
    assert kept(archive) == []


def test_a_deleted_warehouse_is_never_served_half_empty(make):
    archive = make("home", "a")
    archive.home.warehouse.unlink()
    archive.publish()
    assert served(archive) == [("a",)]
    assert publish.is_level(archive.home)
