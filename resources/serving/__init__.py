"""The read-only copy for BI, and queries and exports from it."""
