"""Tables about the archive itself: ledger, revisions, reconciliation.

Not here: tables of datasets (warehouse), and marts. Read next: ledger.py.
"""
