"""Publications beside the served copy cost nothing where they are not set up."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main

SEEN = """
import sys
from pipelines.cli import main
for words in (["publish"], ["settings"], ["query", "FROM ledger LIMIT 1"]):
    main(words, standalone_mode=False)
wanted = ("resources.publish_to", "adbc_driver", "pyiceberg", "psycopg", "pyspark", "sqlglot", "grpc",
          "resources.home.lease", "resources.shared", "dagster")
print("IMPORTED", [name for name in sys.modules if name.startswith(wanted)])
"""


@pytest.mark.slow  # start-up time; what room may import what is in tests/test_layout.py
def test_publishing_imports_nothing_of_it_and_asks_for_nothing(past):
    done = subprocess.run(
        [sys.executable, "-c", SEEN],
        cwd=Path(__file__).parents[2],
        env={**past.archive.environ, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "IMPORTED []" in done.stdout


def test_an_address_that_cannot_be_is_refused_before_anything_is_loaded(past):
    result = CliRunner().invoke(
        main, ["publish", "--to", "mysql://me:Secret-99-word@db/x"], env=past.archive.environ
    )
    assert result.exit_code == 2
    assert "postgresql://USER@HOST" in result.output
    assert "Loading" not in result.output
    assert "Secret-99-word" not in result.output
