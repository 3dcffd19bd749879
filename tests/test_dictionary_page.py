"""docs/dictionary.md holds every table, mart and column, as they are now."""

import re

from pipelines import dictionary_page
from resources import contents

TEXT = dictionary_page.PAGE.read_text("utf-8")


def test_the_page_is_in_step_with_catalogue_and_marts():
    """Else: python -m pipelines.dictionary_page."""
    assert dictionary_page.page() == TEXT


def test_every_table_has_its_place_and_every_column_its_line():
    for table in contents.tables():
        _, _, rest = TEXT.partition(f"\n### {table['table']}\n")
        part = rest.partition("\n##")[0]
        assert part, table["table"]
        rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", part, re.MULTILINE)
        assert rows == [(c["name"], c["type"]) for c in table["columns"]]


def test_the_index_leads_to_every_table():
    index = TEXT.partition("\n## ")[0]
    linked = re.findall(r"\[(\w+)\]\(#(\w+)\)", index)
    assert sorted(linked) == sorted((t["table"], t["table"]) for t in contents.tables())


def test_no_cell_breaks_out_of_its_row():
    """A bar or a line end in a meaning would."""
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert counts <= {4, 5, 6}
    assert len(rows) > 300
