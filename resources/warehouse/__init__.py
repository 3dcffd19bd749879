"""The warehouse file and the tables that are loaded from the lake.

Not here: capturing (capture), other tables (system_tables, marts). Read next: load.py.
"""
