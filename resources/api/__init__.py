"""The statistics API in plain Python: no Dagster in here, so it could be lifted out."""
