"""Domains and streams of a made-up account."""

from dataclasses import replace

from resources.simulator.roster import HOSTILE_NAMES, spaces_of
from resources.simulator.settings import Account

ACCOUNT = Account(domains=2, streams_per_domain=3, deleted=1)


def test_equal_accounts_are_alike_and_another_seed_is_another_account():
    assert spaces_of(ACCOUNT) == spaces_of(replace(ACCOUNT))
    assert spaces_of(ACCOUNT) != spaces_of(replace(ACCOUNT, seed=8))


def test_deleted_domains_come_last_and_have_streams_too():
    spaces = spaces_of(ACCOUNT)
    assert [space.deleted for space in spaces] == [False, False, True]
    assert [len(space.streams) for space in spaces] == [3, 3, 3]


def test_a_hostile_account_has_names_that_nobody_should_choose():
    (space, *_) = spaces_of(replace(ACCOUNT, hostile=True))
    assert {*HOSTILE_NAMES} <= {*space.index}
    assert len(space.index) == len(space.streams)
