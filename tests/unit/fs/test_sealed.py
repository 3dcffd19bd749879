"""Files that hold their own checksum: whatever byte changes, it shows."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.fs import sealed
from resources.lake import checksum, parquet
from resources.raw import captures, seen_notes

DAY = date(2026, 11, 20)
NAME = captures.CaptureName("20261121T000000000000Z-2-0123456789abcdef")
DOMAIN = DATASETS["domain"]
SEAL = checksum._MARK.decode("latin-1") + "0" * 64


@settings(deadline=None)
@given(
    facts=st.dictionaries(st.text().filter(lambda k: k != "sha256"), st.integers() | st.text()),
    data=st.data(),
)
def test_no_changed_byte_of_sealed_facts_goes_unseen(facts, data):
    text = sealed.seal(facts)
    assert sealed.unseal(text) == facts
    at, mask = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="."):
        sealed.unseal(text[:at] + bytes([text[at] ^ mask]) + text[at + 1 :])
    with pytest.raises(ValueError, match="."):
        sealed.unseal(text[:at])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Writes a lake file whose text columns all hold `text`, and an unknown field of that name."""
    path = parquet.path_of(tmp_path_factory.mktemp("lake"), DOMAIN.name, DAY)

    def write(*texts):
        schema = parquet.row_schema(DOMAIN)
        columns = [
            pa.array([*texts]) if f.type == pa.string() else pa.array([1] * len(texts)).cast(f.type)
            for f in schema
        ]
        writer = parquet.LakeWriter(path, DOMAIN, DAY)
        loose = pa.schema([f.with_nullable(True) for f in schema])
        rows = pa.table(columns, schema=loose)
        writer.add(parquet.Rows(rows, 0, texts, ()))
        writer.seal(NAME, 1)
        writer.commit()
        return path

    return write


@settings(deadline=None)
@given(texts=st.lists(st.text() | st.just(SEAL), min_size=1, max_size=3), data=st.data())
def test_no_changed_byte_of_a_lake_file_goes_unseen_whatever_names_it_holds(written, texts, data):
    """Also names that look like the checksum's own place."""
    path = written(*texts)
    checksum.check(path)
    origin = parquet.verified_provenance(path)
    assert origin is not None
    assert set(origin.unknown) == set(texts)
    good = path.read_bytes()
    at, mask = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(1, 255))
    path.write_bytes(good[:at] + bytes([good[at] ^ mask]) + good[at + 1 :])
    with pytest.raises(checksum.DamagedFile):
        checksum.check(path)
    assert parquet.verified_provenance(path) is None
    path.write_bytes(good[:at])
    with pytest.raises(checksum.DamagedFile):
        checksum.check(path)


def test_a_parquet_file_of_somebody_else_holds_no_checksum(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(checksum.DamagedFile, match="no checksum"):
        checksum.check(tmp_path / "a.parquet")


def test_days_seen_again_are_noted_and_a_damaged_note_gives_way_to_the_next(tmp_path):
    (tmp_path / NAME.text).mkdir()
    first, second = (datetime(2026, 11, n, tzinfo=UTC) for n in (22, 23))
    seen_notes.note_seen(tmp_path, NAME, first)
    seen_notes.note_seen(tmp_path, NAME, second)
    assert [n["seen_at"] for n in seen_notes.seen(tmp_path)] == [
        first.isoformat(),
        second.isoformat(),
    ]
    assert seen_notes.last_seen(tmp_path) == second
    torn = (tmp_path / seen_notes.SEEN).read_bytes()[:-9]
    (tmp_path / seen_notes.SEEN).write_bytes(torn)
    assert seen_notes.last_seen(tmp_path) == NAME.fetched_at
    seen_notes.note_seen(tmp_path, NAME, second)
    assert len(seen_notes.seen(tmp_path)) == 1
