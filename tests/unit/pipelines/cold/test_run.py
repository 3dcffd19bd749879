"""Answers of old days are moved, all that reads them goes on to work, and an erasure reaches them."""

import json
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from pipelines.backfill import replay
from pipelines.backup.copy import backup
from pipelines.cli import main
from pipelines.cold import run
from pipelines.doctor import Severity
from pipelines.doctor import home as of_home
from pipelines.erase import run as erase
from pipelines.erase.pending import CannotErase
from resources.api.catalog import DATASETS
from resources.digest import fingerprint
from resources.fs.object_store import StoreError
from resources.home import day_lock
from resources.raw import captures, cold
from resources.raw.erasures import ItemKind, PlainItem
from resources.verify.run import Verification
from tests.support.archives import DAYS, NOW, contents, lab, lake_rows
from tests.support.cold_store import PLACE, Out, in_folder

NAMES = ("domain", "isp", "region", "stream_count", "push_stream_info", "ip_info")
ALL = tuple(DATASETS[name] for name in NAMES)
LATER = (NOW + timedelta(days=88)).isoformat()  # one of the two days is then old enough
MUCH_LATER = (NOW + timedelta(days=120)).isoformat()


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("past") / "home", names=NAMES) as found:
        found.backfill(DAYS)
        yield found


@pytest.fixture
def store(tmp_path, monkeypatch):
    return in_folder(tmp_path / "store", monkeypatch)


@pytest.fixture
def old(past, tmp_path):
    """A copy whose days are old, with a store set up."""
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    home = str(tmp_path / "home")
    return past.with_(LIVESTATS_HOME=home, LIVESTATS_NOW=MUCH_LATER, LIVESTATS_SCALE_COLD=PLACE)


def bodies(found):
    return {path.parent.parent for path in found.archive.home.raw.glob("*/*/*/*.zst")}


def findings(found, datasets=ALL, **options):
    """Of what the archive has, by default: tables are made anew if all are looked at."""
    return [str(one.text) for one in Verification(found.archive, datasets, **options).findings()]


def digest_of(found):
    return fingerprint.digest(found.archive.home, NOW + timedelta(days=1), None, None)[1]


def stream(found):
    ((name,),) = found.rows(
        "SELECT domain || '/' || app || '/' || stream FROM push_stream_info LIMIT 1"
    )
    return PlainItem.parse(ItemKind.STREAM, name)


def test_only_days_that_are_old_enough_and_complete_are_moved(old, store):
    later = old.with_(LIVESTATS_NOW=LATER)
    raw, before = old.archive.home.raw, len(bodies(old))
    done = run.move(later.archive)
    assert done.dataset_days == done.moved.files == len(store.objects) == 3
    assert sum(size for _, size in cold.files_of(raw)) == done.moved.bytes
    dimensions = {raw / name / "2026-11-22" for name in NAMES[:3]}
    assert bodies(old) - dimensions == {raw / name / str(DAYS[1]) for name in NAMES[3:]}
    assert len(bodies(old)) == before - 3
    assert run.move(old.archive).moved.files == 3
    assert bodies(old) == dimensions


def test_a_day_that_may_be_asked_again_or_made_anew_stays(old, store):
    home = old.archive.home
    shutil.rmtree(home.lake / "stream_count" / f"day={DAYS[0]}")
    shutil.rmtree(next((home.raw / "push_stream_info" / str(DAYS[1])).glob("2*")))  # not captured
    with day_lock.try_lock(home, DATASETS["stream_count"], DAYS[1]):
        done = run.move(old.archive)
    assert done.staying["in use"] == 1
    assert done.staying["without a current lake file (`livestats replay`)"] == 1
    moved = [name.split("/")[3:5] for name in sorted(store.objects)]
    assert moved == [
        ["ip_info", str(DAYS[0])],
        ["ip_info", str(DAYS[1])],
        ["push_stream_info", str(DAYS[0])],
    ]


def test_everything_that_reads_answers_reads_cold_ones(old, store, tmp_path):
    rows, leaves = lake_rows(old.archive.home), digest_of(old)
    files = contents(old.archive.home.raw)
    run.move(old.archive)
    assert findings(old) == []
    assert findings(old, tuple(DATASETS.values()), deep=True) == []
    assert digest_of(old) == leaves
    days = replay.captured(old.archive, [DATASETS[name] for name in NAMES], None, None)
    assert [one.problem for one in replay.replay(old.archive, days) if one.problem] == []
    assert lake_rows(old.archive.home) == rows
    assert backup(old.archive, tmp_path / "copy").problems == []
    shutil.rmtree(store.root)
    copy = old.with_(LIVESTATS_HOME=str(tmp_path / "copy"))
    assert {path.name for path in copy.archive.home.raw.rglob(cold.NOTE)} == set()
    assert sorted(contents(copy.archive.home.raw).values()) == sorted(files.values())


def test_days_come_back_by_one_command(old, store):
    files = contents(old.archive.home.raw)
    run.move(old.archive)
    done = run.back(old.archive, DAYS[0], DAYS[0])
    assert done.dataset_days == 3
    assert len(store.objects) == 3
    run.back(old.with_(LIVESTATS_SCALE_COLD="").archive, *DAYS)
    assert store.objects == {}
    assert contents(old.archive.home.raw) == files
    assert findings(old, deep=True) == []


