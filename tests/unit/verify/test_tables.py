"""What is said of the tables of a served copy; the remedies are tried in test_run.py."""

import shutil
from dataclasses import replace

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.lake import parquet
from resources.raw import captures
from resources.verify.findings import FindingKind, Repair
from resources.verify.tables import Files, Tables
from tests.support.archives import DAYS

TRAFFIC, PUSHES, ISP = (
    DATASETS[name] for name in ("batch_stream_traffic", "push_stream_info", "isp")
)


def silent(_path, _size):
    """Nobody looks on."""


@pytest.fixture
def copy(past, tmp_path):
    """A connection to a copy of what is served, which may be changed."""
    path = tmp_path / "copy.duckdb"
    shutil.copyfile(past.archive.home.served.resolve(), path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        yield connection


def files(past, dataset):
    """All files of a dataset, taken for good."""
    lake = past.archive.home.lake
    good = {
        day: parquet.path_of(lake, dataset.name, day) for day in parquet.days_of(lake, dataset.name)
    }
    folders = captures.days_of(past.archive.home.raw, dataset.name)
    held = {day: captures.captures_in(folder) for day, folder in folders.items()}
    return Files(good=good, lake={*good}, captures=held)


def looked(past, copy, tmp_path, dataset=TRAFFIC, seen=None, whole=True):
    tables = Tables(past.archive, copy, tmp_path, silent)
    return [*tables.table(dataset, seen or files(past, dataset), whole=whole)]


@pytest.mark.parametrize("dataset", [TRAFFIC, PUSHES, ISP], ids=lambda d: d.name)
def test_a_table_that_was_loaded_from_these_files_has_none(past, copy, tmp_path, dataset):
    assert looked(past, copy, tmp_path, dataset) == []


@pytest.mark.parametrize(
    ("dataset", "sql"),
    [
        (TRAFFIC, "UPDATE batch_stream_traffic SET stream = 'x' WHERE rowid = 0"),
        (TRAFFIC, "DELETE FROM batch_stream_traffic WHERE rowid = 0"),
        (TRAFFIC, "INSERT INTO batch_stream_traffic FROM batch_stream_traffic LIMIT 1"),
        (PUSHES, "DELETE FROM push_stream_info WHERE rowid = 0"),
        (PUSHES, "UPDATE meta.push_stream_info_listed SET stream = 'x' WHERE rowid = 0"),
        (ISP, "UPDATE isp SET isp_name = 'x' WHERE rowid = 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_is_another_is_found(past, copy, tmp_path, dataset, sql):
    copy.execute(sql)
    found = looked(past, copy, tmp_path, dataset)
    assert {(f.kind, f.repair) for f in found} == {(FindingKind.MISMATCH, Repair.PUBLISH)}
    assert all(
        f.remedy.startswith("Move ") for f in found
    )  # a loaded day would not be loaded again


def test_a_table_of_other_columns_is_behind(past, copy, tmp_path):
    copy.execute("ALTER TABLE batch_stream_traffic DROP COLUMN up_traffic_bytes CASCADE")
    (found,) = looked(past, copy, tmp_path)
    assert (found.kind, found.repair, found.day) == (FindingKind.BEHIND, Repair.PUBLISH, None)


def test_a_file_that_is_newer_than_the_load_is_behind(past, copy, tmp_path):
    copy.execute(
        "UPDATE meta.loaded SET modified_ns = modified_ns - 1 WHERE dataset = $1 AND day = $2",
        [TRAFFIC.name, DAYS[0]],
    )
    (found,) = looked(past, copy, tmp_path)
    assert (found.kind, found.day) == (FindingKind.BEHIND, DAYS[0])


def test_rows_of_a_day_that_was_never_loaded_are_found(past, copy, tmp_path):
    copy.execute("DELETE FROM meta.loaded WHERE dataset = $1", [TRAFFIC.name])
    found = looked(past, copy, tmp_path)
    kinds = {day: {f.kind for f in found if f.day == day} for day in DAYS}
    assert kinds == {day: {FindingKind.BEHIND, FindingKind.MISMATCH} for day in DAYS}


def test_a_day_whose_files_are_gone_is_missed_unless_a_part_was_looked_at(past, copy, tmp_path):
    seen = files(past, TRAFFIC)
    for held in (seen.good, seen.captures):
        del held[DAYS[0]]
    seen.lake.discard(DAYS[0])
    (found,) = looked(past, copy, tmp_path, seen=seen)
    assert (found.kind, found.day) == (FindingKind.MISSING, DAYS[0])
    assert looked(past, copy, tmp_path, seen=seen, whole=False) == []
    assert looked(past, copy, tmp_path, seen=replace(seen, is_unread=True)) == []
    assert looked(past, copy, tmp_path, seen=replace(seen, unread={DAYS[0]})) == []


def judged(past, copy, tmp_path, seen=None):
    """What is said of the table `ledger`."""
    tables = Tables(past.archive, copy, tmp_path, silent)
    return [*tables.ledger({TRAFFIC.name: seen or files(past, TRAFFIC)}, whole=False)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("rows = rows + 1", FindingKind.MISMATCH),
        ("captured_at = captured_at + INTERVAL 1 SECOND", FindingKind.MISMATCH),
        ("captures = captures - 1", FindingKind.BEHIND),
        ("captures = captures + 1", FindingKind.MISSING),
        ("capture = 'x'", FindingKind.MISSING),
        ("last_seen_at = last_seen_at + INTERVAL 1 DAY", FindingKind.MISSING),
        ("last_seen_at = last_seen_at - INTERVAL 1 DAY", FindingKind.BEHIND),
    ],
)
def test_a_line_of_the_ledger_that_is_not_that_of_the_files_is_found(
    past, copy, tmp_path, change, kind
):
    assert judged(past, copy, tmp_path) == []
    copy.execute(
        f"UPDATE ledger SET {change} WHERE dataset = $1 AND business_date = $2",
        [TRAFFIC.name, DAYS[0]],
    )
    (found,) = judged(past, copy, tmp_path)
    assert (found.kind, found.day) == (kind, DAYS[0])


def test_a_captured_day_that_the_ledger_does_not_have_is_behind(past, copy, tmp_path):
    copy.execute("DELETE FROM ledger WHERE dataset = $1", [TRAFFIC.name])
    found = judged(past, copy, tmp_path)
    assert {(f.kind, f.day) for f in found} == {(FindingKind.BEHIND, day) for day in DAYS}


def test_a_mart_that_is_gone_is_behind(past, copy, tmp_path):
    tables = Tables(past.archive, copy, tmp_path, silent)
    assert [*tables.marts()] == []
    ((name, kind),) = copy.execute(
        "SELECT mart, kind FROM meta.mart WHERE kind = 'view' ORDER BY mart LIMIT 1"
    ).fetchall()
    copy.execute(f"DROP {kind} {name} CASCADE")
    assert name in [f.text.split()[1].rstrip(":") for f in tables.marts()]
