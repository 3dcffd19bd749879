"""A real backfill that a service manager stops: nothing half done remains, and the next goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import BROKEN_OFF
from resources.api.catalog import DATASETS
from tests.support.archives import lab, leftovers
from tests.support.suites import slow

ROOT = Path(__file__).resolve().parents[2]
CODE = "from pipelines.cli import main; main()"


def begin(environ):
    """A backfill in a process group of its own, as a service or a terminal has it."""
    words = [sys.executable, "-c", CODE, "backfill", "--dataset", "edge_stat"]
    return subprocess.Popen(
        words, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("to_group", [True, slow(False)])
def test_a_stopped_backfill_leaves_nothing_half_done(tmp_path, monkeypatch, to_group):
    with lab(tmp_path / "home", names=("domain", "isp", "edge_stat")) as found:
        chooser = found.simulator._service.chooser
        choose, edge = chooser.choose, DATASETS["edge_stat"].endpoint.action

        def stop(action):
            if action == edge and found.simulator.calls[action] == 1:
                (os.killpg if to_group else os.kill)(process.pid, signal.SIGTERM)
            return choose(action)

        monkeypatch.setattr(chooser, "choose", stop)
        environ = {**found.archive.environ, "PYTHONPATH": str(ROOT)}
        process = begin(environ)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 143, said
        assert said.endswith(f"\n{BROKEN_OFF}\n")
        assert "Traceback" not in said
        assert leftovers(found.root) == []
        assert [*(found.root / "locks").iterdir()] == []
        process = begin(environ)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
