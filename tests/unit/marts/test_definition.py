"""Marts as files: a header that documents every column of one SELECT, and what it reads."""

import re

import pytest

from resources.marts import schema
from resources.marts.definition import MartError, MartKind, available, read, sources
from resources.system_tables.registry import OWN_TABLES
from tests.support.each import each
from tests.support.units import ENDINGS, NAMED_AFTER

MARTS = read()
marts = each("mart", MARTS.values(), lambda m: m.name)

SOUND = """-- Requests of a day.
-- group: traffic
-- kind: view
-- key: business_date
-- columns:
--   business_date: Calendar day.
--   requests [requests]: Requests of the day,
--     of all carriers.
SELECT business_date, sum(requests) AS requests FROM edge_stat GROUP BY 1;
"""


@pytest.fixture
def folder(tmp_path):
    """Writes files; what they define."""

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.sql").write_text(text)
        return read.__wrapped__(tmp_path)

    return write


# The marts of this checkout ----------------------------------------------------------------------


def test_headers_list_the_columns_of_their_select_in_order():
    """`types` refuses a mart otherwise, and one that DuckDB cannot make."""
    assert {n: [*c] for n, c in schema.types().items()} == {
        n: [c.name for c in m.columns] for n, m in MARTS.items()
    }


@marts
def test_every_text_is_a_sentence(mart):
    for text in (mart.meaning, *(c.meaning for c in (*mart.columns, *mart.parameters))):
        assert text.endswith("."), text
        assert text.isprintable()


@marts
def test_a_name_ends_in_its_unit(mart):
    for column in mart.columns:
        if column.unit in ENDINGS:
            assert re.search(f"({ENDINGS[column.unit]})$", column.name), column
        elif column.unit is None:
            foreign = [e for unit, e in ENDINGS.items() if unit not in NAMED_AFTER]
            assert not re.search(f"({'|'.join(foreign)})$", column.name), column


@marts
def test_a_quantity_has_a_unit(mart):
    types = schema.types()[mart.name]
    bare = [c.name for c in mart.columns if types[c.name] == "DOUBLE" and c.unit is None]
    assert bare == []


@marts
def test_its_types_are_those_of_tables(mart):
    """Sums of whole numbers are BIGINT, not HUGEINT, which most drivers cannot read."""
    kinds = {"VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMPTZ"}
    assert {n: k for n, k in schema.types()[mart.name].items() if k not in kinds} == {}


@marts
def test_its_sql_is_known_to_duckdb_1_2(mart):
    assert not re.search(r"\blambda\b|->(?!>)", mart.sql)


def test_units_of_a_name_are_the_same_in_all_marts_and_tables():
    from resources.marts.data_dictionary import tables

    units = {}
    for table in tables():
        for column in table["columns"]:
            units.setdefault(column["name"], {}).setdefault(column["unit"], table["table"])
    assert {name: found for name, found in units.items() if len(found) > 1} == {}


# The form of a file ------------------------------------------------------------------------------


def test_a_header_says_all_about_a_mart(folder):
    mart = folder(daily=SOUND)["daily"]
    assert (mart.meaning, mart.group, mart.kind) == ("Requests of a day.", "traffic", MartKind.VIEW)
    assert mart.key == ("business_date",)
    assert [(c.name, c.unit, c.meaning) for c in mart.columns] == [
        ("business_date", None, "Calendar day."),
        ("requests", "requests", "Requests of the day, of all carriers."),
    ]
    assert mart.reads == ("edge_stat",)
    assert mart.sql.startswith("SELECT")
    assert not mart.sql.endswith(";")


def test_what_marts_have_in_common_is_included_in_header_and_select(folder, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "day.sql").write_text("--   business_date: Calendar day.\n")
    (tmp_path / "parts" / "carried.sql").write_text("carried AS (FROM edge_stat)\n")
    text = SOUND.replace("--   business_date: Calendar day.", "-- include: day")
    text = text.replace("SELECT", "WITH\n-- include: carried\nSELECT").replace(
        "edge_stat", "carried"
    )
    mart = folder(daily=text)["daily"]
    assert mart.columns == folder(daily=SOUND)["daily"].columns
    assert mart.reads == ("edge_stat",)
    assert "FROM edge_stat" in mart.sql


def test_billing_rules_stand_once_for_all_sources():
    """A bill cannot differ from monitoring by its rules."""
    names = [n for n in MARTS if re.fullmatch(r"bill(ed|ing)_monthly_(account|by_domain)", n)]
    rules = {
        MARTS[name].sql.partition("daily AS (")[2].rpartition(")\nSELECT")[0] for name in names
    }
    assert len(names) == 4
    assert len(rules) == 1


