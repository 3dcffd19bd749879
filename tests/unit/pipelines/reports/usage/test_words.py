"""Figures written for people."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reports.usage import words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (words.traffic(0), "0 B"),
        (words.traffic(999.4e9), "999 GB"),
        (words.traffic(999.6e9), "1.00 TB"),
        (words.bandwidth(0.0004), "0.40 kbps"),
        (words.bandwidth(22_100), "22.1 Gbps"),
        (words.count(999_999), "999,999"),
        (words.count(1.234e6), "1.23 million"),
        (words.share(0), "0.0 %"),
        (words.share(0.0041), "0.41 %"),
        (words.share(0.99996), "99.99 %"),
        (words.share(1), "100 %"),
        (words.duration(89), "89 s"),
        (words.duration(3900), "1 h 5 min"),
        (words.change(112, 100), "+12 %"),
        (words.change(98.2, 100), "−1.8 %"),
        (words.change(100.01, 100), "unchanged"),
        (words.points(0.052, 0.05), "+0.20 points"),
    ],
)
def test_figures_are_written_for_people(text, told):
    assert text.replace("\xa0", " ") == told


def test_nothing_before_is_no_change():
    assert words.change(5, 0) is None


@given(st.floats(min_value=0, max_value=1))
def test_a_share_is_never_rounded_to_all_or_nothing(part):
    told = words.share(part)
    assert (told.startswith("100")) == (part == 1) or math.isclose(part, 1, rel_tol=1e-12)
    if part > 0:
        assert float(told.split("\xa0")[0]) > 0
