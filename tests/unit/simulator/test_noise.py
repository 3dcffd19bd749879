"""Numbers that depend on their coordinates alone."""

import numpy as np

from resources.simulator.noise import key_of, smooth_curve, uniform, uniform_grid, uniform_index


def test_the_same_coordinates_give_the_same_number_in_any_order():
    assert key_of(7, "a") == key_of(7, "a") != key_of(7, "b")
    assert key_of("ab", "c") != key_of("a", "bc")
    at = np.arange(100)
    whole = uniform_grid(key_of("x"), at)
    assert (whole[50:] == uniform_grid(key_of("x"), at[50:])).all()


def test_numbers_are_spread_over_the_whole_range():
    values = uniform_grid(key_of("x"), np.arange(10_000))
    assert values.min() >= 0
    assert values.max() < 1
    assert abs(values.mean() - 0.5) < 0.02
    assert {uniform_index(3, n) for n in range(100)} == {0, 1, 2}
    assert 0 <= uniform("x") < 1


def test_a_curve_moves_in_small_steps():
    curve = smooth_curve(key_of("x"), np.arange(1000), 45)
    assert np.abs(np.diff(curve)).max() < 0.05
