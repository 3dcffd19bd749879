"""README.md says what is so."""

import re

import pytest

from pipelines.cli import COMMANDS
from pipelines.docgen import readme

TEXT = readme.README.read_text("utf-8")


@pytest.mark.parametrize("language", readme.READMES)
def test_the_table_of_datasets_is_that_of_the_catalog(language):
    """Else: python -m pipelines.docgen.readme."""
    text = readme.READMES[language].read_text("utf-8")
    assert readme.with_table(text, language) == text


def test_a_readme_without_a_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match="no place for the table"):
        readme.with_table("# livestats\n")


@pytest.mark.parametrize("language", readme.ACCOUNTS)
def test_the_table_of_actions_is_that_of_the_catalog(language):
    """Else: python -m pipelines.docgen.readme."""
    text = readme.ACCOUNTS[language].read_text("utf-8")
    assert readme.with_actions(text, language) == text


def test_every_command_that_it_shows_is_one():
    shown = set(re.findall(r"^ *(?:\$ )?(?:\.venv/bin/)?livestats ([a-z]+)", TEXT, re.MULTILINE))
    assert shown <= set(COMMANDS)
    assert {"doctor", "plan", "backfill", "status", "query", "ui"} <= shown


def test_what_it_links_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert links
    assert [link for link in links if not (readme.README.parent / link).exists()] == []
