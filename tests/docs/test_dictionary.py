"""docs/dictionary.md and its Chinese twin hold every table, mart and column, as they are now."""

import re

import pytest

from pipelines.docgen import dictionary
from resources.marts import data_dictionary

TEXTS = {name: path.read_text("utf-8") for name, path in dictionary.PAGES.items()}
in_both = pytest.mark.parametrize("language", TEXTS)


@in_both
def test_the_page_is_in_step_with_catalog_and_marts(language):
    """Else: python -m pipelines.docgen.dictionary."""
    assert dictionary.page(language) == TEXTS[language]


@in_both
def test_every_table_has_its_place_and_every_column_its_line(language):
    for table in data_dictionary.tables():
        _, _, rest = TEXTS[language].partition(f"\n### {table['table']}\n")
        part = rest.partition("\n##")[0]
        assert part, table["table"]
        rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", part, re.MULTILINE)
        assert rows == [(c["name"], c["type"]) for c in table["columns"]]


@in_both
def test_the_index_leads_to_every_table(language):
    index = TEXTS[language].partition("\n## ")[0]
    linked = re.findall(r"\[(\w+)\]\(#(\w+)\)", index)
    assert sorted(linked) == sorted((t["table"], t["table"]) for t in data_dictionary.tables())


@in_both
def test_no_cell_breaks_out_of_its_row(language):
    """A bar or a line end in a meaning would."""
    rows = [line for line in TEXTS[language].splitlines() if line.startswith("| `")]
    counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert counts <= {4, 5, 6}
    assert len(rows) > 300


def test_the_chinese_page_has_no_english_sentence():
    """Names and values alone are of Latin letters: never four words with nothing between."""
    text = re.sub(r"`[^`]*`", "", TEXTS["zh"])
    assert re.findall(r"[a-zA-Z]+ [a-z]+ [a-z]+ [a-z]+", text) == []
