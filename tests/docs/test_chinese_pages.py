"""Each Chinese page says what its English twin says, so that none falls behind unnoticed.

Compared are the headings' levels, commands and outputs, rows of tables, items of lists, links,
pictures and, section by section, the code and the numbers in the text.
"""

import re
from pathlib import Path

import pytest

from tests.support.doc_pages import HEADING, ROOT, anchors, without_fences

ENDING = ".zh-CN.md"
MADE = {"dictionary.zh-CN.md"}
"""Made by a program together with its twin, which a test of its own holds."""
CHINESE = sorted(
    page
    for folder in (ROOT, ROOT / "docs")
    for page in folder.glob(f"*{ENDING}")
    if page.name not in MADE
)
FIRST_HOUR = ("README", "first-ten-minutes", "your-account", "faq", "terminal")
LARGE = {"万": 10_000, "million": 1_000_000}
in_each = pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)


def english(page: Path) -> Path:
    return page.with_name(page.name.replace(ENDING, ".md"))


def texts(page: Path) -> tuple[str, str]:
    """What the page says, and what its twin says."""
    return page.read_text("utf-8"), english(page).read_text("utf-8")


def levels(text):
    return [marks for marks, _ in HEADING.findall(without_fences(text))]


def commands(text):
    """Indented lines without their comments."""
    lines = re.findall(r"^ {4}(\S.*)$", without_fences(text), re.MULTILINE)
    return [line.partition("#")[0].strip() for line in lines]


def fenced(text):
    return re.findall(r"^```\w*\n.*?^```", text, re.DOTALL | re.MULTILINE)


def rows(text):
    """How many cells each line of a table has."""
    return [line.count("|") for line in without_fences(text).splitlines() if line.startswith("|")]


def items(text):
    return re.findall(r"^(-|\d\.) ", without_fences(text), re.MULTILINE)


def links(page):
    """Targets of a page's links and pictures, but for the one between the twins."""
    found = {*re.findall(r"\]\(([^)\s]+)\)", without_fences(page.read_text("utf-8")))}
    return found - {page.name.replace(ENDING, ".md"), page.name.replace(".md", ENDING)}


def translated(target, page):
    """Where a link of the English page leads from its twin: to the Chinese, if there is any."""
    if target.startswith("https:"):
        return target
    path, _, anchor = target.partition("#")
    source = page.parent / path if path else page
    twin = source.with_name(f"{source.stem}.zh-CN{source.suffix}")
    if not twin.is_file():
        return target
    if path:
        path = f"{path.removesuffix(source.suffix)}.zh-CN{source.suffix}"
    if anchor:
        anchor = anchors(twin)[anchors(source).index(anchor)]
    return f"{path}#{anchor}" if anchor else path


def prose(text):
    """By section: the text without blocks, tables, the targets of links and what generators mark."""
    text = re.sub(r"^(?:\|| {4}\S|<!--).*$", "", without_fences(text), flags=re.MULTILINE)
    return HEADING.sub("\0", re.sub(r"\]\([^)]*\)", "]", text)).split("\0")


def code(part):
    return {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", part)}


def numbers(part):
    """Numbers that are written in digits outside code."""
    found = re.findall(r"(\d[\d.,:]*\d|\d)(?: (万|million))?", re.sub(r"`[^`]+`", "", part))
    return {
        f"{float(figure.replace(',', '')) * LARGE[word]:,.0f}" if word else figure
        for figure, word in found
    }


def test_all_pages_of_the_first_hour_are_there():
    assert {page.name.removesuffix(ENDING) for page in CHINESE} >= {*FIRST_HOUR}


@in_each
@pytest.mark.parametrize("what", [levels, commands, fenced, rows, items])
def test_both_show_the_same(page, what):
    chinese, twin = texts(page)
    assert what(chinese) == what(twin)


@in_each
def test_both_lead_to_the_same_pages(page):
    twin = english(page)
    assert links(page) == {translated(target, twin) for target in links(twin)}


@in_each
@pytest.mark.parametrize("what", [code, numbers])
def test_each_section_names_all_that_its_twin_names(page, what):
    """Chinese may name more: what a sign of the output means, or how to have comments in Chinese."""
    chinese, twin = texts(page)
    pairs = zip(prose(chinese), prose(twin), strict=True)
    assert [lacking for mine, theirs in pairs if (lacking := what(theirs) - what(mine))] == []


@in_each
def test_each_leads_to_the_other(page):
    chinese, twin = (text.splitlines()[2] for text in texts(page))
    assert chinese == f"[English]({english(page).name})"
    assert twin == f"[中文]({page.name})"


@in_each
def test_no_line_ends_between_two_chinese_characters(page):
    """A page shows a line's end as a space, which Chinese has none of; after a mark it is unseen."""
    text = page.read_text("utf-8")
    assert re.findall(".{6}[\u4e00-\u9fff]\n *[\u4e00-\u9fff].{6}", text) == []


def test_the_questions_in_chinese_are_in_the_list_on_top():
    path = ROOT / "docs" / "faq.zh-CN.md"
    top = path.read_text("utf-8").partition("\n## ")[0]
    assert re.findall(r"\(#([^)]+)\)", top) == anchors(path)[1:]
