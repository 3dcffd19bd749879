"""The raw archive: a capture is complete and as written, or says what is wrong; or is not there."""

import gzip
import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resources.api.body import whole
from resources.api.catalog import DATASETS
from resources.fs import atomic
from resources.lake import parquet
from resources.raw import captures, tombstones
from resources.raw.capture_writer import CaptureWriter

on_disk = settings(deadline=None, max_examples=40)  # each example waits for the disk

NOW = datetime(2026, 11, 22, 4, 0, 0, 123456, tzinfo=UTC)
DAY = date(2026, 11, 21)
DATASET = DATASETS["stream_count"]
BODIES = (b'{"Result": 1}', "{直播: \U0001f600}".encode(), b"", bytes(range(256)) * 40)

json_text = st.text(st.characters(exclude_categories=()))  # halves of characters too
payloads = st.dictionaries(json_text, json_text | st.lists(json_text) | st.integers(), max_size=4)


def answer(body, walk=0, page=1, payload=None):
    packed = captures.pack(body)
    return captures.Response(walk, page, payload or {}, NOW.isoformat(), len(body), packed)


def sealed(folder, bodies=BODIES, *, now=NOW, after=None, rows=3, payload=None):
    folder.mkdir(parents=True, exist_ok=True)
    writer = CaptureWriter(folder, DATASET, DAY)
    for walk, body in enumerate(bodies):
        writer.add(answer(body, walk, 1, payload))
    return writer, writer.seal(now, rows, after, {"outside": 0})


def captured(folder, *args, **options):
    writer, name = sealed(folder, *args, **options)
    return writer.commit(name)


@pytest.fixture
def folder(tmp_path):
    """Where the captures of one day stand."""
    return tmp_path / "raw" / DATASET.name / DAY.isoformat()


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """A capture that no test of this module changes."""
    return captured(tmp_path_factory.mktemp("intact") / "raw" / DATASET.name / DAY.isoformat())


# What is kept ------------------------------------------------------------------------------------


def test_answers_come_back_byte_for_byte_in_the_order_of_asking(folder):
    found = [*captured(folder).responses()]
    assert [body for *_, body in found] == [*BODIES]
    assert [(walk, page) for walk, page, *_ in found] == [(0, 1), (1, 1), (2, 1), (3, 1)]


@on_disk
@example(payload={"Stream": "half \ud83d, newline\n, \0 and '\"/../"}, body=b"\n")
@given(payload=payloads, body=st.binary(max_size=200))
def test_whatever_was_asked_and_answered_is_kept(payload, body, tmp_path_factory):
    """Quotes, line ends, halves of characters: what names the vendor accepts is not ours to say."""
    folder = tmp_path_factory.mktemp("any")
    ((_, _, asked, said),) = captured(folder, [body], payload=payload).responses()
    assert asked == payload
    assert said == body


def test_huge_answers_and_names_are_kept(folder):
    payload, body = {"Stream": "é\n'\"" * 250_000}, b"[" + b"0," * 5_000_000 + b"0]"
    found = [
        (asked, whole(said))
        for *_, asked, said in captured(folder, [body], payload=payload).responses()
    ]
    assert found == [(payload, body)]


def test_the_manifest_tells_what_was_asked_of_whom_and_when(intact):
    manifest = intact.manifest
    assert manifest["dataset"] == DATASET.name
    assert manifest["action"] == DATASET.endpoint.action
    assert manifest["day"] == DAY.isoformat()
    assert manifest["rows"] == 3
    assert manifest["outside"] == 0
    assert datetime.fromisoformat(manifest["fetched_at"]) == NOW
    assert [r["size"] for r in manifest["requests"]] == [len(body) for body in BODIES]


def test_a_day_without_answers_is_a_capture_too(folder):
    found = captured(folder, [], rows=0)
    assert [*found.responses()] == []
    assert found.name.rows == 0


# Names -------------------------------------------------------------------------------------------


def test_a_name_tells_time_rows_and_checksum(intact):
    assert intact.name.fetched_at == NOW
    assert intact.name.rows == 3
    assert captures.CaptureName.parse(intact.name.text) == intact.name
    assert intact.name.text.startswith("20261122T040000123456Z-3-")


