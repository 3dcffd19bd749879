"""README.zh-CN.md says what README.md says: the same commands, pages and pictures, in that order."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, CHINESE = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))


def commands(text):
    """Indented lines without their comments."""
    lines = re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)
    return [line.partition("#")[0].strip() for line in lines]


def outputs(text):
    return re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def targets(text, pattern):
    return set(re.findall(pattern, text))


@pytest.mark.parametrize("what", [commands, outputs], ids=["commands", "outputs"])
def test_both_show_the_same(what):
    assert what(CHINESE) == what(ENGLISH)


@pytest.mark.parametrize(
    "pattern", [r"\]\((docs/[^)#]+)", r"`([a-z_]+/)`"], ids=["links", "folders"]
)
def test_both_lead_to_the_same_pages(pattern):
    theirs = targets(ENGLISH, pattern)
    translated = {page: re.sub(r"(\.\w+)$", r".zh-CN\1", page) for page in theirs}
    expected = {new if (ROOT / new).is_file() else page for page, new in translated.items()}
    assert targets(CHINESE, pattern) == expected


def test_each_leads_to_the_other():
    assert "(README.zh-CN.md)" in ENGLISH
    assert "(README.md)" in CHINESE


def test_no_line_ends_between_two_chinese_characters():
    """A page shows a line's end as a space, which Chinese has none of; after a mark it is unseen."""
    assert re.findall(".{6}[\u4e00-\u9fff]\n *[\u4e00-\u9fff].{6}", CHINESE) == []
