"""What ended in a home: rows by dataset and day from the ledger, rows by table from the tables.

python -m benchmarks.backfill.check HOME
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

from benchmarks.backfill.load import LEFT_OUT
from benchmarks.offered import DAILY, DATASETS


def main() -> None:
    """Print it as JSON."""
    served = Path(sys.argv[1]) / "served" / "livestats.duckdb"
    with duckdb.connect(served, read_only=True) as connection:
        captured = connection.execute(
            "SELECT dataset, sum(rows)::BIGINT FROM ledger WHERE rows IS NOT NULL GROUP BY dataset"
        ).fetchall()
        counts = {
            d.name: connection.execute(f'SELECT count(*) FROM "{d.name}"').fetchall()[0][0]
            for d in DATASETS.values()
            if d.name not in LEFT_OUT
        }
    # A row that several days list stands in the table once: there the ledger says what came.
    once = [d.name for d in DAILY if d.dedup_keep is not None]
    print(json.dumps({"captured": dict(captured), "tables": counts, "once": once}))


if __name__ == "__main__":
    main()
