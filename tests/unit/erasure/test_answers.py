"""Rows of an item are cut out of an answer; every other byte stays as the vendor wrote it."""

import json

import pytest

from resources.erasure.answers import NotJson, without
from resources.raw.erasures import Erasure, ItemKind, PlainItem
from tests.support.restated_captures import DAY

STREAM = PlainItem.parse(ItemKind.STREAM, "A.example/live/one")
DOMAIN = PlainItem.parse(ItemKind.DOMAIN, "A.example.")
ADDRESS = PlainItem.parse(ItemKind.ADDRESS, "198.51.100.7")


def row(domain="a.example", stream="one", **more):
    return {"Domain": domain, "App": "live", "Stream": stream, **more}


def cut(value, item, names=None):
    text = value if isinstance(value, str) else json.dumps(value)
    return without(text.encode(), item, names or {}).decode()


def test_only_the_rows_of_the_item_go_and_all_other_bytes_stay():
    text = (
        '{ "Result":{"Total": 1.10,\n "List" : [ {"Domain":"a.example","App":"live","Stream":"one","X":1.50},'
        ' {"Domain":"a.example","App":"live","Stream":"two","X":2e3} ,{"Stream":"one"}] } }\n'
    )
    assert cut(text, STREAM) == (
        '{ "Result":{"Total": 1.10,\n "List" : [ {"Domain":"a.example","App":"live","Stream":"two","X":2e3} ,'
        '{"Stream":"one"}] } }\n'
    )


@pytest.mark.parametrize(
    "names", [{"Domain": "A.EXAMPLE", "App": "live"}, {"Domain": "a.example."}]
)
def test_what_rows_do_not_tell_is_known_from_the_request(names):
    left = json.loads(cut({"List": [{"Stream": "one"}, {"Stream": "two"}]}, STREAM, names))
    assert left == {"List": [{"Stream": "two"}]}


def test_a_stream_of_the_same_name_elsewhere_stays():
    kept = {"List": [row("b.example"), row(stream="one2"), {**row(), "App": "other"}]}
    assert cut(kept, STREAM) == json.dumps(kept)


def test_a_domain_goes_from_rows_echoes_and_lists():
    said = {
        "DomainList": ["b.example", "A.example"],
        "List": [row(), row("b.example", PushDomain="a.example"), row("x.a.example")],
    }
    assert json.loads(cut(said, DOMAIN)) == {
        "DomainList": ["b.example"],
        "List": [row("b.example", PushDomain=""), row("x.a.example")],
    }


@pytest.mark.parametrize("name", ["例子.com", "xn--fsqu00a.com", "XN--FSQU00A.com."])
@pytest.mark.parametrize("is_escaped", [True, False])
def test_a_domain_goes_in_unicode_and_punycode(name, is_escaped):
    item = PlainItem.parse(ItemKind.DOMAIN, name)
    for said in ("例子.com", "xn--fsqu00a.com"):
        text = json.dumps({"List": [row(said), row("b.例.com")]}, ensure_ascii=is_escaped)
        assert json.loads(cut(text, item)) == {"List": [row("b.例.com")]}


def test_a_session_goes_with_the_last_of_its_rows():
    said = {
        "List": [
            row(MetricList=[{"ClientIp": "198.51.100.7"}]),
            row(MetricList=[{"ClientIp": "198.51.100.7"}, {"ClientIp": "198.51.100.70"}]),
            row(MetricList=[]),
        ]
    }
    assert json.loads(cut(said, ADDRESS))["List"] == [
        row(MetricList=[{"ClientIp": "198.51.100.70"}]),
        row(MetricList=[]),
    ]


def test_spellings_of_one_address_and_escapes_are_the_same():
    item = PlainItem.parse(ItemKind.ADDRESS, "2001:db8::1")
    said = '{"L": [{"Ip": "2001:0db8:0:0:0:0:0:1"}, {"Ip": "2001:db8::2"}]}'
    assert json.loads(cut(said, item)) == {"L": [{"Ip": "2001:db8::2"}]}
    assert json.loads(cut(r'{"L": [{"Domain": "\u0061.example"}, 1]}', DOMAIN)) == {"L": [1]}


def test_what_names_the_item_and_is_no_json_cannot_be_cut():
    with pytest.raises(NotJson):
        cut("<p>a.example</p>", DOMAIN)
    assert cut("<p>b.example</p>", DOMAIN) == "<p>b.example</p>"


@pytest.mark.parametrize("item", [STREAM, DOMAIN, ADDRESS])
def test_an_erasure_knows_its_item_by_hashes_alone(item):
    erasure = Erasure.of_facts(json.loads(json.dumps(Erasure.begin(item, "now", DAY).facts())))
    assert item.text not in json.dumps(erasure.facts())
    said = {"List": [row(), row("b.example"), {"ClientIp": "198.51.100.7"}]}
    assert cut(said, erasure) == cut(said, item) != json.dumps(said)
    other = {"List": [row("c.example"), {"ClientIp": "198.51.100.8"}]}
    assert cut(other, erasure) == json.dumps(other)
