"""Some of the seeded worlds of benchmarks/worlds: in each the archive ends whole."""

from __future__ import annotations

import time

import pytest

from benchmarks.worlds.jobs import Job, play, told
from benchmarks.worlds.manners import LASTING, PASSING
from benchmarks.worlds.world import SHAPES, world_of
from resources.simulator.manners import REGISTRY, read

HOLD = frozenset(
    {"late-domains", "proxy-login", "redirect", "refuse-action", "slow", "cut", "new-field"}
)
SEEDS = (3, 8)


@pytest.mark.slow
@pytest.mark.parametrize("only", [frozenset({"none"}), HOLD], ids=["no manners", "manners"])
def test_worlds_end_whole(tmp_path, only):
    plans = [world_of(seed, only, most_pairs=1) for seed in SEEDS]
    for plan in plans:
        (played,) = play(Job((plan,), tmp_path, time.monotonic() + 600, False, False))
        assert played.problems == [], told(plan)
        assert played.commands > 1


def test_a_seed_makes_the_same_world_again():
    assert [world_of(seed) for seed in range(50)] == [world_of(seed) for seed in range(50)]
    assert len({str(world_of(seed)) for seed in range(50)}) == 50


def test_worlds_have_every_manner_alone_and_in_pairs_and_every_shape():
    plans = [world_of(seed) for seed in range(600)]
    drawn = [
        m for plan in plans for m in (*plan.lasting, *(m for s in plan.steps for m in s.manners))
    ]
    assert {type(read(text)).name for text in drawn} >= {*PASSING, *LASTING}
    assert {*PASSING, *LASTING, "fault"} == {*REGISTRY}
    counts = {
        len([m for m in s.manners if not m.startswith("fault=")]) for p in plans for s in p.steps
    }
    assert counts == {0, 1, 2}
    assert {plan.shape.number for plan in plans} == {shape.number for shape in SHAPES}
    killed = [bool(step.killed_at) for plan in plans for step in plan.steps]
    assert 0.15 < sum(killed) / len(killed) < 0.3
