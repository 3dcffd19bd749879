"""The tables that livestats keeps about the archive."""

from resources.api.catalog import DATASETS
from resources.marts.definition import read
from resources.system_tables.registry import META_TABLES, OWN_TABLES


def test_no_table_has_the_name_of_a_dataset_or_a_mart():
    assert OWN_TABLES.keys().isdisjoint({*DATASETS, *read()})


def test_every_table_and_column_says_what_it_holds():
    assert [name for name, comment in META_TABLES.items() if not comment] == []
    for name, table in OWN_TABLES.items():
        assert table.comment, name
        assert [c for c, (_, comment) in table.columns.items() if not comment] == [], name
