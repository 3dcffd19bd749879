"""Files on the local disk: atomic writes, locks, and JSON with a checksum.

Nothing here knows what livestats stores. Read next: atomic.py.
"""
