"""Tables by day follow the days whose inputs have changed."""

from contextlib import nullcontext
from datetime import date, datetime

import duckdb
import pytest

from resources.marts import incremental
from resources.warehouse import connection as warehouse_connection
from tests.support.mart_files import DAILY, DAYS, by_day, state
from tests.support.mart_rows import made_up


def test_a_table_is_made_whole_in_batches_of_days(connection, put, bring, monkeypatch):
    monkeypatch.setattr(warehouse_connection, "DAYS_PER_TRANSACTION", 2)
    for day in DAYS:
        put(day, 3)
    assert bring()["daily"].days == DAYS
    assert by_day(connection) == dict.fromkeys(DAYS, 3)


def test_days_of_many_rows_are_made_one_by_one(connection, put, bring, monkeypatch, caplog):
    """A month of a large account does not fit into the memory that DuckDB has."""
    caplog.set_level("INFO", "livestats.marts")
    for day in DAYS:
        put(day, 3)
    bring()
    connection.execute("UPDATE meta.loaded SET rows = 1000")
    for most, batches in ((3000, [3]), (2999, [2, 1]), (999, [1, 1, 1])):
        monkeypatch.setattr(incremental, "_ROWS_AT_ONCE", most)
        connection.execute("DELETE FROM meta.mart_day")
        caplog.clear()
        assert bring()["daily"].days == DAYS
        said = [text for text in caplog.messages if text.startswith("daily: ")]
        assert said == [f"daily: {count} days made" for count in batches]
        assert by_day(connection) == dict.fromkeys(DAYS, 3)


HEAVY = DAILY.replace(
    "max(peak_streams) AS peak_streams FROM stream_count",
    "len(list(repeat('x', 2000) || n)) // 10000 AS peak_streams "
    "FROM stream_count, range(200000) numbers(n) WHERE n < peak_streams * 10000",
)
"""20 MB of memory for each stream, which cannot be spilled."""


def made_of(days, put, bring, streams):
    """What is done if the days have come again, with so many streams each."""
    for day, count in zip(DAYS, streams, strict=True):
        put(day, count)
    made = bring(behind=[] if days == DAYS else ["daily"])["daily"]
    assert [*made.days, *made.impossible] == [*days, *(day for day in DAYS if day not in days)]
    return made.impossible


@pytest.mark.parametrize("is_new", [True, False])
def test_days_that_need_too_much_memory_together_are_made_in_smaller_batches(
    connection, folder, put, bring, is_new, caplog
):
    if not is_new:
        (folder / "daily.sql").write_text(HEAVY)
    made_of(DAYS, put, bring, (1, 1, 1))
    (folder / "daily.sql").write_text(HEAVY)
    connection.execute("SET memory_limit = '95MB'")
    caplog.set_level("INFO", "livestats.marts")
    made_of(DAYS, put, bring, (2, 2, 2))
    assert "need too much memory at once" in caplog.text
    assert by_day(connection) == dict(zip(DAYS, (2, 2, 2), strict=True))


@pytest.mark.parametrize("is_new", [True, False])
def test_a_day_that_needs_too_much_memory_costs_no_other(connection, folder, put, bring, is_new):
    if not is_new:
        (folder / "daily.sql").write_text(HEAVY)
    made_of(DAYS, put, bring, (1, 1, 1))
    (folder / "daily.sql").write_text(HEAVY)
    connection.execute("SET memory_limit = '95MB'")
    impossible = made_of([DAYS[0], DAYS[2]], put, bring, (2, 20, 2))
    assert "Out of Memory" in impossible[DAYS[1]]
    kept = {} if is_new else {DAYS[1]: 1}
    assert by_day(connection) == {DAYS[0]: 2, DAYS[2]: 2, **kept}
    connection.execute("SET memory_limit = '4GB'")
    assert bring()["daily"].days == [DAYS[1]]
    assert by_day(connection) == dict(zip(DAYS, (2, 20, 2), strict=True))


def test_days_without_rows_do_not_keep_a_day_from_being_made_alone(
    connection, folder, put, bring, caplog
):
    """A day that is too large follows two that have no rows: by rows they would be one batch."""
    for day, streams in zip(DAYS, (1, 1, 20), strict=True):
        put(day, streams)
    connection.execute("UPDATE meta.loaded SET rows = 0 WHERE day < ?", [DAYS[2]])
    (folder / "daily.sql").write_text(HEAVY)
    connection.execute("SET memory_limit = '95MB'")
    caplog.set_level("INFO", "livestats.marts")
    made = bring(behind=["daily"])["daily"]
    assert (made.days, [*made.impossible]) == (DAYS[:2], [DAYS[2]])
    tried = [text for text in caplog.messages if "too much memory at once" in text]
    assert tried == ["daily: 1 rows of its inputs need too much memory at once"]


DOWN = """-- Streams of a day, out of another mart.
-- group: test
-- kind: table by day
-- columns:
--   business_date: Calendar day's date.
--   peak_streams [streams]: Most streams.
SELECT business_date, peak_streams FROM daily
"""


