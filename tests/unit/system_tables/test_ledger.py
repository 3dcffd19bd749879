"""The table `ledger` equals the ledger of the files, and is written only where that has changed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from resources.config import Settings
from resources.home.layout import Home
from resources.ledger import states as ledger_states
from resources.system_tables import ledger as ledger_table
from resources.warehouse import connection as warehouse_connection
from tests.support.lake_files import capture_name
from tests.support.offered import DAILY

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
USUAL = Settings(first_day=date(2026, 11, 18))
WARNING = timedelta(days=USUAL.expiry_warning_days)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def captured(home):
    """Some captured days, as their names tell, and folders that are none."""
    for name, day, rows, versions in (
        ("stream_count", "2026-11-20", 5, (0, 1)),
        ("stream_count", "2026-11-21", 0, (0,)),
        ("push_stream_info", "2026-01-05", 7, (0,)),  # before the archive's first day
        ("stream_count", "2026-11-19.renamed", 5, (0,)),
        ("stream_count", "2026-notes", 5, (0,)),
    ):
        for version in versions:
            (home.raw / name / day / capture_name(rows, version).text).mkdir(parents=True)
    partial = home.raw / "top_play" / "2026-11-19"
    partial.mkdir(parents=True)
    (partial / ledger_states.PARTIAL).touch()
    return home


def refresh(home, settings=USUAL, now=NOW):
    """Refreshes the ledger's table; its lines, the name of the content, and the number told."""
    with warehouse_connection.writing(home, ZONE) as connection:
        told = ledger_table.refresh(connection, home, settings, now)
        lines = connection.execute("FROM ledger ORDER BY ALL").fetchall()
        return lines, warehouse_connection.content_version(connection), told


def expected(home, settings=USUAL, now=NOW):
    """The same lines, from the files."""
    since = [date(2026, 11, 18) + timedelta(days=i) for i in range(5)]
    extra = {"push_stream_info": [date(2026, 1, 5)]}
    return [
        line
        for dataset in DAILY
        if dataset.name in settings.datasets
        for line in ledger_states.entries(
            dataset,
            [*extra.get(dataset.name, []), *since],
            home.raw,
            now,
            settings.zone,
            WARNING,
        )
    ]


def as_row(line):
    return (
        line.dataset,
        line.day,
        str(line.state),
        line.rows,
        line.captures,
        line.captured_at,
        line.last_seen_at,
        line.capture,
        line.askable_from,
        line.askable_until,
        0,  # lacking
        line.is_suspect,
        None,  # limited_to
    )


def test_the_table_is_the_ledger_line_by_line(captured):
    lines, _, told = refresh(captured)
    assert sorted(lines, key=_place) == sorted(map(as_row, expected(captured)), key=_place)
    assert told == len(lines) == len(DAILY) * 5 + 1
    states = {(dataset, str(day)): state for dataset, day, state, *_ in lines}
    assert states["stream_count", "2026-11-20"] == "captured"
    assert states["stream_count", "2026-11-21"] == "empty"
    assert states["stream_count", "2026-11-22"] == "settling"
    assert states["stream_count", "2026-11-19"] == "missing"
    assert states["top_play", "2026-11-19"] == "partial"
    assert states["push_stream_info", "2026-01-05"] == "captured"


def _place(row):
    return row[:2]


def test_an_unchanged_ledger_changes_nothing(captured):
    first, before, _ = refresh(captured)
    second, after, _ = refresh(captured)
    assert (first, before) == (second, after)


def test_a_day_that_is_captured_or_lost_meanwhile_is_taken_over(captured):
    _, before, _ = refresh(captured)
    later = NOW + timedelta(days=365)
    (captured.raw / "stream_count" / "2026-11-19" / capture_name(3).text).mkdir(parents=True)
    lines, after, _ = refresh(captured, now=later)
    states = {(dataset, str(day)): state for dataset, day, state, *_ in lines}
    assert before != after
    assert states["stream_count", "2026-11-19"] == "captured"
    assert states["push_stream_info", "2026-11-20"] == "lost"
    assert states["edge_stat", "2026-11-22"] == "expiring"
    assert ("edge_stat", "2027-11-22") in states


def test_datasets_that_are_off_have_no_lines(captured):
    lines, _, _ = refresh(captured, Settings(first_day=USUAL.first_day, datasets_off=("top_play",)))
    assert "top_play" not in {dataset for dataset, *_ in lines}


def test_a_table_that_an_earlier_version_made_is_replaced(captured):
    with warehouse_connection.writing(captured, ZONE) as connection:
        connection.execute("CREATE TABLE ledger AS SELECT 'x' AS dataset, 1 AS old")
    wanted, before, _ = refresh(captured)
    assert len(wanted) == len(DAILY) * 5 + 1
    found, after, _ = refresh(captured)
    assert (found, after) == (wanted, before)


def test_without_any_database_the_ledger_is_the_same(captured):
    lines, *_ = refresh(captured)
    captured.warehouse.unlink()
    again, *_ = refresh(captured)
    assert again == lines
