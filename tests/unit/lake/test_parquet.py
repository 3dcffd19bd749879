"""The lake: one typed file per dataset and day that says where its rows come from."""

import json
from datetime import UTC, date
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.client import ApiResponse
from resources.api.parsing.parse import Rows
from resources.capture.capturer import Capturer, Outcome
from resources.config import Settings
from resources.home.layout import Home
from resources.lake import parquet
from resources.lake.schema_version import schema_hash
from resources.raw import captures
from resources.simulator import Account, AnswerOptions
from resources.simulator.api import Api
from resources.simulator.world import World
from resources.version import VERSION
from resources.warehouse.dataset_docs import tables
from tests.support.archives import IN_ORDER, NOW
from tests.support.each import each
from tests.support.lake_files import capture_name, store, table
from tests.support.offered import DATASETS

DAY = date(2026, 11, 21)
COUNT = DATASETS["stream_count"]
ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
}
every = each("dataset", DATASETS.values(), lambda d: d.name)


class InProcess:
    """The simulated API where the client would be: no network, no signature."""

    spill = None

    def __init__(self):
        account = Account(domains=1, streams_per_domain=2, deleted=1, hostile=True, audience=0.1)
        self.api = Api(World(account), AnswerOptions())

    def call(self, action, payload, read):
        now = NOW.astimezone(UTC)
        result = self.api.answer(action, payload, now)
        body = json.dumps({"ResponseMetadata": {"RequestId": "1"}, "Result": result}).encode()
        return ApiResponse(action, json.dumps(payload).encode(), body, now, 200, 1, read(body))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One day of every dataset, captured from the simulated API."""
    home = Home(tmp_path_factory.mktemp("home"))
    capturer = Capturer(home, Settings(workers=2), InProcess(), lambda: NOW)
    for dataset in (one for one in IN_ORDER if one.name in DATASETS):
        if dataset.is_dimension:
            results = [capturer.capture_dimension(dataset)]
        else:
            results = [*capturer.capture(dataset, [DAY])]
        assert [r.message for r in results if not r.outcome.is_complete] == []
    return home


def only_day(home, dataset):
    ((day, path),) = parquet.days_of(home.lake, dataset.name).items()
    return day, path


# The declared schema -----------------------------------------------------------------------------


@cache
def declarations():
    return {table["table"]: table for table in tables()}


@pytest.mark.parametrize("rows", [0, 2], ids=["an empty day", "rows"])
@every
def test_a_file_has_the_declared_schema(dataset, rows, tmp_path):
    """Names, types, which may be null, and what each means: for programs and for people."""
    declared = declarations()[dataset.name]
    path = store(tmp_path, dataset, DAY, [{dataset.key[-1]: _nth(dataset, i)} for i in range(rows)])
    found = pq.read_schema(path)
    assert [(f.name, f.type) for f in found] == [
        (c["name"], ARROW[c["type"]]) for c in declared["columns"]
    ]
    assert {f.name for f in found if not f.nullable} == {
        c.name for c in dataset.columns if not c.nullable
    }
    for field, column in zip(found, declared["columns"], strict=True):
        about = {k: v for k, v in (field.metadata or {}).items() if k != b"PARQUET:field_id"}
        assert about[b"comment"] == column["comment"].encode()
        assert about.get(b"unit") == (column["unit"] and column["unit"].encode())
        assert about.get(b"field") == (column["field"] and column["field"].encode())
    assert found.metadata[b"comment"] == declared["description"].encode()
    assert found.metadata[b"action"] == declared["action"].encode()
    assert pq.read_metadata(path).num_rows == rows


def _nth(dataset, i):
    return {"VARCHAR": str(i), "BIGINT": i, "TIMESTAMPTZ": NOW}[
        dataset.column[dataset.key[-1]].kind.sql
    ]


@every
def test_the_day_stands_in_every_row_unless_it_is_about_the_present(dataset, tmp_path):
    found = pq.ParquetFile(store(tmp_path, dataset, DAY, [{}, {}])).read()
    assert ("business_date" in found.column_names) == (not dataset.is_dimension)
    if not dataset.is_dimension:
        assert found["business_date"].to_pylist() == [DAY, DAY]


def test_missing_stays_missing(tmp_path):
    dataset = DATASETS["region"]
    found = pq.ParquetFile(store(tmp_path, dataset, DAY, [{"province_code": None}])).read()
    assert found["province_code"].null_count == 1


# Where rows come from ----------------------------------------------------------------------------


def test_a_file_tells_its_origin(tmp_path):
    writer = parquet.LakeWriter(parquet.path_of(tmp_path, COUNT.name, DAY), COUNT, DAY)
    rows = table(COUNT, [{}])
    writer.add(Rows(rows, 2, ("Result.New",), ("Total",)))
    writer.add(Rows(rows, 1, ("Result.'é\n",), ()))
    name = capture_name(2)
    told = writer.seal(name, 5)
    writer.commit()
    assert told == parquet.provenance_of(writer.path)
    assert told == parquet.Provenance(
        dataset=COUNT.name,
        day="2026-11-21",
        capture=name.text,
        schema_version=parquet.SCHEMA_VERSION,
        fetched_at=name.fetched_at.isoformat(),
        requests=5,
        rows=2,
        outside=3,
        unknown=("Result.'é\n", "Result.New"),
        disagreeing=("Total",),
        schema=schema_hash(COUNT),
        livestats=VERSION,
    )


def test_a_file_is_level_with_the_capture_and_the_code_that_made_it(tmp_path, monkeypatch):
    path = store(tmp_path, COUNT, DAY, [{}], version=1)
    origin = parquet.provenance_of(path)
    assert parquet.is_current(origin, COUNT, capture_name(1, version=1))
    assert not parquet.is_current(origin, COUNT, capture_name(1, version=2))
    assert not parquet.is_current(None, COUNT, capture_name(1, version=1))
    monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
    assert not parquet.is_current(origin, COUNT, capture_name(1, version=1))


def test_the_origin_of_a_file_that_has_not_changed_is_read_once(tmp_path, monkeypatch):
    read = []
    real = pq.read_metadata
    monkeypatch.setattr(pq, "read_metadata", lambda path: read.append(path) or real(path))
    path = store(tmp_path, COUNT, DAY, [{}])
    for _ in range(2):
        assert parquet.provenance_of(path).rows == 1
    assert len(read) == 2, "a file as young as a tick of the clock is read again"
    monkeypatch.setattr(parquet, "TICK_NS", -(10**12))
    for _ in range(2):
        assert parquet.provenance_of(path).rows == 1
    assert len(read) == 3
    store(tmp_path, COUNT, DAY, [{}, {"domain": "other"}], version=1)
    assert parquet.provenance_of(path).rows == 2
    path.unlink()
    assert parquet.provenance_of(path) is None


def foreign(path):
    pq.write_table(pa.table({"a": [1]}), path)


def foreign_origin(text):
    def write(path):
        pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({"livestats": text}), path)

    return write


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda _: None, id="no file"),
        pytest.param(lambda path: path.mkdir(), id="a folder"),
        pytest.param(lambda path: path.touch(), id="empty"),
        pytest.param(lambda path: path.write_bytes(b"PAR1" * 100), id="no footer"),
        pytest.param(lambda path: path.write_text("a,b\n1,2\n"), id="text"),
        pytest.param(foreign, id="another program's"),
        pytest.param(foreign_origin("not json"), id="no JSON"),
        pytest.param(foreign_origin("[1, 2]"), id="a list"),
        pytest.param(foreign_origin("null"), id="null"),
        pytest.param(foreign_origin('{"dataset": "x"}'), id="too little"),
        pytest.param(foreign_origin('{"unknown": 1, "disagreeing": 2}'), id="odd lists"),
    ],
)
def test_what_is_not_ours_has_no_origin(make, tmp_path):
    path = tmp_path / parquet.FILE
    make(path)
    assert parquet.provenance_of(path) is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    rows = [{"domain": f"d{i}", "slot_start_at": NOW} for i in range(50)]
    return store(tmp_path_factory.mktemp("whole"), COUNT, DAY, rows)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_damage_never_stops_the_reader_of_origins_and_never_passes_as_proven(data, whole):
    before = whole.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1), "position")
    bit = data.draw(st.integers(0, 7), "bit")
    cut = data.draw(st.booleans(), "cut")
    after = before[:at] if cut else before[:at] + bytes([before[at] ^ 1 << bit]) + before[at + 1 :]
    damaged = whole.with_name("damaged.parquet")
    damaged.write_bytes(after)
    told = parquet.provenance_of(damaged)
    assert told is None or isinstance(told, parquet.Provenance)
    assert parquet.verified_provenance(damaged) is None
    assert parquet.verified_provenance(whole) is not None


def test_an_abandoned_file_leaves_the_old_one(tmp_path):
    path = store(tmp_path, COUNT, DAY, [{}])
    before = path.read_bytes()
    writer = parquet.LakeWriter(path, COUNT, DAY)
    writer.add(Rows(table(COUNT, [{}, {}]), 0, (), ()))
    writer.abandon()
    assert [p.read_bytes() for p in path.parent.iterdir()] == [before]


def test_a_sealed_file_is_not_seen_before_it_is_committed(tmp_path):
    writer = parquet.LakeWriter(parquet.path_of(tmp_path, COUNT.name, DAY), COUNT, DAY)
    writer.seal(capture_name(0), 1)
    assert parquet.days_of(tmp_path, COUNT.name) == {}
    writer.commit()
    assert parquet.days_of(tmp_path, COUNT.name) == {DAY: writer.path}


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 1000, 7000])
def test_rows_wait_in_memory_for_one_row_group_at_most(size, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS_PER_GROUP", 5000)
    writer = parquet.LakeWriter(parquet.path_of(tmp_path, COUNT.name, DAY), COUNT, DAY)
    some = table(COUNT, [{}] * size)
    for _ in range(20_000 // size if size > 1 else 6000):
        writer.add(Rows(some, 0, (), ()))
        assert sum(t.num_rows for t in writer._waiting) < 5000
    origin = writer.seal(capture_name(0), 1)
    writer.commit()
    found = pq.read_metadata(writer.path)
    groups = [found.row_group(i).num_rows for i in range(found.num_row_groups)]
    assert sum(groups) == origin.rows
    assert max(groups) <= 5000
    assert len(groups) > 1


# Normalised again --------------------------------------------------------------------------------


@every
def test_normalising_again_gives_the_file_that_was_written_live(dataset, home, tmp_path):
    """Byte for byte, for every dataset: the answers in raw are all that the rows need."""
    day, live = only_day(home, dataset)
    capture = captures.newest(home.raw / dataset.name / day.isoformat())
    origin = parquet.normalise(tmp_path, dataset, day, capture)
    again = parquet.path_of(tmp_path, dataset.name, day)
    assert pq.ParquetFile(again).read().equals(pq.ParquetFile(live).read())
    assert again.read_bytes() == live.read_bytes()
    assert origin == parquet.provenance_of(live)
    assert parquet.is_current(origin, dataset, capture.name)
    assert origin.rows == capture.name.rows == pq.read_metadata(live).num_rows
    assert (origin.unknown, origin.disagreeing) == ((), ())
    assert (origin.outside > 0) == bool(dataset.endpoint.asked_beyond)


@every
def test_the_tried_days_hold_rows(dataset, home):
    """Otherwise the test above would prove little."""
    assert only_day(home, dataset)[1].stat().st_size > 0
    assert parquet.provenance_of(only_day(home, dataset)[1]).rows > 0


def test_a_capture_that_cannot_be_read_leaves_the_old_file(home, tmp_path):
    path = store(tmp_path, COUNT, DAY, [{}])
    before = path.read_bytes()
    found = captures.newest(home.raw / COUNT.name / DAY.isoformat())
    with pytest.raises(captures.DamagedCapture):
        parquet.normalise(tmp_path, COUNT, DAY, captures.Capture(tmp_path / "gone", found.name))
    assert [p.read_bytes() for p in path.parent.iterdir()] == [before]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9], ids=["the rows", "the middle", "the footer"])
def test_a_damaged_file_makes_no_revision_of_the_same_answer(part, tmp_path):
    """DuckDB reads many a damaged page without a complaint, and finds other rows in it."""
    home = Home(tmp_path)
    one_domain = Settings(workers=1, pull_domains=("pull-1.sim.example",))
    capturer = Capturer(home, one_domain, InProcess(), lambda: NOW)
    assert [r.outcome for r in capturer.capture(COUNT, [DAY])] == [Outcome.CAPTURED]
    _, path = only_day(home, COUNT)
    whole = path.read_bytes()
    at = int(len(whole) * part)
    path.write_bytes(whole[:at] + bytes(b ^ 0x55 for b in whole[at : at + 8]) + whole[at + 8 :])
    again = capturer.capture(COUNT, [DAY], again=True)
    assert [r.outcome for r in again] == [Outcome.UNCHANGED]
    assert path.read_bytes() == whole
    assert len(captures.captures_in(home.raw / COUNT.name / DAY.isoformat())) == 1
