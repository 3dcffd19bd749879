"""docs/faults.md names tests that exist, and at least three inputs for each kind of fault."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "faults.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("|")
][2:]


def test_every_kind_has_an_example_and_tests():
    assert len(ROWS) == 20
    assert all(len(row) == 4 and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_tests_of_a_kind_exist_and_are_some(row):
    named = re.findall(r"`([\w/]+)::(\w+)`", row[3])
    assert len(named) >= 3
    for path, name in named:
        assert name in functions_of(TESTS / f"{path}.py"), f"{path}::{name}"


def functions_of(path):
    module = ast.parse(path.read_text("utf-8"))
    return {one.name for one in module.body if isinstance(one, ast.FunctionDef)}
