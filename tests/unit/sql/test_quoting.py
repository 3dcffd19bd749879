"""Quoting: whatever text is quoted, DuckDB reads back as that text."""

from datetime import date

import duckdb
import pytest

from resources.sql import quoting

TEXTS = ["plain", "o'brien", '"', "'; DROP TABLE t; --", "back\\slash", "line\nbreak", "名字", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_a_literal_is_read_back(text):
    assert duckdb.sql(f"SELECT {quoting.literal(text)}").fetchall() == [(text,)]


@pytest.mark.parametrize("name", [text for text in TEXTS if text])
def test_an_identifier_is_read_back(name):
    assert duckdb.sql(f"SELECT 1 AS {quoting.identifier(name)}").columns == [name]


def test_dates_are_a_list():
    days = [date(2026, 11, 19), date(2026, 2, 28)]
    assert duckdb.sql(f"SELECT [{quoting.dates(days)}]").fetchall() == [(days,)]