@pytest.mark.slow
def test_an_erasure_reaches_cold_answers(old, store):
    run.move(old.archive)
    item = stream(old)
    name = item.text.rpartition("/")[2]
    before = {*store.objects}
    done = erase.begin(old.archive, item)
    assert (done.problems, done.named, done.erasure.is_finished) == ([], [], True)
    left = {*store.objects}
    assert left < before
    run.move(old.archive)
    assert findings(old, deep=True) == []
    held = [one for one in _answers(old) if name.encode() in one]
    assert held == []


def _answers(found):
    from resources.api.body import whole
    from resources.raw.captures import Capture

    for note in found.archive.home.raw.glob("*/*"):
        for one in captures.captures_in(note):
            for *_, body in Capture(note / one.text, one).responses():
                yield whole(body)


def test_an_erasure_that_cannot_reach_the_store_does_nothing(old, store):
    run.move(old.archive)
    item, before = stream(old), contents(old.root)
    store.files = Out()
    for erasing in (erase.plan, erase.begin):
        with pytest.raises(CannotErase, match=r"are cold, and could not be erased there.*Nothing"):
            erasing(old.archive, item)
    assert contents(old.root) == before
    assert not (old.root / "erasing.json").exists()


@pytest.mark.slow
def test_an_erasure_is_refused_where_nothing_says_where_the_store_is(old, store):
    run.move(old.archive)
    item, home = stream(old), old.archive.home
    facts = {k: home.identity[k] for k in ("id", "first_day", "format", "time_zone")}
    home.identity_file.write_text(json.dumps(facts))  # by hand, as docs/recovery.md has it
    with pytest.raises(CannotErase, match=r"Set scale\.cold to the place and run `livestats cold`"):
        erase.begin(old.with_().archive, item)
    run.move(old.with_().archive)
    assert erase.begin(old.with_().archive, item).problems == []
    assert len(store.objects) > 0


@pytest.mark.slow
def test_an_erasure_that_loses_the_store_is_finished_later(old, store, monkeypatch):
    run.move(old.archive)
    item, delete, number = stream(old), store.delete, iter(range(1000))

    def failing(key):
        if next(number):  # the first is of the look beforehand
            raise StoreError("s3://bucket/cold cannot be used.")
        delete(key)

    monkeypatch.setattr(store, "delete", failing)
    done = erase.begin(old.archive, item)
    assert "s3://bucket/cold cannot be used." in done.problems
    monkeypatch.undo()
    monkeypatch.setattr("resources.fs.object_store.open_store", lambda _: store)
    monkeypatch.setattr(store, "delete", delete)
    finished = erase.finish_pending(old.archive)
    assert (finished.problems, finished.erasure.is_finished) == ([], True)
    assert findings(old, deep=True) == []
    noted = {one.key for path in old.archive.home.raw.rglob(cold.NOTE)
             for one in cold.noted(path.parent).values()}  # fmt: skip
    assert {name.removeprefix("bucket/cold/") for name in store.objects} == noted


def test_verify_tells_what_the_store_lost_and_asks_once_if_it_is_out(old, store):
    run.move(old.archive)
    look = Verification(old.archive, ALL)
    assert [*look.findings()] == []
    assert any("6 cold files" in text for text in look.not_looked_at)
    short, gone, *_ = sorted(store.root / name for name in store.objects)
    short.write_bytes(b"short")
    gone.unlink()
    said = findings(old)
    assert any("holds 5 bytes in s3://bucket/cold of the" in text for text in said)
    assert any("is gone from s3://bucket/cold, where it was moved" in text for text in said)
    store.files = Out()
    (only,) = [*Verification(old.archive, ALL).findings()]
    assert only.is_unverified
    assert "s3://bucket/cold cannot be used" in only.text


def test_doctor_says_what_is_cold_and_whether_the_store_has_it(old, store):
    assert [*of_home.cold_found(old.archive)] == []
    run.move(old.archive)
    (found,) = of_home.cold_found(old.archive)
    assert found.severity is Severity.OK
    assert found.text.startswith("6 files, ")
    shutil.rmtree(store.root / "bucket/cold")
    (found,) = of_home.cold_found(old.archive)
    assert "s3://bucket/cold does not have" in found.text
    store.files = Out()
    (found,) = of_home.cold_found(old.archive)
    assert found.severity is Severity.PROBLEM
    assert "cannot be used" in found.text


def test_another_place_is_refused_while_answers_lie_in_the_first(old, store):
    run.move(old.archive)
    moved = old.with_(LIVESTATS_SCALE_COLD="s3://other/place")
    with pytest.raises(run.CannotMove, match="lie in s3://bucket/cold, and scale.cold says"):
        run.move(moved.archive)
    again = PLACE.replace("nowhere", "elsewhere")
    other_way = old.with_(LIVESTATS_SCALE_COLD=again)
    run.move(other_way.archive)  # the same place, reached in another way
    assert other_way.archive.home.cold_place == again
    shutil.rmtree(store.root / "bucket/cold")
    with pytest.raises(run.CannotMove, match="does not have what was moved there"):
        run.move(old.with_().archive)


def test_without_the_setting_the_command_says_so_and_a_store_that_is_out_ends_it(old, store):
    def livestats(**environ):
        return CliRunner().invoke(main, ["cold"], env={**old.archive.environ, **environ})

    result = livestats(LIVESTATS_SCALE_COLD="")
    assert (result.exit_code, "scale.cold is not set" in result.output) == (2, True)
    before = contents(old.root)
    store.files = Out()
    result = livestats()
    assert (result.exit_code, "s3://bucket/cold cannot be used" in result.output) == (2, True)
    assert contents(old.root) == before
