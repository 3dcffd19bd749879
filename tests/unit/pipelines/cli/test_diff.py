"""`livestats diff`: which two captures, what is shown, and what is said when there are not two."""

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.home.layout import Home
from resources.raw import captures as raw_captures
from resources.raw import seen_notes
from tests.support.restated_captures import DAY, FIRST, SECOND, THIRD, answer, capture

A, B, C = ("pull.example", "a"), ("pull.example", "b"), ("pull.example", "c")
NAME = "batch_stream_traffic"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def diff(home, tmp_path):
    """Calls the command, without key and without database."""

    def call(*words, day=DAY, name=NAME):
        environ = {"LIVESTATS_HOME": str(home.root), "HOME": str(tmp_path), "COLUMNS": "80"}
        return CliRunner().invoke(main, ("diff", name, str(day), *words), env=environ)

    return call


@pytest.fixture
def three(home):
    """The day as it was captured three times: one stream went, one came, one changed twice."""
    return [
        capture(home, FIRST, {A: (1, 10), B: (1, 30)}),
        capture(home, SECOND, {A: (1, 11), B: (1, 30)}),
        capture(home, THIRD, {A: (1, 12.5), C: (2, 20)}),
    ]


def names(captures):
    return [c.name.text for c in captures]


def asked(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# What is told ---------------------------------------------------------------------------------


def test_json_has_counts_columns_and_cells(diff, three):
    found = asked(diff("--json"))
    assert (found["dataset"], found["day"]) == (NAME, str(DAY))
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 1)
    assert (found["from"]["rows"], found["to"]["rows"]) == (2, 2)
    assert found["to"]["capture"] == names(three)[2]
    assert found["to"]["fetched_at"] == "2026-11-23T00:20:00+00:00"
    assert found["columns"]["down_traffic_bytes"] == {
        "cells": 1, "before": 4.1e10, "after": 3.25e10, "relative": -0.207317073,
    }  # fmt: skip
    assert [(row["change"], row["key"]["stream"], row["cells"]) for row in found["rows"]] == [
        ("changed", "a", {"down_traffic_bytes": {"old": 1.1e10, "new": 1.25e10}}),
        (
            "removed",
            "b",
            {
                "up_traffic_bytes": {"old": 1e9, "new": None},
                "down_traffic_bytes": {"old": 3e10, "new": None},
            },
        ),
        (
            "added",
            "c",
            {
                "up_traffic_bytes": {"old": None, "new": 2e9},
                "down_traffic_bytes": {"old": None, "new": 2e10},
            },
        ),
    ]


def test_the_screen_shows_old_and_new_side_by_side(diff, three):
    lines = diff().stdout.splitlines()
    assert lines[0] == f"{NAME} {DAY}"
    assert lines[1] == f"  from {names(three)[1]}, fetched 2026-11-22 08:20, 2 rows"
    assert lines[2] == f"  to   {names(three)[2]}, fetched 2026-11-23 08:20, 2 rows"
    assert lines[3] == "1 row added, 1 removed, 1 changed."
    words = [line.split() for line in lines]
    assert ["up_traffic_bytes", "0", "2,000,000,000", "3,000,000,000", "+50.00%"] in words
    assert [
        "changed", "pull.example", "live", "a", "down_traffic_bytes",
        "11,000,000,000", "12,500,000,000",
    ] in words  # fmt: skip


@pytest.mark.usefixtures("three")
def test_an_added_row_has_no_old_side_and_a_removed_one_no_new(diff):
    lines = diff().stdout.splitlines()
    (removed,) = (line.split() for line in lines if line.startswith("removed"))
    (added,) = (line.split() for line in lines if line.startswith("added"))
    assert removed[4:] == ["up_traffic_bytes", "1,000,000,000"]
    assert added[4:] == ["up_traffic_bytes", "2,000,000,000"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("most", [0, 2])
def test_rows_are_limited_and_counts_are_not(diff, most):
    found = asked(diff("--limit", str(most), "--json"))
    assert len(found["rows"]) == most
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 1)


@pytest.mark.usefixtures("three")
def test_that_rows_were_left_out_is_said(diff):
    assert "The first 2 of 3 rows; more with --limit." in diff("--limit", "2").stderr
    assert "more with --limit" not in diff().stderr


