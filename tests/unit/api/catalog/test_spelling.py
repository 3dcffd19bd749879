"""Which differences of form mean nothing."""

import pytest

from resources.api.catalog.spelling import Spelling, domain_key, domain_spellings


@pytest.mark.parametrize(
    ("spelling", "one", "other"),
    [
        (Spelling.ANY_CASE, "HTTP-FLV", "http-flv"),
        (Spelling.DOMAIN, "Live.Example.", "live.example"),
        (Spelling.DOMAIN, " live.example\t", "live.example"),
        (Spelling.DOMAIN, "直播.例子.com", "XN--z6ut02b.xn--fsqu00a.com."),
        (Spelling.DOMAIN, "Bücher.Example", "bu\u0308cher.example"),
        (Spelling.DOMAIN, "例子。com", "例子.com"),
        (Spelling.DOMAIN, "ＬＩＶＥ.example", "live.example"),
        (Spelling.DOMAIN, "*.例子.com", "*.xn--fsqu00a.com"),
        (Spelling.ADDRESS, "2001:DB8::0:1", "2001:db8::1"),
        (Spelling.ADDRESS, "no address", "no address"),
    ],
)
def test_two_forms_of_one_value_are_equal(spelling, one, other):
    assert spelling.key(one) == spelling.key(other)


def test_a_name_is_itself_and_no_other():
    assert Spelling.EXACT.key("Room") != Spelling.EXACT.key("room")
    assert Spelling.DOMAIN.key("a.example") != Spelling.DOMAIN.key("b.example")


@pytest.mark.parametrize("name", ["a_b.例子.com", "☃.example", "-x.例", "x" * 70 + ".例", "..例"])
def test_a_name_that_dns_does_not_allow_is_equal_to_itself_alone(name):
    assert domain_key(domain_key(name)) == domain_key(name) != domain_key("例.example")


def test_letters_that_only_look_alike_are_another_domain():
    assert domain_key("faß.example") != domain_key("fass.example")
    assert domain_key("аpple.example") != domain_key("apple.example")  # with a Cyrillic letter


def test_a_domain_is_looked_for_in_both_spellings():
    assert domain_spellings("live.example") == ("live.example",)
    assert domain_spellings("xn--fsqu00a.com") == ("xn--fsqu00a.com", "例子.com")
    assert domain_spellings("xn--none.xn--fsqu00a") == (
        "xn--none.xn--fsqu00a",
        domain_spellings("xn--none.xn--fsqu00a")[-1],
    )


@pytest.mark.parametrize(
    ("name", "key"), [(".", "."), ("\u3002", "."), (" . ", "."), ("", ""), ("a..", "a.")]
)
def test_a_dot_alone_is_a_name(name, key):
    assert domain_key(name) == key
