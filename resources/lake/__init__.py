"""Lake: typed Parquet, one file per dataset and day, made from captures."""
