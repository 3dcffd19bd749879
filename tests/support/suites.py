"""Cases of make test-slow: each has one of its kind in make test."""

import pytest


def slow(*values):
    """A case that only make test-slow tries."""
    return pytest.param(*values, marks=pytest.mark.slow)


def mostly_slow(values, *kept):
    """All `values` as cases; make test tries `kept` only."""
    values = [*values]
    assert {*kept} <= {*values}
    return [value if value in kept else slow(value) for value in values]
