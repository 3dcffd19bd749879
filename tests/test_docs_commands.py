"""The commands that the documentation shows are commands that there are, options and all."""

import re
import shlex
from pathlib import Path

import click
import pytest

from pipelines.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
INLINE = re.compile(r"`(livestats [^`]+)`", re.DOTALL)
PLACEHOLDERS = {"DAY": "2026-11-01", "NAME": "edge_stat", "...": ""}


def blocks(text):
    """Fenced and indented blocks, with lines that a backslash or an open quote joins."""
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    indented = re.findall(r"(?:^ {4}.*\n)+", text, re.MULTILINE)
    for block in [*fenced, *indented]:
        joined, pending = [], ""
        for line in block.splitlines():
            pending = f"{pending}\n{line}" if pending else line
            if line.endswith("\\") or pending.count('"') % 2:
                continue
            joined.append(pending.replace("\\\n", " "))
            pending = ""
        yield from joined


def shown(page):
    """Every livestats command of a page, as words."""
    text = page.read_text("utf-8")
    lines = [match for line in blocks(text) for match in re.findall(
        r"(?:^|[\s;&|]|bin/)(livestats [a-z][^|;&#]*)", line)]  # fmt: skip
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for found in [*lines, *INLINE.findall(without_blocks)]:
        words = shlex.split(found.replace("\n", " "), comments=True)[1:]
        words = [PLACEHOLDERS.get(word, word) for word in words]
        if (words and words[0] in COMMANDS) or (words[:1] and re.fullmatch("[a-z]+", words[0])):
            yield [word for word in words if word]


CASES = [(page.name, words) for page in PAGES for words in shown(page)]


def test_the_pages_show_commands():
    assert {"README.md", "operating.md", "recovery.md"} <= {name for name, _ in CASES}


@pytest.mark.parametrize(
    ("page", "words"), CASES, ids=lambda x: x if isinstance(x, str) else " ".join(x)
)
def test_a_command_that_is_shown_can_be_called_like_that(page, words):
    name, *rest = words
    command = main.get_command(click.Context(main), name)
    assert command is not None, f"{page} shows livestats {name}"
    parser = command.make_parser(click.Context(command))
    parser.parse_args(rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http:", "https:", "data:")):
            continue
        path, _, anchor = target.partition("#")
        if (path and not (page.parent / path).exists()) or (not path and anchor not in anchors):
            missing.append(target)
    assert missing == []
