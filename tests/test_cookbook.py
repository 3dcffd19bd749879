"""docs/cookbook.md: twenty questions, and the answers that the tool gives to them today."""

from functools import cache

import pytest
from click.testing import CliRunner

from pipelines import cookbook
from pipelines.cli import main
from resources.examples import example, examples


@pytest.fixture(scope="module")
def ask():
    """What `livestats query --example` prints in the archive of the page."""
    with cookbook.archive() as environ:

        @cache
        def answer(name):
            result = CliRunner().invoke(main, ["query", "--example", name], env=environ)
            assert result.exit_code == 0, result.output
            return result.stdout

        yield answer


def test_every_example_stands_in_one_chapter():
    listed = [name for names in cookbook.CHAPTERS.values() for name in names]
    assert sorted(listed) == [found.name for found in examples()]
    assert len(listed) == 20


@pytest.mark.parametrize("name", [found.name for found in examples()])
def test_an_example_is_a_question_and_fits_the_page(name):
    found = example(name)
    assert found.question.endswith("?")
    assert all(len(line) <= 100 for line in found.sql.splitlines())


def test_the_page_holds_what_is_answered_now(ask):
    """Else: python -m pipelines.cookbook."""
    assert cookbook.PAGE.read_text("utf-8") == cookbook.page(ask)


def test_no_answer_is_empty(ask):
    """A question without rows would show nothing of how its answer looks."""
    for found in examples():
        assert len(ask(found.name).splitlines()) > 1, found.name
