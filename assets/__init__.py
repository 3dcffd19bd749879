"""Dagster assets and checks: partitions, one asset per dataset, table and mart, the served copy."""
