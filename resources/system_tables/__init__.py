"""Tables about the data: ledger, revisions, reconciliation."""
