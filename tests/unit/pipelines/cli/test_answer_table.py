"""Answers as text: whole columns, numbers below each other, nothing of foreign text that a terminal obeys."""

from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.console import Console

from pipelines.cli import answer_table

ROWS = [("live.example.com", 1.5, None, "直播"), ("b", 1234.25, 7, "x\x1b[31m|")]
NAMES, TYPES = ("domain", "mbps", "n", "标题"), ("VARCHAR", "DOUBLE", "BIGINT", "VARCHAR")


def shown(columns, room, *, has_lines=False):
    made, hidden = answer_table.table(columns, room, has_lines=has_lines)
    console = Console(width=room or 1000)
    with console.capture() as caught:
        console.print(made)
    return [line.rstrip() for line in caught.get().splitlines()], hidden


@pytest.fixture
def few():
    return answer_table.columns(NAMES, TYPES, ROWS)


@pytest.fixture
def many():
    """Thirty columns of eight cells each."""
    names = [f"column{i:02}" for i in range(30)]
    return answer_table.columns(names, ["INTEGER"] * 30, [[i * 1111 for i in range(30)]])


def test_decimal_points_stand_below_each_other(few):
    lines, hidden = shown(few, None)
    assert lines == [
        "domain                mbps     n  标题",
        "live.example.com      1.5   NULL  直播",
        "b                 1,234.25     7  x\\x1b[31m|",
    ]
    assert hidden == 0


def test_a_box_has_lines_around_it(few):
    lines, _ = shown(few, None, has_lines=True)
    assert lines[0].startswith("┌")
    assert lines[1].startswith("│ domain ")
    assert len({cell_len(line) for line in lines}) == 1


@pytest.mark.parametrize("has_lines", [False, True])
@pytest.mark.parametrize("room", [27, 40, 80, 100, 297])
def test_columns_are_whole_or_hidden_and_the_ends_are_shown(many, room, has_lines):
    lines, hidden = shown(many, room, has_lines=has_lines)
    assert all(cell_len(line) <= room for line in lines)
    head = next(line for line in lines if "column00" in line)
    names = head.replace("│", " ").split()
    assert (names[0], names[-1]) == ("column00", "column29")
    assert names.count("…") == 1
    assert hidden == 30 - (len(names) - 1)


def test_what_fits_exactly_is_not_hidden(many):
    exactly = 30 * 8 + 29 * 2
    assert shown(many, exactly)[1] == 0
    assert shown(many, exactly - 1)[1] > 0
    boxed = 30 * 8 + 30 * 3 + 1
    assert shown(many, boxed, has_lines=True)[1] == 0
    assert shown(many, boxed - 1, has_lines=True)[1] > 0


def test_a_long_text_is_folded_before_a_column_is_hidden():
    text = "word " * 30
    found = answer_table.columns(("day", "problem"), ("DATE", "VARCHAR"), [("2026-11-01", text)])
    lines, hidden = shown(found, 60)
    assert hidden == 0
    assert sum(line.count("word") for line in lines) == 30


def test_no_rows_show_the_names():
    found = answer_table.columns(("a", "b"), ("INTEGER", "INTEGER"), [])
    assert shown(found, 80)[0] == ["a  b"]
    assert answer_table.lines(found) == ""
    assert answer_table.markdown(found) == "| a | b |\n|---:|---:|\n"


def test_markdown_has_every_cell_and_no_more_bars(few):
    assert answer_table.markdown(few).splitlines() == [
        "| domain | mbps | n | 标题 |",
        "|---|---:|---:|---|",
        "| live.example.com | 1.5 | NULL | 直播 |",
        "| b | 1,234.25 | 7 | x\\\\x1b[31m\\| |",
    ]


def test_a_line_for_each_value(few):
    assert answer_table.lines(few).split("\n\n")[0].splitlines() == [
        "domain = live.example.com",
        "  mbps = 1.5",
        "     n = NULL",
        "  标题 = 直播",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "cell", "is_number"),
    [
        ("DECIMAL(18,3)", Decimal("1.500"), "1.500", True),
        ("HUGEINT", 2**80, str(2**80), True),
        ("DOUBLE", 12345678.9, "12,345,679", True),
        ("DOUBLE", float("nan"), "nan", True),
        ("UUID", "a", "a", False),
        ("INTERVAL", "1 day", "1 day", False),
        ("UNION(n INTEGER)", 1, "1", False),
    ],
)
def test_numbers_are_known_by_their_type(kind, value, cell, is_number):
    (found,) = answer_table.columns(("x",), (kind,), [(value,)])
    assert (found.cells, found.is_number) == ([cell], is_number)
