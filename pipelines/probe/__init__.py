"""What the API does where its documents leave it open: a few calls, a table, a file of shapes.

Not here: what is asked of the API every day (pipelines/backfill), checks of the setup (pipelines/doctor).
Read next: run.py, then topics.py, then one of the files of observations (of_times.py).
"""