def test_names_of_the_api_cannot_steer_the_terminal(diff, home):
    foreign = ("pull.example", "\x1b[31m[red]'\n")
    capture(home, FIRST, {foreign: (1, 1)})
    capture(home, SECOND, {foreign: (1, 2)})
    shown = diff().stdout
    assert "\x1b" not in shown
    assert "\\x1b[31m[red]'\\n" in shown
    assert asked(diff("--json"))["rows"][0]["key"]["stream"] == foreign[1]


def test_captures_that_differ_in_an_unknown_field_only(diff, home):
    capture(home, FIRST, {A: (1, 1)})
    capture(home, SECOND, {A: (1, 1)}, body=answer({A: (1, 1)}, Novelty=1))
    result = diff()
    assert result.exit_code == 0
    assert "No row differs" in result.stdout


# Which two ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "compared"),
    [
        ([], (1, 2)),
        (["--from-capture", "20261121T"], (0, 2)),
        (["--to-capture", "20261122T"], (0, 1)),
        (["--from-capture", "20261121T", "--to-capture", "20261122T"], (0, 1)),
        (["--from-capture", "20261123T", "--to-capture", "20261121T"], (2, 0)),
    ],
    ids=["the newest two", "from one to the newest", "one and its predecessor", "two", "backwards"],
)
def test_which_captures_are_compared(diff, three, words, compared):
    found = asked(diff(*words, "--json"))
    sides = (found["from"]["capture"], found["to"]["capture"])
    assert sides == tuple(names(three)[i] for i in compared)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--from-capture", "2025"], "No capture of batch_stream_traffic 2026-11-20 begins with '2025'"),
        (["--to-capture", "2026112"], "More than one capture (3) of"),
        (["--from-capture", "20261123T"], "Both ends are the capture 20261123T"),
        (["--to-capture", "20261121T"], "is the first capture of batch_stream_traffic 2026-11-20"),
    ],
    ids=["unknown", "several", "the same", "the first"],
)  # fmt: skip
def test_a_choice_that_leaves_no_two_names_what_there_is(diff, three, words, text):
    result = diff(*words)
    assert result.exit_code == 1
    assert text in result.output
    assert all(name in result.output for name in names(three))


# Not two --------------------------------------------------------------------------------------


def test_one_capture_is_nothing_to_compare(diff, home):
    capture(home, FIRST, {A: (1, 10)})
    result = diff()
    assert result.exit_code == 1
    assert "has one capture, fetched 2026-11-21 08:20: nothing to compare it with." in result.output
    assert "still said the same" not in result.output


def test_one_capture_that_was_seen_again(diff, home):
    found = capture(home, FIRST, {A: (1, 10)})
    seen_notes.note_seen(found.folder.parent, found.name, SECOND)
    assert "The vendor still said the same on 2026-11-22 08:20." in diff().output


def test_a_day_without_captures_leads_to_the_reason(diff):
    result = diff()
    assert result.exit_code == 1
    assert f"livestats status --from {DAY} --to {DAY} --dataset {NAME}" in result.output


def test_a_list_of_the_account_has_captures_of_few_days(diff, home):
    (home.raw / "isp" / "2026-11-19" / "20261119T002000000000Z-3-0123456789abcdef").mkdir(
        parents=True
    )
    result = diff(name="isp")
    assert result.exit_code == 1
    assert "There are: 2026-11-19." in result.output


@pytest.mark.parametrize(
    ("name", "day", "text"),
    [
        ("batch_stream_trafic", DAY, "did you mean batch_stream_traffic?"),
        (NAME, "20.11.2026", "Write it like 2026-11-01"),
    ],
)
def test_wrong_words_are_told_plainly(diff, name, day, text):
    result = diff(name=name, day=day)
    assert result.exit_code in (1, 2)
    assert text in result.output


def test_a_damaged_capture_is_named(diff, three):
    (three[1].folder / raw_captures.RESPONSES).write_bytes(b"")
    result = diff()
    assert result.exit_code == 2
    assert str(three[1].folder) in result.output


@pytest.mark.usefixtures("three")
def test_the_archive_is_not_touched(diff, home):
    def times():  # temporary files come and go in state/
        paths = (path for path in home.root.rglob("*") if path != home.state)
        return {path: path.stat().st_mtime_ns for path in paths}

    before = times()
    diff()
    assert times() == before
