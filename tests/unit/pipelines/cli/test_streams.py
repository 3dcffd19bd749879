"""Standard streams and arguments on a lean machine."""

import io
import sys

from pipelines.cli import streams


def test_a_locale_without_chinese_prints_it_all_the_same(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    streams.prepare()
    sys.stdout.write("直播\n")
    sys.stdout.flush()
    assert raw.getvalue().decode("utf-8").strip() == "直播"


def test_another_encoding_shows_what_it_lacks_as_escapes(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    streams.prepare()
    sys.stdout.write("ä直\n")
    sys.stdout.flush()
    assert raw.getvalue() == b"\xe4\\u76f4\n"


def test_words_are_what_the_terminal_sent():
    sent = "直播".encode().decode("ascii", "surrogateescape")
    assert streams.decoded(["plain", sent, "直播"]) == ["plain", "直播", "直播"]
