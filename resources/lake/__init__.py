"""Typed Parquet, one file for each dataset and day, made from captures."""
