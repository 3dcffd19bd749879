"""Manners written as texts; what is wrong with a text is in test_manners.py."""

from datetime import date

import pytest

from resources.api.catalog import ENDPOINTS
from resources.simulator.exchange import moment
from resources.simulator.manners.manner import Manner
from resources.simulator.manners.registry import REGISTRY, all_of, read


def test_names_are_those_that_texts_begin_with():
    assert all(name == manner.name for name, manner in REGISTRY.items())
    assert all(manner.example.startswith(manner.name) for manner in REGISTRY.values())


def test_the_value_and_the_limits_have_their_types():
    found = read(
        "list-limit=20@parameter=DomainList,Ips@code=Too.Many@days=2026-11-20..2026-11-21"
        "@domain=a.example, b.example@from-call=3@since=2026-11-22T08:00:00@odds=0.5"
    )
    assert (found.most, found.parameter, found.code) == (20, ("DomainList", "Ips"), "Too.Many")
    assert found.days == (date(2026, 11, 20), date(2026, 11, 21))
    assert found.domain == ("a.example", "b.example")
    assert (found.from_call, found.odds) == (3, 0.5)
    assert found.since == moment("2026-11-22T00:00:00Z")
    assert read("cut@days=2026-11-20").days == (date(2026, 11, 20),) * 2


def test_a_value_may_hold_signs_of_the_form():
    assert read("redirect=302@to=http://a@b:9/login?x=1").to == "http://a@b:9/login?x=1"
    assert read("refuse-stream=a@b").part == "a@b"


@pytest.mark.parametrize(
    "text", ["false-empty=No", "cut@action=No", "deny-key=ListDomainDetail,No"]
)
def test_an_action_that_there_is_not_is_refused(text):
    assert "No" not in ENDPOINTS
    with pytest.raises(ValueError, match="There is no action No"):
        read(text)


def test_texts_and_manners_can_be_mixed():
    mine = Manner()
    found = all_of(["cut", mine])
    assert [type(one) for one in found] == [REGISTRY["cut"], Manner]
    assert found[1] is mine
    assert read("cut") is not read("cut")  # each counts its own calls
