"""The settings that tables were made under are told apart, in words."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from resources.config import Settings
from resources.home.layout import Home
from resources.system_tables import made_under
from resources.warehouse import connection as warehouse_connection

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def databases(tmp_path):
    with duckdb.connect() as connection:
        for name in ("anew", "held"):
            connection.execute(f"ATTACH '{tmp_path / name}' AS {name}")
            connection.execute(f"USE {name}")
            connection.execute(warehouse_connection.CREATE_META_TABLES)
        yield connection


def note(databases, name, tmp_path, **settings):
    databases.execute(f"USE {name}")
    made_under.note(databases, Home(tmp_path), Settings(home=tmp_path, **settings), NOW)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ""),
        ({"workers": 3}, ""),
        ({"datasets_off": ("top_play",)}, "other datasets are on, datasets are limited otherwise"),
        ({"first_day": date(2026, 1, 1)}, "the archive begins on another day"),
        ({"expiry_warning_days": 1}, "days are called expiring at another time"),
        ({"pull_domains": ("a.example",)}, "other domains are named"),
    ],
)
def test_what_decides_the_tables_is_told(databases, tmp_path, settings, said):
    note(databases, "held", tmp_path)
    note(databases, "anew", tmp_path, **settings)
    assert made_under.difference(databases, "anew", "held") == said


def test_the_same_again_is_no_change(databases, tmp_path):
    note(databases, "held", tmp_path)
    before = databases.execute("FROM held.meta.state").fetchall()
    note(databases, "held", tmp_path)
    assert databases.execute("FROM held.meta.state").fetchall() == before


def test_a_database_of_an_earlier_version_tells_nothing(databases, tmp_path):
    note(databases, "anew", tmp_path)
    assert made_under.difference(databases, "anew", "held") == ""