@on_disk
@given(
    steps=st.lists(
        st.timedeltas(timedelta(days=-400), timedelta(days=400)) | st.just(timedelta(0)),
        max_size=6,
    )
)
def test_names_sort_by_the_order_of_capture_even_if_the_clock_goes_back(steps, tmp_path_factory):
    folder, now, after = tmp_path_factory.mktemp("clock"), NOW, None
    made = []
    for step in [timedelta(0), *steps]:
        now += step
        capture = captured(folder, [], now=now, after=after, rows=9 - len(made))
        after = capture.name
        made.append(after)
    assert captures.captures_in(folder) == made == sorted(made)
    assert captures.newest(folder).name == made[-1]


@pytest.mark.parametrize(
    "text",
    [
        "20261122T040000123456Z-3",
        "20261122T040000Z-3-0123456789abcdef",
        "20261122T040000123456Z-3-0123456789ABCDEF",
        "20261122T040000123456Z--3-0123456789abcdef",
        "20261122T040000123456Z-3-0123456789abcdef.bak",
        ".making-capture-1-0123abcd",
        "20261332T040000123456Z-3-0123456789abcdef",
        "99999999T999999999999Z-3-0123456789abcdef",
        "２０２６1122T040000123456Z-3-0123456789abcdef",
        "seen.json",
        "",
    ],
)
def test_what_is_not_named_like_a_capture_is_none(text, folder):
    assert captures.CaptureName.parse(text) is None
    if text:
        (folder / text).mkdir(parents=True)
    assert captures.captures_in(folder) == []
    assert captures.newest(folder) is None


def test_only_folders_named_after_a_day_are_days(tmp_path):
    for name in ("2026-11-21", "2026-11-20", "2026-11-21.bad", "20261119", "2026-W47-1", "x"):
        (tmp_path / "d" / name).mkdir(parents=True)
    assert [*captures.days_of(tmp_path, "d")] == [date(2026, 11, 20), date(2026, 11, 21)]
    assert captures.days_of(tmp_path, "nothing") == {}


# Complete or not there ---------------------------------------------------------------------------


def test_a_capture_is_invisible_until_it_is_committed(folder):
    writer, name = sealed(folder)
    assert captures.captures_in(folder) == []
    assert captures.newest(folder) is None
    writer.commit(name)
    assert captures.captures_in(folder) == [name]


def test_what_is_abandoned_leaves_nothing(folder):
    earlier = captured(folder)
    writer, _ = sealed(folder, after=earlier.name)
    writer.abandon()
    open_one = CaptureWriter(folder, DATASET, DAY)
    open_one.add(answer(b"x"))
    open_one.abandon()
    assert [p.name for p in folder.iterdir()] == [earlier.name.text]


def test_what_a_killed_run_leaves_is_removed_as_stale(folder):
    earlier = captured(folder)
    sealed(folder)
    writer = CaptureWriter(folder, DATASET, DAY)
    writer.add(answer(b"x"))
    writer._file.close()  # as the end of a process does
    assert atomic.remove_stale_temps(folder) == 2
    assert [p.name for p in folder.iterdir()] == [earlier.name.text]


def test_everything_is_on_the_disk_before_the_capture_has_its_name(folder, monkeypatch):
    flushed = []
    real = atomic.fsync
    monkeypatch.setattr(atomic, "fsync", lambda path: flushed.append(path.name) or real(path))
    writer, name = sealed(folder)
    aside = next(p.name for p in folder.iterdir())
    writer.commit(name)
    inside, above = flushed[:3], flushed[3:]
    assert inside == [captures.RESPONSES, captures.MANIFEST, aside]
    assert above == [DAY.isoformat(), DATASET.name, "raw"]


# Damage ------------------------------------------------------------------------------------------


def damaged(capture, file, change, scratch):
    """A copy of the capture with one file changed; None if that changes nothing."""
    folder = scratch / capture.name.text
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(capture.folder, folder)
    before = (folder / file).read_bytes()
    after = change(before)
    (folder / file).write_bytes(after)
    return None if before == after else captures.Capture(folder, capture.name)


def refused(capture, file):
    """The capture is damaged, as its reader is told before the first answer."""
    with pytest.raises(captures.DamagedCapture) as caught:
        next(capture.responses())
    assert str(capture.folder / file) in str(caught.value)
    assert "backup" in str(caught.value)
    assert "captured again" in str(caught.value)
    return True


