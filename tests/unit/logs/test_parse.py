"""Lines as Parquet: every line of every file, once, made again when files change."""

from __future__ import annotations

import gzip

import duckdb
import pytest

from resources.logs import erase, lines, notes, parse
from resources.raw.erasures import ItemKind, PlainItem
from tests.support.log_files import DAY, files_of, kept, log_lab


@pytest.fixture
def account(tmp_path):
    with log_lab(tmp_path, files="parse") as found:
        kept(found)
        yield found


def sync(account):
    return [*parse.sync(account.archive.home, [DAY])]


def path_of(account):
    return notes.folder_of(account.archive.home, DAY) / notes.LINES


def rows(account, sql="SELECT * FROM {}"):
    return duckdb.sql(sql.format(f"read_parquet('{path_of(account)}')")).fetchall()


def test_every_line_is_there_once_with_file_hour_and_number(account):
    (made,) = sync(account)
    truth = {
        (path.name[: -len(".0123456789ab.gz")], number, line)
        for path in files_of(account)
        for number, line in enumerate(gzip.decompress(path.read_bytes()).decode().splitlines(), 1)
    }
    found = rows(account, "SELECT file_name, line_number, line FROM {}")
    assert len(found) == made.lines > 1000
    assert {(name.removesuffix(".gz"), n, line) for name, n, line in found} >= {
        one for one in truth if one[0]
    }
    assert made.unreadable == ()
    days = rows(
        account, "SELECT DISTINCT business_date, (hour_start_at + INTERVAL 8 HOUR)::DATE FROM {}"
    )
    assert days == [(DAY, DAY)]
    assert sync(account) == []


def test_it_is_made_again_when_a_file_changes(account):
    sync(account)
    before = len(rows(account))
    item = PlainItem.parse(ItemKind.DOMAIN, "pull-1.sim.example")
    erase.erase(account.archive.home, DAY, item, "e")
    assert not path_of(account).exists()
    assert len(sync(account)) == 1
    assert 0 < len(rows(account)) < before
    assert (
        rows(account, "SELECT * FROM {} WHERE line LIKE '%pull-1.sim%' OR domain LIKE 'pull-1%'")
        == []
    )
    path_of(account).write_bytes(b"damaged")
    assert len(sync(account)) == 1


def test_a_damaged_file_costs_its_own_rest_and_a_bomb_is_given_up(account, monkeypatch):
    first, second = files_of(account)[:2]
    first.write_bytes(first.read_bytes()[:-9])
    second.write_bytes(gzip.compress(b"x" * (lines.LONGEST + 1)))
    (made,) = sync(account)
    assert len(made.unreadable) == 2
    assert "damaged" in made.unreadable[0]
    assert made.lines > 1000
    monkeypatch.setattr(parse, "MOST_TIMES", 0)
    monkeypatch.setattr(parse, "MOST_MORE", 100)
    path_of(account).unlink()
    (made,) = sync(account)
    assert len(made.unreadable) == len(files_of(account))
    assert any("unpacked" in one for one in made.unreadable)


def test_pieces_of_a_file_go_on_counting(account, monkeypatch):
    sync(account)
    whole = rows(account, "SELECT file_name, line_number FROM {} ORDER BY ALL")
    monkeypatch.setattr(parse, "_ROWS", 7)
    path_of(account).unlink()
    sync(account)
    assert rows(account, "SELECT file_name, line_number FROM {} ORDER BY ALL") == whole


def test_bytes_that_are_no_text_are_shown(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a\xffb\r\n\n")
    assert [*parse._batches(path)] == [(1, ["a\\xffb", ""])]


def test_a_damaged_note_costs_its_day(account):
    path_of(account).with_name(notes.NOTE).write_bytes(b"{}")
    (made,) = sync(account)
    assert made.lines == 0
    assert "cannot be read" in made.unreadable[0]
