"""Marts are brought level like `make`: what has other inputs is made again, and nothing else."""

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.marts import build, table_comments
from resources.marts.definition import MartError, read
from resources.warehouse import load
from tests.support.lake_files import store
from tests.support.mart_files import COUNT, DAILY, DAYS, ISP, PUSHES, ZONE, by_day, state


def test_a_table_follows_the_days_whose_capture_has_changed_and_no_others(connection, put, bring):
    for day, streams in zip(DAYS, (3, 5, 4), strict=True):
        put(day, streams)
    assert bring()["daily"].days == DAYS
    assert by_day(connection) == dict(zip(DAYS, (3, 5, 4), strict=True))
    put(DAYS[1], 9)
    assert bring()["daily"].days == [DAYS[1]]
    assert by_day(connection) == dict(zip(DAYS, (3, 9, 4), strict=True))


def test_nothing_is_done_twice(connection, put, bring):
    put(DAYS[0], 3)
    bring()
    before = state(connection)
    assert all(not made.days and not made.is_redefined for made in bring().values())
    assert state(connection) == before


def test_views_and_macros_answer_over_marts(connection, put, bring):
    for day, streams in zip(DAYS, (3, 5, 4), strict=True):
        put(day, streams)
    bring()
    assert connection.execute("FROM above").fetchall() == [(5,)]
    assert connection.execute("FROM top('2026-11-20')").fetchall() == [(DAYS[1], 5)]
    many = connection.execute("FROM top(DATE '2026-11-20', n := 2)").fetchall()
    assert many == [(DAYS[1], 5), (DAYS[2], 4)]


def test_a_day_that_has_no_rows_any_more_is_emptied(home, connection, put, bring):
    put(DAYS[0], 3)
    bring()
    store(home.lake, COUNT, DAYS[0], [], 50)
    load.sync_table(connection, home, COUNT)
    assert bring()["daily"].days == [DAYS[0]]
    assert by_day(connection) == {}


def test_another_sql_makes_the_whole_table_again_and_what_stands_on_it(
    connection, folder, put, bring
):
    for day in DAYS:
        put(day, 3)
    bring()
    (folder / "daily.sql").write_text(DAILY.replace("max(peak_streams)", "2 * max(peak_streams)"))
    marts = read.__wrapped__(folder)
    assert set(build.marts_behind(connection, [*DATASETS], marts)) == {"daily", "above", "top"}
    done = bring()
    assert done["daily"].days == DAYS
    assert all(made.is_redefined for made in done.values())
    assert set(by_day(connection).values()) == {6}
    assert connection.execute("FROM above").fetchall() == [(6,)]


def test_a_mart_whose_table_is_switched_off_goes(connection, put, bring):
    put(DAYS[0], 3)
    bring()
    assert bring([name for name in DATASETS if name != COUNT.name]) == {}
    with pytest.raises(duckdb.CatalogException):
        connection.execute("FROM daily")
    with pytest.raises(duckdb.CatalogException):
        connection.execute("FROM top('2026-11-20')")
    assert bring()["daily"].days == [DAYS[0]]  # and comes again, whole
    assert by_day(connection) == {DAYS[0]: 3}


def test_a_mart_whose_table_was_never_loaded_is_left_out(bring):
    assert bring() == {}


def test_an_optional_table_has_no_rows_until_it_is_there(connection, folder, put, bring):
    """Switched off it is as if it had none, and on again it counts: the days are made anew."""
    text = DAILY.replace("kind: table by day", "kind: table by day\n-- optional: push_stream_info")
    text = text.replace(
        "max(peak_streams) AS peak_streams FROM stream_count GROUP BY 1",
        "max(peak_streams) + (SELECT count(*) FROM push_stream_info) AS peak_streams "
        "FROM stream_count GROUP BY 1",
    )
    (folder / "daily.sql").write_text(text)
    put(DAYS[0], 3)
    assert bring()["daily"].days == [DAYS[0]]
    assert by_day(connection) == {DAYS[0]: 3}
    put(DAYS[0], [{}, {"stream": "other"}], PUSHES)
    assert bring()["daily"].days == [DAYS[0]]
    assert by_day(connection) == {DAYS[0]: 5}
    bring([name for name in DATASETS if name != PUSHES.name])
    assert by_day(connection) == {DAYS[0]: 3}
    bring()
    assert by_day(connection) == {DAYS[0]: 5}


def test_a_mart_that_was_taken_out_goes(connection, folder, put, bring):
    put(DAYS[0], 3)
    bring()
    (folder / "top.sql").unlink()
    (folder / "above.sql").unlink()
    assert set(bring()) == {"daily"}
    with pytest.raises(duckdb.CatalogException):
        connection.execute("FROM above")