@pytest.mark.parametrize("file", [captures.MANIFEST, captures.RESPONSES])
@on_disk
@given(data=st.data())
def test_any_flipped_bit_is_found_before_an_answer_is_used(file, data, intact, tmp_path_factory):
    size = (intact.folder / file).stat().st_size
    at = data.draw(st.integers(0, size - 1), "position")
    bit = data.draw(st.integers(0, 7), "bit")

    def flip(before):
        return before[:at] + bytes([before[at] ^ 1 << bit]) + before[at + 1 :]

    scratch = tmp_path_factory.getbasetemp() / "flipped"
    assert refused(damaged(intact, file, flip, scratch), file)


@pytest.mark.parametrize("file", [captures.MANIFEST, captures.RESPONSES])
@on_disk
@given(data=st.data())
def test_any_cut_is_found(file, data, intact, tmp_path_factory):
    size = (intact.folder / file).stat().st_size
    left = data.draw(st.integers(0, size - 1), "left")
    scratch = tmp_path_factory.getbasetemp() / "cut"
    assert refused(damaged(intact, file, lambda before: before[:left], scratch), file)


@pytest.mark.parametrize("file", [captures.MANIFEST, captures.RESPONSES])
@on_disk
@given(more=st.binary(max_size=40))
def test_anything_added_is_found(file, more, intact, tmp_path_factory):
    scratch = tmp_path_factory.getbasetemp() / "longer"
    changed = damaged(intact, file, lambda before: before + more, scratch)
    assert changed is None or refused(changed, file)


@pytest.mark.parametrize("file", [captures.MANIFEST, captures.RESPONSES])
def test_a_missing_file_is_found(file, folder):
    capture = captured(folder)
    (capture.folder / file).unlink()
    assert refused(capture, file)


def test_a_manifest_that_was_mended_by_hand_is_found(folder):
    capture = captured(folder)
    manifest = {**capture.manifest, "rows": 0}
    path = capture.folder / captures.MANIFEST
    path.write_bytes(gzip.compress(json.dumps(manifest).encode(), mtime=0))
    assert refused(captures.Capture(capture.folder, capture.name), captures.MANIFEST)


def test_a_damaged_capture_never_reaches_the_lake(folder, tmp_path):
    """Its answers would be refused as the vendor's, or worse, be taken for them."""
    body = b'{"ResponseMetadata": {}, "Result": {}}'
    capture = captured(folder, [body])

    def flip_a_letter(stored):
        at = stored.index(b"Result")  # a small frame holds its text as it is
        return stored[:at] + b"r" + stored[at + 1 :]

    changed = damaged(capture, captures.RESPONSES, flip_a_letter, tmp_path / "changed")
    with pytest.raises(captures.DamagedCapture):
        parquet.normalise(tmp_path / "lake", DATASET, DAY, changed)
    assert [p for p in (tmp_path / "lake").rglob("*") if p.is_file()] == []


def test_a_capture_that_an_erasure_took_does_not_count_when_it_is_back(folder):
    old = captured(folder, BODIES[:1])
    left = captured(folder, BODIES[1:2])
    rejected = captured(folder, BODIES[2:3])
    away = folder / f"{captures.REJECTED_PREFIX}{rejected.name.text}"
    rejected.folder.rename(away)
    assert (len(captures.captures_in(folder)), len(captures.rejected_in(folder))) == (2, 1)
    assert captures.erased_in(folder) == []
    stone = tombstones.Tombstone(
        erasure="1", kind="domain", at="", capture=old.name.text, sha256="0",
        became=left.name.text, rows=1,
    )  # fmt: skip
    of_rejected = replace(stone, capture=away.name, became=f"{away.name}-left")
    no_capture = replace(stone, capture="../elsewhere")
    tombstones.write(folder, [stone, of_rejected, no_capture])
    assert captures.captures_in(folder) == [left.name]
    assert captures.newest(folder) == left
    assert captures.rejected_in(folder) == []
    assert [one.folder for one in captures.erased_in(folder)] == [old.folder, away]
    shutil.rmtree(old.folder)
    shutil.rmtree(away)
    assert captures.erased_in(folder) == []
