"""A child ends when its parent is killed: its end of the parent's output is closed then."""

import subprocess
import sys

import pytest

LOADER = """
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pipelines.backfill.loader import _begin

if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn"), _begin) as pool:
        pool.submit(len, "idle").result()
        print("ready", flush=True)
        pool.submit(time.sleep, 3600).result()
"""
IDLE_LOADER = LOADER.replace("pool.submit(time.sleep, 3600).result()", "time.sleep(3600)")
SIMULATOR = """
import subprocess, time
from pathlib import Path
from pipelines.cli import demo_account

popen = subprocess.Popen
def heard(*words, **options):
    return popen(*words, **{**options, "stderr": None})  # shares the output that the test reads
subprocess.Popen = heard
with demo_account.simulated(Path("/nonexistent")):
    print("ready", flush=True)
    time.sleep(3600)
"""


@pytest.mark.parametrize(
    "parent", [LOADER, IDLE_LOADER, SIMULATOR], ids=["loading", "idle", "simulator"]
)
def test_a_child_is_gone_after_kill_9_of_its_parent(parent, tmp_path):
    script = tmp_path / "parent.py"  # a file: multiprocessing imports it in the child
    script.write_text(parent)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert "ready\n" in process.stdout  # read up to that line
        process.kill()
        said, _ = process.communicate(timeout=30)  # ends when nobody holds the output any more
    assert "Traceback" not in said
