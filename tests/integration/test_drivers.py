"""The served copy is read by every version of DuckDB that docs/bi.md names, with the same counts.

Each version is installed by pip into a folder of its own, which later runs use again; where the
registry does not have it, the test is skipped.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from resources.fs import atomic
from tests.support.archives import DAYS, lab

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "bi.md").read_text("utf-8")
(ROW,) = re.findall(r"^\| DuckDB 1\.2 and newer .*$", PAGE, re.MULTILINE)
VERSIONS = re.findall(r"\d+\.\d+\.\d+", ROW)
INSTALL_S = 90

READ = """
import json, sys
import duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
names = connection.execute(
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' UNION ALL "
    "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal ORDER BY 1"
).fetchall()
counts = {n: connection.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for (n,) in names}
values = {n: repr(connection.execute(f'SELECT max("{n}"::VARCHAR) FROM edge_stat').fetchone())
          for (n,) in connection.execute("SELECT column_name FROM duckdb_columns() WHERE "
          "table_name = 'edge_stat' AND schema_name = 'main'").fetchall()}
print(json.dumps([duckdb.__version__, counts, values]))
"""


def read(path, environ):
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC", **environ},
        cwd=path.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def installed(version):
    """The folder with that version of the driver."""
    folder = Path(tempfile.gettempdir()) / f"livestats-drivers-{os.getuid()}" / version
    if not folder.is_dir():
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        aside = atomic.temp_path(folder)
        words = ["install", "--quiet", "--no-deps", "--disable-pip-version-check", "--target"]
        try:
            subprocess.run(
                [sys.executable, "-m", "pip", *words, str(aside), f"duckdb=={version}"],
                check=True, capture_output=True, timeout=INSTALL_S,
            )  # fmt: skip
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"duckdb {version} cannot be installed here: {error}")
        aside.replace(folder)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("drivers") / "home") as found:
        found.backfill(DAYS[:1])
        yield found.archive.home.served.resolve()


def test_the_page_names_versions_from_the_oldest_on():
    assert VERSIONS[0].startswith("1.2.")
    assert len(VERSIONS) >= 5


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_reads_every_table_and_view(version, served):
    found, counts, values = read(served, {"PYTHONPATH": str(installed(version))})
    ours, expected, expected_values = read(served, {})
    assert (found, ours) == (version, duckdb.__version__)
    assert counts == expected
    assert values == expected_values
    assert len(counts) > 40
