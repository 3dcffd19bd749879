"""Captures due days: requests, proof, committed captures and lake files. Does not import the warehouse."""