@pytest.mark.parametrize("is_new", [True, False])
def test_a_mart_made_of_a_day_that_could_not_be_made_comes_with_it(
    connection, folder, put, bring, is_new
):
    (folder / "down.sql").write_text(DOWN)
    if not is_new:
        (folder / "daily.sql").write_text(HEAVY)
    for day in DAYS:
        put(day, 1)
    bring()
    (folder / "daily.sql").write_text(HEAVY)
    connection.execute("SET memory_limit = '95MB'")
    for day, streams in zip(DAYS, (2, 20, 2), strict=True):
        put(day, streams)
    made = bring(behind=["daily", "down"])
    assert [*made["daily"].impossible] == [*made["down"].impossible] == [DAYS[1]]
    assert "made of daily" in made["down"].not_made[0]
    connection.execute("SET memory_limit = '4GB'")
    bring()
    assert connection.execute("FROM down ORDER BY 1").fetchall() == sorted(
        by_day(connection).items()
    )
    assert by_day(connection) == dict(zip(DAYS, (2, 20, 2), strict=True))


@pytest.mark.parametrize(
    ("text", "tries"), [("could not allocate block", 2), ("failed to offload data block", 1)]
)
def test_a_day_that_fails_once_is_tried_again_but_not_on_a_full_disk(
    put, bring, monkeypatch, text, tries
):
    put(DAYS[0], 3)
    build, tried = incremental._build_days, []

    def failing(*words, **more):
        tried.append(words)
        if len(tried) == 1:
            raise duckdb.OutOfMemoryException(f"Out of Memory Error: {text}")
        return build(*words, **more)

    monkeypatch.setattr(incremental, "_build_days", failing)
    with pytest.raises(duckdb.OutOfMemoryException) if tries == 1 else nullcontext():
        assert bring()["daily"].days == [DAYS[0]]
    assert len(tried) == tries


LOUD = DAILY.replace("max(peak_streams)", "max(peak_streams + 9223372036854775000)")


def test_a_day_that_cannot_be_computed_holds_up_no_other(connection, folder, put, bring, caplog):
    """Like a number of the vendor's that no sum can hold. The day stays as it was, and is told."""
    (folder / "daily.sql").write_text(LOUD)
    for day in DAYS:
        put(day, 3)
    bring()
    good = by_day(connection)
    put(DAYS[1], 9_000)
    put(DAYS[2], 4)
    made = bring(behind=["daily"])["daily"]
    assert (made.days, [*made.impossible]) == ([DAYS[2]], [DAYS[1]])
    assert by_day(connection) == {**good, DAYS[2]: good[DAYS[2]] + 1}
    assert f"daily of {DAYS[1]} cannot be made" in caplog.text
    put(DAYS[1], 5)
    assert bring()["daily"].days == [DAYS[1]]


def test_a_day_is_made_of_its_own_rows_on_both_sides_of_a_join(connection, folder, put, bring):
    """DuckDB alone adds up all days of one side: too much to read, and one bad day spoils all."""
    sums = "(SELECT business_date, {} FROM stream_count GROUP BY 1)"
    one, other = (sums.format(f"max(peak_streams) AS {name}") for name in ("peak_streams", "most"))
    loud = other.replace("peak_streams)", "peak_streams + 9223372036854775000)")
    header = DAILY.partition("SELECT")[0]
    both = "SELECT business_date, least(peak_streams, most) AS peak_streams"
    joined = both + " FROM {} JOIN {} USING (business_date)"
    for sides in ((one, loud), (loud, one)):
        (folder / "daily.sql").write_text(header + joined.format(*sides))
        for day, streams in zip(DAYS, (3, 9_000, 4), strict=True):
            put(day, streams)
        made = bring(behind=["daily"])["daily"]
        assert (made.days, [*made.impossible]) == ([DAYS[0], DAYS[2]], [DAYS[1]])
        assert by_day(connection) == {DAYS[0]: 3, DAYS[2]: 4}


def test_a_table_that_is_made_anew_leaves_out_what_cannot_be_computed(
    connection, folder, put, bring
):
    for day, streams in zip(DAYS, (3, 9_000, 4), strict=True):
        put(day, streams)
    bring()
    (folder / "daily.sql").write_text(LOUD)
    made = bring(behind=["daily"])["daily"]
    assert (made.days, [*made.impossible]) == ([DAYS[0], DAYS[2]], [DAYS[1]])
    assert [*by_day(connection)] == [DAYS[0], DAYS[2]]
    assert connection.execute("FROM above").fetchall() == [(9223372036854775004,)]


def test_an_interrupt_leaves_the_table_as_it_was(connection, folder, put, bring, monkeypatch):
    for day in DAYS:
        put(day, 3)
    bring()
    before, rows = state(connection), by_day(connection)

    def interrupted(_connection):
        raise KeyboardInterrupt

    (folder / "daily.sql").write_text(LOUD)
    monkeypatch.setattr(warehouse_connection, "record_commit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bring()
    assert by_day(connection) == rows
    assert state(connection) == before


def test_a_day_of_the_account_is_made_again_when_its_own_series_comes():
    """Till then its domains are added up; other days stay as they are."""
    kind = {"online_user_type": "Online", "slot_seconds": 300, "requests": 1}

    def slots(**of):
        return [
            {
                "business_date": day,
                "slot_start_at": datetime.fromisoformat(f"{day}T00:00:00+08:00"),
                **kind,
                **of,
            }
            for day in (date(2026, 11, 20), date(2026, 11, 21))
        ]

    with made_up() as marts:
        domains = [*slots(domain="a", online_users=3), *slots(domain="b", online_users=2)]
        marts.put("stream_session_by_domain", domains)
        found = "SELECT peak_online_users, basis FROM viewers_daily_account ORDER BY business_date"
        assert marts.rows(found) == [(5, "domains"), (5, "domains")]
        marts.put("stream_session_account", slots(online_users=4)[1:])
        assert marts.rows(found) == [(5, "domains"), (4, "account")]
