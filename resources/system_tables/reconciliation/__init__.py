"""Rules that compare what the endpoints say of the same thing, and the table of their results.

Not here: warning about differences (assets/checks/reconciliation.py). Read next: run.py.
"""
