"""The benchmark of growth runs, so that it cannot rot; its figures stand in docs/performance.md."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_the_archive_grows_and_every_step_is_measured(tmp_path):
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", "--days", "1", "10", "--json", str(file)],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, heads = [line for line in done.stdout.splitlines() if line.startswith("CPU ms")]
    assert heads.split()[-4:] == ["1", "days", "10", "days"]
    steps = [line[:30].strip() for line in done.stdout.splitlines()[-10:]]
    assert steps[0] == "status"
    assert steps[-1] == "marts and publish"
    figures = json.loads(file.read_text("utf-8"))
    assert [*figures] == ["1", "10"]
    assert [*figures["10"]] == steps
