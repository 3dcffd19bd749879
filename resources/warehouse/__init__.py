"""The DuckDB tables that are loaded from the lake. Imports nothing of the capture."""
