"""A process that ends at once has said all it had to say, and done what others wanted done."""

import subprocess
import sys

import pytest

from pipelines.leaving import YOUNG


def run(code: str) -> "subprocess.CompletedProcess[str]":
    """A process of its own; what holds a file open at its end is never taken apart."""
    start = (
        "import atexit, gc, sys, threading\n"
        "from pipelines.leaving import leaving\n"
        "class Held:\n"
        "    def __del__(self): print('taken apart')\n"
        "held = Held()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("ending", "status"),
    [("pass", 0), ("sys.exit()", 0), ("sys.exit(1)", 1), ("sys.exit(130)", 130)],
)
def test_it_ends_with_its_status_and_takes_nothing_apart(ending, status):
    done = run(f"with leaving():\n    print('said', end='')\n    {ending}")
    assert (done.returncode, done.stdout, done.stderr) == (status, "said", "")


def test_threads_are_waited_for_and_what_was_registered_is_called():
    done = run(
        "def late():\n"
        "    threading.main_thread().join()\n"
        "    print('a thread')\n"
        "with leaving():\n"
        "    atexit.register(print, 'registered')\n"
        "    threading.Thread(target=late).start()\n"
        "    sys.exit(3)"
    )
    assert (done.returncode, done.stdout) == (3, "a thread\nregistered\n")


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [
        ("raise ValueError('unheard of')", 1, "ValueError: unheard of"),
        ("sys.exit('because')", 1, "because"),
    ],
    ids=["an exception nobody expects", "a status in words"],
)
def test_python_ends_what_did_not_end_with_a_number(ending, status, said):
    done = run(f"with leaving():\n    {ending}")
    assert done.returncode == status
    assert done.stdout == "taken apart\n"
    assert said in done.stderr


def test_what_cannot_be_written_is_told_as_python_tells_it():
    done = run("with leaving():\n    sys.stdout = open('/dev/full', 'w')\n    print('said')")
    assert done.returncode == 120


def test_garbage_is_still_looked_for_only_later():
    done = run("with leaving():\n    print(gc.isenabled(), gc.get_threshold())")
    assert done.stdout.split(maxsplit=1) == ["True", f"({YOUNG}, 10, 10)\n"]


def test_the_command_line_leaves_only_where_it_is_the_process():
    """Called with words, by a program, it returns to it as ever."""
    done = run(
        "from pipelines.cli import main\n"
        "sys.argv = ['livestats', '--version']\n"
        "try: main(['--version'])\n"
        "except SystemExit: print('it came back')\n"
        "print(gc.get_threshold()[0])\n"
        "main()"
    )
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[1:3] == ["it came back", "700"]
    assert lines[3].startswith("livestats")
    assert "taken apart" not in lines
