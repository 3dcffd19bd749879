"""Asset checks that Dagster shows."""
