"""Figures, days and names for the terminal."""

import json
import logging
from datetime import date, timedelta

import click
import pytest
from click.testing import CliRunner
from rich.table import Table
from rich.text import Text

from pipelines.cli import main, screen, streams
from resources.archive import Archive
from resources.errors import LivestatsError


def test_days_are_written_as_ranges():
    first = date(2026, 11, 1)
    days = [first + timedelta(days=i) for i in (0, 1, 2, 5, 7, 9)]
    assert screen.days_text(days, most=2) == (
        "2026-11-01 to 2026-11-03, 2026-11-06 and 2 more ranges"
    )
    assert screen.days_text([]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "<1 s"), (45, "45 s"), (180, "3 min"), (7500, "2 h 5 min")]
)
def test_a_span_is_told_in_the_units_of_people(seconds, text):
    assert screen.span(seconds) == text


def test_datasets_with_the_same_days_share_a_line():
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    lines = screen.stated("Lost", {"a": days, "b": days, "c": days[:1], "d": []}, "forgotten")
    assert lines == [
        "Lost: a, b 2026-11-01 to 2026-11-02: forgotten.",
        "Lost: c 2026-11-01: forgotten.",
    ]


# Foreign text -------------------------------------------------------------------------------------

HOSTILE = {
    "escape": ("a\x1b[2Jb", r"a\x1b[2Jb"),
    "carriage return": ("a\rb", r"a\rb"),
    "right to left": ("a\u202eb", r"a\u202eb"),
    "one byte of control": ("a\x9b2Jb", r"a\x9b2Jb"),
    "delete": ("a\x7fb", r"a\x7fb"),
}
PRINTS = {
    "say": screen.say,
    "note": screen.note,
    "console": lambda text: screen.console(wide=True).print(text),
    "text in a console": lambda text: screen.console(wide=True).print(Text(text)),
}


def table(text):
    shown = Table(text)
    shown.add_row(text)
    screen.console(stderr=True, wide=True).print(shown)


@pytest.mark.parametrize("show", [*PRINTS.values(), table], ids=[*PRINTS, "table"])
@pytest.mark.parametrize(("text", "shown"), HOSTILE.values(), ids=HOSTILE)
def test_control_characters_are_shown_escaped(text, shown, show, capsys):
    show(f"{text} 中文")
    out = "".join(capsys.readouterr())
    assert shown in out or text == "a\rb", "rich removes it"
    assert out.replace("\n", "").isprintable()
    assert "中文" in out


@pytest.mark.parametrize(("text", "_shown"), HOSTILE.values(), ids=HOSTILE)
def test_json_keeps_them_as_escapes_of_json(text, _shown, capsys):
    screen.emit_json({"name": f"{text} 中文"})
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert json.loads(out) == {"name": f"{text} 中文"}
    assert "中文" in out


def test_a_name_in_a_list_stays_on_its_line():
    assert screen.names_text(["a\nb", "c"]) == r"a\nb, c"


@pytest.mark.parametrize("kind", [click.ClickException, click.UsageError, LivestatsError])
def test_messages_of_errors_are_escaped(kind, monkeypatch, tmp_path):
    def fail(*_, **__):
        raise kind("no domain a\x1b[2Jb")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Archive, "open", fail)
    result = CliRunner().invoke(main, ["status"])
    assert result.exit_code != 0
    assert r"no domain a\x1b[2Jb" in result.output
    assert "\x1b" not in result.output


def test_warnings_are_escaped(capsys):
    streams.prepare()
    record = logging.LogRecord("livestats.capture", logging.WARNING, "", 1, "a\x1bb", (), None)
    logging.lastResort.emit(record)
    assert capsys.readouterr().err == "a\\x1bb\n"
