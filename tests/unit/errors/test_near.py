"""What a user may have meant."""

import pytest

from resources.errors import near

KNOWN = ("ledger", "edge_stat", "edge_stat_account", "domain", "dim_domain", "viewers_daily")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("edge", "Did you mean edge_stat or edge_stat_account?"),
        ("EDGE_STAT_A", "Did you mean edge_stat_account?"),
        ("daily", "Did you mean viewers_daily?"),
        ("edgestat", "Did you mean edge_stat?"),
        ("ledgr", "Did you mean ledger?"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_the_beginning_of_a_name_says_more_than_likeness(word, hint):
    assert near.hint(word, KNOWN) == hint


def test_no_more_are_named_than_can_be_read():
    assert near.names("n", [f"n{i}" for i in range(9)]) == ["n0", "n1", "n2", "n3"]
