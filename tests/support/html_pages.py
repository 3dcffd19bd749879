"""What a browser would find in a page: tags, text, and drawings."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "br", "col", "link", "img", "hr"}


class Page(HTMLParser):
    """Reads a whole document; `unclosed` and `stray` tags are mistakes of whoever wrote it."""

    def __init__(self, text):
        super().__init__()
        self.tags = Counter()
        self.names = set()  # of attributes
        self.ids = []
        self.inside = []
        self.stray = []
        self.pieces = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.names.update(name for name, _ in attrs)
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.inside.append(tag)
        self.pieces.append(" ")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.inside.pop()

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()
        else:
            self.stray.append(tag)

    def handle_data(self, data):
        if "style" not in self.inside:
            self.pieces.append(data)

    @property
    def text(self):
        """All text, with one blank between words."""
        return " ".join("".join(self.pieces).split())


def drawings(text):
    """Every inline drawing: what it is called and its SVG."""
    return dict(re.findall(r'<svg viewBox="[^"]*" role="img" aria-label="([^"]*)">(.*?)</svg>', text, re.DOTALL))  # fmt: skip


def strokes(svg, colour):
    """The lines of points of all paths in a colour, each a list of (x, y)."""
    found = []
    for tag in re.findall(r"<path [^>]*>", svg):
        if colour not in tag:
            continue
        for part in re.findall(r"M[^M]*", re.search(r' d="([^"]*)"', tag)[1]):
            numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", part)]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return found
