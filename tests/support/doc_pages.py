"""What the pages of the documentation show: commands, and what is said to come out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
_HEREDOC = re.compile(r"<<(\w+)$")
_COMMENT = re.compile(r"(?:^|\s+)#\s.*$")


@dataclass(frozen=True)
class Shown:
    """One command of a page, and the lines that it shows below it as its output."""

    command: str
    output: tuple[str, ...] = ()


def without_fences(text: str) -> str:
    """The page without its fenced blocks."""
    return FENCED.sub("", text)


def anchors(page: Path) -> list[str]:
    """Those of the page's headings, in order, as GitHub makes them."""
    return [
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for _, heading in HEADING.findall(without_fences(page.read_text("utf-8")))
    ]


def shell_lines(page: Path) -> list[str]:
    """What a reader would type: lines of indented blocks, and those after a $ in fenced ones.

    Without comments; what a backslash or an open quote joins is one line, and a here-document
    belongs to its command.
    """
    text = page.read_text("utf-8")
    blocks = [[line[4:] for line in block.splitlines()] for block in _indented(text)]
    blocks += [[one.command] for one in transcripts(text)]
    return [command for block in blocks for command in _joined(block)]


def transcripts(text: str) -> Iterator[Shown]:
    """Commands after a $ in fenced blocks, each with what stands below it."""
    for _, block in FENCED.findall(text):
        if block.startswith("$ "):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, *output = part.rstrip("\n").splitlines()
                yield Shown(_COMMENT.sub("", command), tuple(output))


def _indented(text: str) -> Iterator[str]:
    """Indented blocks that are no continuation of a list."""
    for found in _INDENTED.finditer(without_fences(text)):
        if found.group()[4] != " ":
            yield found.group()


def _joined(lines: list[str]) -> Iterator[str]:
    pending, end = "", ""
    for line in lines:
        if end:
            end = "" if line == end else end
            continue
        pending = f"{pending}\n{line}" if pending else line
        heredoc = _HEREDOC.search(pending)
        if heredoc:
            end, pending = heredoc[1], pending[: heredoc.start()].rstrip()
        elif line.endswith("\\") or pending.count('"') % 2:
            continue
        command = pending.replace("\\\n", " ") if "\n" in pending else _COMMENT.sub("", pending)
        pending = ""
        if command.strip():
            yield command.strip()
