"""All that can be queried, for other programs."""

import json

from resources.marts import data_dictionary

FIELDS = {
    "table", "kind", "group", "action", "description", "parameters", "variants", "key", "columns",
}  # fmt: skip


def test_every_entry_has_the_same_fields_and_only_datasets_have_an_action():
    tables = data_dictionary.tables()
    assert {frozenset(table) for table in tables} == {frozenset(FIELDS)}
    assert {table["kind"] for table in tables if table["action"]} == {"dataset"}
    assert len({table["table"] for table in tables}) == len(tables)
    json.dumps(tables)


def test_a_language_changes_texts_and_nothing_else():
    def facts(language):
        return [
            (table["table"], [(c["name"], c["type"], c["unit"]) for c in table["columns"]])
            for table in data_dictionary.tables(language)
        ]

    assert facts("en") == facts("zh")


def test_a_mart_is_described_with_units_and_key():
    (mart,) = [t for t in data_dictionary.tables() if t["table"] == "bandwidth_5min"]
    assert mart["key"] == ["domain", "slot_start_at"]
    assert {c["unit"] for c in mart["columns"] if c["name"].endswith("_mbps")} == {"Mbps"}
