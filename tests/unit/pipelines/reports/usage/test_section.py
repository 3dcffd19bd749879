"""The parts of a report."""

import pytest

from pipelines.reports.usage.section import Bar


@pytest.mark.parametrize(("part", "percent"), [(0.25, 25), (1.2, 100), (-1, 0)])
def test_a_bar_is_never_longer_than_the_longest(part, percent):
    assert Bar("x", part).percent == percent
