"""A command that is killed before one of its requests to an object store, or changes of the disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

_SCRIPT = """
import os, signal, sys
from pathlib import Path
from pipelines.cli import main
from resources.fs import atomic
from resources.fs.object_store import ObjectStore

step, steps = int(sys.argv[1]), iter(range(100_000))

def killing(holder, name):
    done = getattr(holder, name)
    def before(*words, **more):
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return done(*words, **more)
    setattr(holder, name, before)

for name in ("put", "get", "delete", "keys"):
    killing(ObjectStore, name)
for name in ("unlink", "rename", "replace", "mkdir"):
    killing(Path, name)
killing(atomic, "fsync")
main(sys.argv[2:])
"""


def killed_before(
    step: int, words: tuple[str, ...], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command of livestats that is killed before its step of that number, if it gets so far."""
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(step), *words],
        env={**environ}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
