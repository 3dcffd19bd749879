"""How long a backfill takes, beside the limits of physics and beside peers.

`python -m benchmarks.backfill --help`; what it measures and found: docs/performance.md.
"""
