"""Some of the seeded worlds of benchmarks/worlds: in each the archive ends whole."""

from __future__ import annotations

import inspect
import time

import pytest

from benchmarks.worlds.jobs import Job, play, told
from benchmarks.worlds.manners import LASTING, PASSING
from benchmarks.worlds.planted import PLANTED, planted
from benchmarks.worlds.results import Played, append, read, summary
from benchmarks.worlds.world import SHAPES, world_of
from resources.simulator.manners import REGISTRY
from resources.simulator.manners import read as manner

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


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_there_until_the_block_ends(name):
    patches = PLANTED[name].patches()
    before = [getattr(where, attribute) for where, attribute, _ in patches]
    for (_, _, instead), right in zip(patches, before, strict=True):
        if callable(right):  # else every world would find it, by a TypeError
            inspect.signature(instead).bind(*inspect.signature(right).parameters)
    with planted(name):
        assert all(getattr(w, a) != b for (w, a, _), b in zip(patches, before, strict=True))
    assert [getattr(where, attribute) for where, attribute, _ in patches] == before


def test_results_of_partial_campaigns_are_summed(tmp_path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    moments = [["cut", "slow"], ["slow"]]
    append(one, Played(1, commands=3, kills=1, wall_s=9.0, moments=moments))
    append(one, Played(2, ["lost"], commands=1, wall_s=9.0, moments=[["cut"]]))
    append(other, Played(3, ["lost"], commands=2, wall_s=18.0, processes=2))
    append(other, Played(2, commands=4, kills=1, wall_s=9.0, moments=[["cut"]]))
    lines = summary(read([one, other]))
    assert lines[:3] == [
        "worlds 3, held 2, failed 1",
        "commands 9, of them killed 2 (22.2%)",
        "400 worlds an hour",
    ]
    assert lines[-1] == "failed seeds: 3"
    assert "  cut                   2      2      1         1" in lines
    assert "  slow                  1      1      1         1" in lines


def test_a_seed_makes_the_same_world_again():
    assert [world_of(seed) for seed in range(50)] == [world_of(seed) for seed in range(50)]
    assert len({str(world_of(seed)) for seed in range(50)}) == 50


def test_worlds_have_every_manner_alone_and_in_pairs_and_every_shape():
    plans = [world_of(seed) for seed in range(600)]
    drawn = [
        m for plan in plans for m in (*plan.lasting, *(m for s in plan.steps for m in s.manners))
    ]
    assert {type(manner(text)).name for text in drawn} >= {*PASSING, *LASTING}
    unplayed = {"fault", "echo", "other-totals"}  # a day of other totals stays suspect for a month
    unplayed |= {"doubled-slots", "moved-slots"}  # in test_kinds_of_faults
    unplayed |= {name for name, one in REGISTRY.items() if one.of_files or name == "growing-files"}
    assert {*PASSING, *LASTING} == {*REGISTRY} - unplayed
    counts = {
        len([m for m in s.manners if not m.startswith("fault=")]) for p in plans for s in p.steps
    }
    assert counts == {0, 1, 2}
    assert {plan.shape.number for plan in plans} == {shape.number for shape in SHAPES}
    killed = [bool(step.killed_at) for plan in plans for step in plan.steps]
    assert 0.15 < sum(killed) / len(killed) < 0.3
