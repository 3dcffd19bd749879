"""The read-only copy of the warehouse, and queries and exports from it.

Not here: writing tables (warehouse, system_tables, marts). Read next: publish.py.
"""
