"""How long a command takes to begin: `python -m benchmarks.startup`.

Each command runs as a user starts it, in turns, and its fastest run counts: what makes one slower than
another is the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = ("--help", "backfill --help", "--version")


def wall_s(words: str, home: str) -> float:
    """One run."""
    program = str(Path(sys.executable).with_name("livestats"))
    environ = {"PATH": os.environ["PATH"], "HOME": home, "LIVESTATS_HOME": home}
    began = time.monotonic()
    subprocess.run([program, *words.split()], env=environ, capture_output=True, check=True)
    return time.monotonic() - began


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=9, help="of each command")
    parser.add_argument("--json", type=Path, help="write the figures into this file as well")
    asked = parser.parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="livestats-startup-") as home:
        for _ in range(asked.runs):
            for words in COMMANDS:
                one_s = wall_s(words, home)
                found[words] = min(one_s, found.get(words, one_s))
    for words, least_s in found.items():
        print(f"livestats {words}: {least_s:.2f} s")
    if asked.json:
        asked.json.write_text(json.dumps(found), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
