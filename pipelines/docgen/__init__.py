"""Generators of the pages in docs/ that are made from the code; tests compare their output.

Not used at run time.
"""
