"""What a browser would find in a page: tags, text, data of its script, and what the script makes of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "br", "col", "link", "img", "hr", "input"}


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
        if not {"style", "script"} & {*self.inside}:
            self.pieces.append(data)

    @property
    def text(self):
        """All text, with one blank between words."""
        return " ".join("".join(self.pieces).split())


def data_of(text):
    """What the page has for its script."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])  # fmt: skip


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")  # fmt: skip


def after_script(path, profile, *, address="", zone="America/New_York"):
    """The document of a file as Chromium has it once its script has run, in a browser of that zone."""
    found = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={profile}", "--virtual-time-budget=10000",
            "--dump-dom", f"{path.as_uri()}{address}",
        ],
        env={"TZ": zone, "PATH": "/usr/bin:/bin", "HOME": str(profile)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )  # fmt: skip
    return found.stdout
