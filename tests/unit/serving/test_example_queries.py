"""The example queries of `livestats query --example`."""

import duckdb
import pytest

from resources.serving.example_queries import UnknownExample, example, examples


def test_each_example_has_a_question_and_one_statement_that_parses():
    for one in examples():
        assert one.question.endswith("?"), one.name
        assert len(duckdb.extract_statements(one.sql)) == 1, one.name


def test_an_unknown_name_names_the_nearest():
    name = examples()[0].name
    assert example(name).name == name
    with pytest.raises(UnknownExample, match=f"Did you mean {name}"):
        example(f"{name}s")
    with pytest.raises(UnknownExample, match="There are: "):
        example("../../../etc/passwd")


def test_an_example_names_the_files_that_it_joins():
    assert example("cost_by_price_list").files == {"prices": "domain, price_per_gb"}
    assert example("peak_viewers").files == {}
