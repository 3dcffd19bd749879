"""What changed when a day was restated: two files compared, and the table of all revisions."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures
from resources.system_tables import revisions
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import identity
from tests.support.restated_captures import DAY, FIRST, SECOND, THIRD, answer, capture

STATUS = DATASETS["play_status_code"]
SLOTS = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (0, 1)]
A, B, C = ("pull.example", "a"), ("pull.example", "b"), ("pull.example", "c")


# The table -----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "it's [a] home")


def refresh(home):
    """Bring the table level; how many revisions were compared."""
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        return revisions.refresh(connection, home)


def table(home, columns="*"):
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        return connection.execute(
            f"SELECT {columns} FROM revisions ORDER BY dataset, business_date, revised_at"
        ).fetchall()


def state(home):
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        return warehouse_connection.content_version(connection)


def test_a_day_captured_once_has_no_revision(home):
    capture(home, FIRST, {A: (1, 10)})
    assert refresh(home) == 0
    assert table(home) == []


def test_a_revision_tells_what_came_went_and_changed(home):
    old = capture(home, FIRST, {A: (1, 10), B: (1, 30)})
    new = capture(home, SECOND, {A: (1, 11), C: (2, 20)})
    assert refresh(home) == 1
    (row,) = table(home, "* EXCLUDE (changes, schema_version)")
    assert row == (
        "batch_stream_traffic", DAY, SECOND, new.name.text, old.name.text,
        2, 2, 1, 1, 1, "up_traffic_bytes", 0.5, None,
    )  # fmt: skip
    ((changes,),) = table(home, "changes")
    assert json.loads(changes) == {
        "up_traffic_bytes": {"cells": 0, "before": 2e9, "after": 3e9, "relative": 0.5},
        "down_traffic_bytes": {"cells": 1, "before": 4e10, "after": 3.1e10, "relative": -0.225},
    }
    assert [*json.loads(changes)] == ["up_traffic_bytes", "down_traffic_bytes"]


def test_each_capture_is_compared_with_the_one_before_it(home):
    for at, down in ((FIRST, 10), (SECOND, 20), (THIRD, 15)):
        capture(home, at, {A: (1, down)})
    assert refresh(home) == 2
    assert table(home, "revised_at, relative_change") == [(SECOND, 1.0), (THIRD, -0.25)]


def test_days_that_fill_and_empty(home):
    """There is no share of nothing, but there is a column that moved."""
    for at, rows in ((FIRST, {}), (SECOND, {A: (0, 10)}), (THIRD, {})):
        capture(home, at, rows)
    refresh(home)
    found = table(home, "rows_added, rows_removed, rows_changed, column_name, relative_change")
    assert found == [
        (1, 0, 0, "down_traffic_bytes", None),
        (0, 1, 0, "down_traffic_bytes", None),
    ]


def test_an_answer_with_a_new_field_only_is_a_revision_without_a_column(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 10)}, body=answer({A: (1, 10)}, Novelty=7))
    refresh(home)
    assert table(home, "rows_changed, column_name, changes") == [(0, None, "{}")]


def test_what_is_known_is_not_compared_again_and_nothing_is_opened(home, monkeypatch):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    refresh(home)
    before, rows = state(home), table(home)

    def opened(*_):
        raise AssertionError("a capture was opened")

    monkeypatch.setattr(captures.Capture, "responses", opened)
    assert refresh(home) == 0
    assert (state(home), table(home)) == (before, rows)


def test_only_the_new_revision_is_compared(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    refresh(home)
    capture(home, THIRD, {A: (1, 30)})
    assert refresh(home) == 1
    assert table(home, "relative_change") == [(1.0,), (0.5,)]


def test_without_its_database_the_table_comes_back_the_same(home):
    days = [DAY - timedelta(days=i) for i in range(3)]
    for at, factor in ((FIRST, 1.0), (SECOND, 1.03), (THIRD, 1 / 3)):
        for day in days:
            rows = {("pull.example", f"s{i}"): (i * factor, 0.1 * i * factor) for i in range(50)}
            capture(home, at, rows, day=day)
        refresh(home)  # a third of it each time
    before = table(home)
    home.warehouse.unlink()
    assert refresh(home) == 6
    assert table(home) == before


def test_a_new_normaliser_compares_all_again(home, monkeypatch):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    refresh(home)
    monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
    assert refresh(home) == 1
    assert table(home, "schema_version, relative_change") == [(parquet.SCHEMA_VERSION, 1.0)]
    assert refresh(home) == 0


def test_a_changed_schema_compares_the_revisions_of_its_dataset_again(home, monkeypatch):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    refresh(home)
    before = table(home)
    monkeypatch.setattr(revisions, "schema_hash", lambda dataset: f"new {dataset.name}")
    assert refresh(home) == 1
    assert table(home) == before
    assert refresh(home) == 0


def damage(found):
    """Cut the last byte off a capture's answers; returns what mends it."""
    file = found.folder / captures.RESPONSES
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    return lambda: file.write_bytes(whole)


