"""Headings of tables of rows."""

from pipelines.superset.shared import headed


def test_columns_have_titles_and_one_format_for_numbers():
    assert headed(",d", n="Number") == {
        "column_config": {"n": {"customColumnName": "Number", "d3NumberFormat": ",d"}}
    }
    assert headed(n="Number") == {"column_config": {"n": {"customColumnName": "Number"}}}
