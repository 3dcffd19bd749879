"""From which columns those of a mart are made."""

from dataclasses import replace

from resources.api.catalog import DATASETS
from resources.marts import lineage, schema
from resources.marts.definition import read
from resources.system_tables.registry import OWN_TABLES

KNOWN = {
    **{name: {column.name for column in dataset.columns} for name, dataset in DATASETS.items()},
    **{name: {*table.columns} for name, table in OWN_TABLES.items()},
    **{name: {*columns} for name, columns in schema.types().items()},
}


def test_a_column_names_what_its_values_are_made_from():
    found = lineage.of(read()["bandwidth_5min"])
    assert found["up_mbps"] == [
        ("edge_stat", "slot_seconds"),
        ("edge_stat", "up_traffic_bytes"),
    ]
    assert lineage.of(read()["viewers_daily_account"])["basis"] == []  # a constant


def test_every_source_is_a_column_of_a_table_that_the_mart_reads():
    for mart in read().values():
        found = lineage.of(mart)
        assert not found or [*found] == [column.name for column in mart.columns]
        for sources in found.values():
            assert {source.table for source in sources} <= {*mart.reads}
            assert [one for one in sources if one.column not in KNOWN[one.table]] == []


def test_a_mart_whose_sql_has_changed_has_none_rather_than_an_old_one():
    mart = read()["bandwidth_5min"]
    assert lineage.of(mart)
    assert lineage.of(replace(mart, sql=mart.sql + " LIMIT 1")) == {}
    assert lineage.of(replace(mart, name="another")) == {}
