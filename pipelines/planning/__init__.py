"""Plan of a backfill: days and their order, requests and time, rows and bytes.

Capturing the plan is backfill/. Read next: capture_plan.py.
"""
