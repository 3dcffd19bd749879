"""Comments of tables and columns in the language of the settings."""

from resources import i18n


def test_english_stays_and_a_text_without_translation_stays_too():
    assert i18n.say("column", "en") == "column"
    assert i18n.say("no such text", "zh") == "no such text"
    known, translated = next(iter(i18n.chinese().items()))
    assert i18n.say(known, "zh") == translated


def test_symbols_of_units_are_the_same_in_each_language():
    assert i18n.say_unit("Mbps", "zh") == i18n.say_unit("Mbps", "en") == "Mbps"
    assert i18n.say_unit(None, "zh") == ""


def test_a_table_tells_its_source_and_its_key():
    said = i18n.table_comment("Rows.", source="DescribeX", key=("domain", "day"))
    assert said == "Rows. Source: DescribeX. Key: domain, day."


def test_a_column_tells_its_unit_and_its_field():
    said = i18n.column_comment("Traffic.", unit="byte", field="Flow")
    assert said == "Traffic. Unit: byte. API: Flow."
    assert i18n.column_comment("Traffic.") == "Traffic."
