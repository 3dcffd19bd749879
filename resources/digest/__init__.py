"""Fingerprints over captures, and proofs of single days that others can check.

Not here: whether files are as they were written (resources/verify). Read next: fingerprint.py.
"""
