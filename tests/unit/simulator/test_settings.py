"""What a simulated account is made of, by its settings alone."""

from dataclasses import fields, replace
from typing import get_args

from resources.simulator import Account
from resources.simulator.faults import PAGE_FAULTS
from resources.simulator.roster import HOSTILE_NAMES, spaces_of
from resources.simulator.settings import AnswerOptions, FaultKind, Faults, LateData
from resources.simulator.world import World


def names(account):
    return [(s.pull, s.push, [(t.app, t.name) for t in s.streams]) for s in spaces_of(account)]


def test_equal_accounts_are_equal_and_each_setting_matters():
    usual = Account()
    assert names(usual) == names(Account())
    for change in (
        {"domains": 5},
        {"streams_per_domain": 6},
        {"deleted": 0},
        {"zone": "b.example"},
    ):
        assert names(replace(usual, **change)) != names(usual), change
    keys = {space.key for seed in (7, 8) for space in spaces_of(Account(seed=seed, domains=1))}
    assert len(keys) == 4


def test_hostile_names_come_beside_the_usual_ones():
    usual, hostile = spaces_of(Account(domains=1)), spaces_of(Account(domains=1, hostile=True))
    for one, other in zip(usual, hostile, strict=True):
        assert other.streams[: len(one.streams)] == one.streams
        assert [(s.app, s.name) for s in other.streams[len(one.streams) :]] == [*HOSTILE_NAMES]


def test_the_audience_scales_viewers_and_nothing_else():
    one, other = (spaces_of(Account(audience=factor)) for factor in (1.0, 0.5))
    assert [b.scale / a.scale for a, b in zip(one, other, strict=True)] == [0.5] * len(one)
    assert [a.streams for a in one] == [b.streams for b in other]


def test_deleted_domains_have_a_push_domain_still():
    world = World(Account(domains=1, streams_per_domain=1, deleted=1))
    assert len(world.sites) == 4
    assert [space.deleted for space in spaces_of(Account(domains=1, deleted=1))] == [False, True]


def test_without_settings_nothing_is_late_wrong_or_odd():
    assert not Faults().odds
    assert not Faults().first
    assert not LateData().settled_after
    assert {*PAGE_FAULTS} <= {*get_args(FaultKind)}
    for field in fields(AnswerOptions):
        assert isinstance(getattr(AnswerOptions(), field.name), str)
