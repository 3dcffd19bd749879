"""Commands start quickly: what takes a while to import is imported by whoever needs it."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SLOW = ("dagster", "pandas", "matplotlib", "pyarrow", "duckdb", "requests", "numpy", "rich")
RUNS = """
import sys
from pipelines.cli import main
for words in {commands!r}:
    try:
        main(words, standalone_mode=False)
    except SystemExit as end:
        assert not end.code, words
    print("IMPORTED", *(name for name in {slow!r} if name in sys.modules))
"""


def imported(home, *commands):
    """What is imported by the end of each command, all run in one fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", RUNS.format(commands=[c.split() for c in commands], slow=SLOW)],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LIVESTATS_HOME": str(home / "home")},
        cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [line.split() for line in done.stdout.splitlines() if line.startswith("IMPORTED")]
    return [set(words[1:]) for words in said]


def test_help_imports_nothing_slow(tmp_path):
    assert imported(tmp_path, "--help", "status --help", "plan --help") == [set()] * 3


def test_status_opens_no_database_and_asks_nobody(tmp_path):
    (found,) = imported(tmp_path, "status --json")
    assert not found & {"dagster", "pandas", "matplotlib", "duckdb", "requests"}


@pytest.mark.parametrize(
    "command",
    ["tables", "plan --json", "query --help", "diff --help", "verify --help", "backfill --help"],
)
def test_what_needs_no_dagster_does_not_import_it(command, tmp_path):
    (found,) = imported(tmp_path, command)
    assert not found & {"dagster", "pandas", "matplotlib"}
