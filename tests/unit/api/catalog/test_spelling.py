"""Which differences of form mean nothing."""

import pytest

from resources.api.catalog.spelling import Spelling


@pytest.mark.parametrize(
    ("spelling", "one", "other"),
    [
        (Spelling.ANY_CASE, "HTTP-FLV", "http-flv"),
        (Spelling.DOMAIN, "Live.Example.", "live.example"),
        (Spelling.ADDRESS, "2001:DB8::0:1", "2001:db8::1"),
        (Spelling.ADDRESS, "no address", "no address"),
    ],
)
def test_two_forms_of_one_value_are_equal(spelling, one, other):
    assert spelling.key(one) == spelling.key(other)


def test_a_name_is_itself_and_no_other():
    assert Spelling.EXACT.key("Room") != Spelling.EXACT.key("room")
    assert Spelling.DOMAIN.key("a.example") != Spelling.DOMAIN.key("b.example")
