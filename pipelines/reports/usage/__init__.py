"""Usage report of an account or a domain: one page of charts and sentences from the marts.

Read next: whole.py.
"""
