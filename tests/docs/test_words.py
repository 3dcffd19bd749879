"""The code uses the field's terms: docs/architecture.md lists words that it does not use."""

import ast
import re

import pytest

from tests.support.doc_pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TABLE = PAGE.partition("## Words we do not use\n")[2]
BANNED = [
    word
    for row in re.findall(r"^\| (`.*?) \|", TABLE, re.M)
    for word in re.findall(r"`(\w+)`", row)
]


def names_in(tree):
    """Modules' own names: classes, functions, parameters and variables that are assigned."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_there_are_words():
    assert len(BANNED) >= 7


@pytest.mark.slow  # words only
def test_no_name_of_the_code_is_a_word_of_its_own():
    found = []
    for package in ("resources", "assets", "pipelines"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            names = {*names_in(tree), path.stem}
            found += [
                f"{path.relative_to(ROOT)}: {name}"
                for name in sorted(names)
                for word in BANNED
                if word in re.split(r"_(?=.)", name.lower()) or name.lower().strip("_") == word
            ]
    assert found == []


def test_every_room_is_on_the_page():
    rooms = [
        p.parent.relative_to(ROOT / "resources") for p in (ROOT / "resources").rglob("__init__.py")
    ]
    top = {room.parts[0] for room in rooms if room.parts}
    pipelines = {p.parent.name for p in (ROOT / "pipelines").glob("*/__init__.py")}
    assert [r for r in sorted(top) if f"`{r}`" not in PAGE] == []
    assert [r for r in sorted(pipelines) if f"`pipelines/{r}`" not in PAGE] == []
