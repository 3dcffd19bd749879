"""Hundreds of millions of rows: what loads, publications and marts take, on which engine.

    python -m benchmarks.scale                        # 2 million rows, a minute or two
    python -m benchmarks.scale --rows 200000000 --scratch DIR --json FILE

Engines, Iceberg and the object store need the packages of `make test-scale` (`.venv-scale`).
"""
