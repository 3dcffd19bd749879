"""What runs by itself in Dagster: jobs, schedules, sensors, its instance."""