def test_a_view_can_become_a_table_and_back(connection, folder, put, bring):
    put(DAYS[0], 3)
    bring()
    (folder / "daily.sql").write_text(DAILY.replace("table by day", "view"))
    bring()
    put(DAYS[0], 4)
    assert connection.execute("FROM above").fetchall() == [(4,)]  # without bringing it level
    (folder / "daily.sql").write_text(DAILY)
    assert bring()["daily"].days == [DAYS[0]]
    assert by_day(connection) == {DAYS[0]: 4}


def test_what_somebody_dropped_comes_again(connection, put, bring):
    put(DAYS[0], 3)
    bring()
    connection.execute("DROP VIEW above; DROP TABLE daily")
    assert bring()["above"].is_redefined
    assert connection.execute("FROM above").fetchall() == [(3,)]


def test_comments_of_relations_and_columns_are_those_of_the_header(connection, folder, put, bring):
    put(DAYS[0], 3)
    bring()
    table_comments.sync_comments(connection, "en", read.__wrapped__(folder))
    found = connection.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() "
        "WHERE table_name IN ('daily', 'above') ORDER BY table_name, column_index"
    ).fetchall()
    assert found == [
        ("above", "peak_streams", "Most streams. Unit: streams."),
        ("daily", "business_date", "Calendar day's date."),
        ("daily", "peak_streams", "Most streams. Unit: streams."),
    ]
    relations = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE table_name = 'daily' UNION ALL "
        "SELECT comment FROM duckdb_views() WHERE view_name = 'above' UNION ALL "
        "SELECT comment FROM duckdb_functions() WHERE function_name = 'top'"
    ).fetchall()
    assert [text for (text,) in relations][:2] == ["Streams of a day.", "Most streams of all days."]
    assert relations[2][0] == (
        "Days by streams. Parameters: last_day (Last day.); n (How many.). "
        "Columns: business_date (Calendar day.); peak_streams (Most streams. Unit: streams.)."
    )


def test_other_words_in_a_header_make_no_day_anew(connection, folder, put, bring):
    put(DAYS[0], 3)
    bring()
    (folder / "daily.sql").write_text(DAILY.replace("Streams of a day.", "In other words."))
    assert not any(made.is_redefined or made.days for made in bring().values())
    table_comments.sync_comments(connection, "en", read.__wrapped__(folder))
    ((said,),) = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE table_name = 'daily'"
    ).fetchall()
    assert said == "In other words."


def test_another_snapshot_of_a_dimension_makes_every_day_again(connection, folder, put, bring):
    joined = DAILY.replace(
        "SELECT business_date, max(peak_streams) AS peak_streams FROM stream_count",
        "SELECT business_date, max(peak_streams) + count(isp) AS peak_streams "
        "FROM stream_count, isp",
    )
    (folder / "daily.sql").write_text(joined)
    for day in DAYS:
        put(day, 3)
    put(DAYS[2], [{"isp": "a", "isp_name": "A"}], ISP)
    bring()
    assert bring()["daily"].days == []
    put(DAYS[2], [{"isp": "a"}, {"isp": "b"}], ISP)
    assert bring()["daily"].days == DAYS
    assert set(by_day(connection).values()) == {5}


def test_a_row_that_moves_to_another_day_takes_both_days_along(connection, folder, put, bring):
    """A push that two days list stands under the first of them."""
    (folder / "daily.sql").write_text(
        DAILY.replace("max(peak_streams)", "count(*)").replace("stream_count", PUSHES.name)
    )
    push = {"stream": "s"}
    put(DAYS[1], [push], PUSHES)
    bring()
    assert by_day(connection) == {DAYS[1]: 1}
    put(DAYS[0], [push], PUSHES)
    assert bring()["daily"].days == DAYS[:2]
    assert by_day(connection) == {DAYS[0]: 1}


def test_the_zone_of_the_archive_is_there_for_marts(connection, bring):
    bring()
    assert connection.execute("FROM meta.archive").fetchall() == [(ZONE,)]


def test_a_copy_of_a_livestats_without_marts_is_behind(connection, folder, put):
    put(DAYS[0], 3)
    marts = read.__wrapped__(folder)
    assert build.marts_behind(connection, [*DATASETS], marts) == ["daily", "above", "top"]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("daily", ("max(peak_streams)", "max(peak_stream)")),
        ("daily", ("GROUP BY 1", "GROUP BY 3")),
        ("above", ("max(peak_streams)", "most(peak_streams)")),
    ],
)
def test_sql_that_cannot_be_made_is_refused_with_the_name_of_its_file(
    folder, put, bring, file, change
):
    put(DAYS[0], 3)
    path = folder / f"{file}.sql"
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(MartError, match=rf"^{file}\.sql cannot be made: "):
        bring()