@pytest.mark.parametrize("which", [0, 1], ids=["the earlier", "the later"])
def test_a_damaged_capture_is_named_and_tried_again(home, which):
    """It stops neither other days nor publishing; as long as it lasts, nothing changes."""
    both = [capture(home, FIRST, {A: (1, 10)}), capture(home, SECOND, {A: (1, 20), B: (1, 1)})]
    other = DAY - timedelta(days=1)
    for at, down in ((FIRST, 10), (SECOND, 20)):
        capture(home, at, {A: (1, down)}, day=other)
    mend = damage(both[which])
    assert refresh(home) == 2
    assert table(home, "business_date, rows_before, rows_after, rows_changed, problem") == [
        (other, 1, 1, 1, None),
        (DAY, 1, 2, None, f"{both[which].name.text} cannot be read; see livestats verify"),
    ]
    before = state(home)
    assert refresh(home) == 1
    assert state(home) == before
    mend()
    refresh(home)
    assert table(home, "rows_changed, problem") == [(1, None), (1, None)]


def test_a_capture_that_was_taken_away_takes_its_revision_along(home):
    capture(home, FIRST, {A: (1, 10)})
    middle = capture(home, SECOND, {A: (1, 20)})
    capture(home, THIRD, {A: (1, 40)})
    refresh(home)
    middle.folder.rename(home.root / "quarantine")
    assert refresh(home) == 1
    assert table(home, "revised_at, relative_change") == [(THIRD, 3.0)]


def test_an_error_leaves_table_and_folder_as_they_were(home, monkeypatch):
    capture(home, FIRST, {A: (1, 10)})
    refresh(home)
    capture(home, SECOND, {A: (1, 20)})

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(parquet, "normalise", full)
        with pytest.raises(OSError, match="No space left"):
            refresh(home)
    assert table(home) == []
    names = {home.warehouse.name, identity.note_of(home.warehouse).name}
    assert {p.name for p in home.warehouse.parent.iterdir()} == names
    assert refresh(home) == 1


def test_what_a_killed_run_left_is_removed(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    left = home.warehouse.parent / ".making-revisions-1-abcd"
    left.mkdir(parents=True)
    refresh(home)
    assert not left.exists()


def test_every_column_says_what_it_is():
    assert [n for n, (_, text) in revisions.COLUMNS.items() if not text.endswith(".")] == []
    assert "livestats diff" in revisions.TABLE_COMMENT


def test_a_table_of_an_older_declaration_is_made_anew(home):
    capture(home, FIRST, {A: (1, 10)})
    capture(home, SECOND, {A: (1, 20)})
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        connection.execute("CREATE TABLE revisions (dataset VARCHAR)")
    assert refresh(home) == 1


def test_many_revisions_are_kept_batch_by_batch(home, monkeypatch):
    """What was compared before a run is broken off need not be compared again."""
    monkeypatch.setattr(revisions, "_PER_TRANSACTION", 2)
    for day in (date(2026, 11, 1 + n) for n in range(5)):
        for at, down in ((FIRST, 10), (SECOND, 20)):
            capture(home, at, {A: (1, down)}, day=day)
    done = []

    def broken_off(*arguments):
        done.append(arguments)
        if len(done) > 6:  # two for each revision
            raise KeyboardInterrupt
        return normalise(*arguments)

    normalise = parquet.normalise
    with monkeypatch.context() as broken:
        broken.setattr(parquet, "normalise", broken_off)
        with pytest.raises(KeyboardInterrupt):
            refresh(home)
    assert len(table(home)) == 2
    assert refresh(home) == 3
    assert len(table(home)) == 5
