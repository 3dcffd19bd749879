"""Answers on a terminal: whole columns, the pager, what is said beside them."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from tests.support.archives import DAYS, lab

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A small archive with a served copy."""
    with lab(tmp_path_factory.mktemp("asking") / "home") as usual:
        found = usual.only("domain", "isp")
        found.backfill(DAYS[:1])
        yield found


def in_a_terminal(served, *words, columns=100, rows=24):
    """What a command prints on a terminal of that size."""
    code = "from pipelines.cli import main; main()"
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environ = {
        **served.archive.environ,
        "TERM": "xterm",
        "PAGER": "sed s/^/paged:/",
        "PATH": "/bin",
    }
    started = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, env=environ, cwd=ROOT,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    with suppress(OSError):  # the end of a terminal
        while part := os.read(control, 65536):
            shown += part
    os.close(control)
    _, said = started.communicate()
    assert started.returncode == 0, said
    text = re.sub(r"\x1b\[[0-9;?]*[a-z]", "", shown.decode())
    return text.replace("\r\n", "\n"), said.decode()


def test_a_terminal_shows_whole_columns_and_says_how_many_are_hidden(served):
    sql = "SELECT " + ", ".join(f"{i} AS name_of_a_column_{i:02}" for i in range(40))
    shown, said = in_a_terminal(served, "query", sql)
    head, row = shown.splitlines()
    assert head.split() == [
        *("name_of_a_column_00", "name_of_a_column_01", "…"),
        *("name_of_a_column_38", "name_of_a_column_39"),
    ]
    assert row.split() == ["0", "1", "…", "38", "39"]
    assert said.startswith("4 of 40 columns; all of them: --format line")


def test_what_is_longer_than_the_terminal_goes_through_the_pager(served):
    shown, _ = in_a_terminal(served, "query", "FROM range(30)")
    assert [line for line in shown.splitlines() if line.startswith("paged:")][-1].endswith("29")
    assert "paged" not in in_a_terminal(served, "query", "FROM range(20)")[0]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("FROM isp WHERE false", "No rows.\n"),
        ("FROM isp WHERE isp = getvariable('x')", "No rows. Ask about another x: --param.\n"),
        ("SET VARIABLE x = 1", "Done; the statement has no rows to show.\n"),
        ("FROM range(60)", "The first 50 rows; more with --rows, all with --format csv.\n"),
    ],
)
def test_what_an_answer_lacks_is_said_beside_it(served, sql, said):
    result = CliRunner().invoke(main, ["query", sql], env=dict(served.archive.environ))
    assert (result.exit_code, result.stderr) == (0, said)


def test_an_answer_without_rows_asks_whether_its_day_is_captured(served):
    words = ["query", "FROM isp WHERE '2026-01-02' = getvariable('day')", "--param"]
    result = CliRunner().invoke(main, [*words, "day=2026-01-03"], env=dict(served.archive.environ))
    said = "No rows. Is 2026-01-03 captured? `livestats status` says it.\n"
    assert (result.exit_code, result.stderr) == (0, said)
