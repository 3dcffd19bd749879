"""The file formats of answers."""

from pathlib import Path

import pytest

from resources.serving.formats import FORMATS, format_of


@pytest.mark.parametrize(
    ("name", "found"), [("a.csv", "csv"), ("a.PARQUET", "parquet"), ("a.b.json", "json")]
)
def test_the_ending_of_a_name_says_the_format(name, found):
    assert format_of(Path(name)) is FORMATS[found]


def test_any_other_ending_says_none():
    assert format_of(Path("a.ods")) is format_of(Path("csv")) is None


def test_only_texts_go_to_a_terminal():
    assert {one.name for one in FORMATS.values() if not one.is_text} == {"parquet", "xlsx"}