def test_a_macro_has_parameters_with_and_without_defaults(folder):
    text = SOUND.replace("kind: view", "kind: macro").replace(
        "-- columns:", "-- parameters:\n--   day: The day.\n--   n = 20: How many.\n-- columns:"
    )
    mart = folder(top=text)["top"]
    assert [(p.name, p.default) for p in mart.parameters] == [("day", None), ("n", "20")]
    assert mart.call == "top(NULL)"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("-- Requests", "SELECT 1 -- Requests", "does not begin with a header"),
        ("kind: view", "kind: cube", "'cube' is none of view, table by day, macro"),
        ("-- group: traffic\n", "", "needs a meaning, a group and columns"),
        ("--   business_date: Cal", "--   business_date; Cal", "is not 'name: meaning'"),
        ("-- key: business_date", "-- key: domain", "domain of the key is no column"),
        ("--   business_date: Cal", "--  business_date: Cal", ":6: .* fits no part"),
        ("-- key:", "--  keys:", "kind: 'view keys: business_date' is none of"),
        ("GROUP BY 1", "GROUP BY 1; DROP TABLE edge_stat", "exactly one SELECT"),
        ("SELECT business_date,", "SELEC business_date,", "syntax error"),
        ("SELECT business_date,", "DELETE FROM edge_stat; SELECT business_date,", "exactly one"),
        ("FROM edge_stat", "FROM edge_stats", "reads edge_stats: no such table"),
        ("FROM edge_stat", "FROM daily", "in a circle: daily > daily"),
        ("SELECT business_date", "WITH isp AS (SELECT 1) SELECT business_date", "WITH isp hides"),
        (
            "-- columns:\n",
            "-- columns:\n-- include: rules\n",
            "daily.sql includes rules: there is no",
        ),
        ("SELECT", "-- include: ../x\nSELECT", "daily.sql includes ../x: there is no"),
        ("kind: view", "kind: macro", "a macro, and nothing else, has parameters"),
        ("kind: view", "kind: view\n-- optional: isp", "isp is optional, but no dataset that it"),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_name(folder, old, new, problem):
    assert old in SOUND
    with pytest.raises(MartError, match=problem) as caught:
        folder(daily=SOUND.replace(old, new))
    assert "daily" in str(caught.value)


@pytest.mark.parametrize("name", ["edge_stat", "ledger", "With-Dash", "x; DROP"])
def test_a_name_that_is_taken_or_no_name_is_refused(folder, name):
    with pytest.raises(MartError, match="another table, or is not snake_case"):
        folder(**{name: SOUND})


def test_names_of_cuts_are_kept_for_cuts(folder):
    with pytest.raises(MartError, match="names that begin with cut_ are those of cuts"):
        folder(cut_mine=SOUND)


def test_a_table_by_day_reads_only_what_is_known_day_by_day(folder):
    text = SOUND.replace("view", "table by day").replace("edge_stat", "ledger").replace(
        "requests)", "rows)"
    )  # fmt: skip
    with pytest.raises(MartError, match="reads ledger, whose changes are not known day by day"):
        folder(daily=text)


def test_a_header_that_lists_other_columns_than_its_select_is_refused(folder):
    text = SOUND.replace("AS requests", "AS asked")
    with pytest.raises(MartError, match="columns business_date, requests, and the SELECT has"):
        schema.types(folder(daily=text))


def test_marts_come_after_what_they_read(folder):
    above = SOUND.replace("edge_stat", "zebra")
    found = folder(aardvark=above, zebra=SOUND)
    assert [*found] == ["zebra", "aardvark"]
    assert sources(found["aardvark"], found) == {"edge_stat"}


def test_a_mart_is_left_out_with_any_table_that_it_stands_on(folder):
    above = SOUND.replace("edge_stat", "zebra")
    found = folder(
        aardvark=above, zebra=SOUND, other=SOUND.replace("edge_stat", "edge_stat_by_region")
    )
    assert [m.name for m in available(found, ["edge_stat_by_region"])] == ["other"]
    assert available(found, [*OWN_TABLES]) == []


def test_what_it_reads_is_found_behind_aliases_and_under_ctes(folder):
    header = SOUND.partition("SELECT")[0]
    text = "WITH e AS (FROM edge_stat AS s, isp i) SELECT business_date, requests FROM e x"
    assert folder(daily=header + text)["daily"].reads == ("edge_stat", "isp")


WITH_CARRIERS = SOUND.replace("-- columns:", "-- optional: isp\n-- columns:").replace(
    "FROM edge_stat", "FROM edge_stat e LEFT JOIN isp i ON i.isp = e.isp"
)


def test_an_optional_table_may_be_missing(folder):
    found = folder(daily=WITH_CARRIERS, above=SOUND.replace("edge_stat", "daily"))
    assert [m.name for m in available(found, ["edge_stat", "isp"])] == [*found]
    assert [m.name for m in available(found, ["edge_stat"])] == [*found]
    assert available(found, ["isp"]) == []


def test_a_mart_of_which_nothing_is_there_is_left_out_even_if_all_is_optional(folder):
    text = SOUND.replace("-- columns:", "-- optional: edge_stat\n-- columns:")
    assert available(folder(daily=text), ["isp"]) == []
