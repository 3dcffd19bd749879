"""The command line: `python -m benchmarks.scale`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.scale.figures import Figure, Figures, StepFailed
from benchmarks.scale.parts import PARTS, Bench

ENGINES = ("duckdb", "sail", "spark")


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts that were asked for; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the large lake")
    parser.add_argument(
        "--only",
        default=",".join(part for part in PARTS if part != "growth"),
        help=f"parts, with commas between: {', '.join(PARTS)}; default: all but growth, which takes long",
    )
    parser.add_argument("--engines", default="duckdb,sail,spark", help="of the three marts")
    parser.add_argument("--sizes", default="31,93,183,366", help="days of the archive that grows")
    parser.add_argument("--domains", type=int, default=10, help="of the day that is captured")
    parser.add_argument("--streams", type=int, default=20, help="of each domain")
    parser.add_argument("--scratch", type=Path, help="a folder for all of it, which is kept")
    parser.add_argument("--folder", action="store_true", help="Iceberg in a folder, not in a store")
    parser.add_argument("--spark-home", type=Path, default=os.environ.get("SPARK_HOME"))
    parser.add_argument("--spark-memory", default="4g", help="heap of Spark")
    parser.add_argument("--json", type=Path, help="write the figures into this file as well")
    asked = parser.parse_args(words)
    only = asked.only.split(",")
    engines = tuple(asked.engines.split(","))
    for named, known in ((only, PARTS), (engines, ENGINES)):
        if unknown := {*named} - {*known}:
            parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(known)}")
    with tempfile.TemporaryDirectory(prefix="livestats-scale-") as temporary:
        scratch = (asked.scratch or Path(temporary)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        figures = Figures(scratch, asked.json, {"rows": asked.rows})
        bench = Bench(
            figures=figures,
            scratch=scratch,
            rows=asked.rows,
            shape=(asked.domains, asked.streams),
            sizes=tuple(sorted(int(size) for size in asked.sizes.split(","))),
            engines=engines,
            spark_home=asked.spark_home,
            spark_memory=asked.spark_memory,
            is_in_store=not asked.folder,
        )
        return _run(bench, [part for part in PARTS if part in only])


def _run(bench: Bench, parts: Sequence[str]) -> int:
    failed = 0
    for part in parts:
        try:
            PARTS[part](bench)
        except StepFailed as error:
            bench.figures.add(Figure(part=part, step="FAILED", note=str(error)))
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
