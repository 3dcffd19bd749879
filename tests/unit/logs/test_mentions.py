"""A line names an item wherever it stands in it, and other items not at all."""

from datetime import date

import pytest

from resources.logs.mentions import mentions
from resources.raw.erasures import Erasure, ItemKind, PlainItem

LINE = (
    b'[05/Sep/2026:15:44:08 +0000] 203.0.113.7 GET HTTP/2.0 200 "pull.example.com" '
    b'"https://pull.example.com/live/room-1.flv" 345 5432 "a=1" "d" "Player/1.0" 192.0.2.1 http\n'
)
JSON = b'{"domain":"pull.example.com","app":"live","stream":"room-1","client_ip":"2001:db8:0::7"}\n'
SIX = b'[x] 2001:DB8::7 GET "https://pull.example.com/live/room-1_hd.flv"\n'
HIT = [
    (ItemKind.ADDRESS, "203.0.113.7", LINE),
    (ItemKind.ADDRESS, "192.0.2.1", LINE),
    (ItemKind.ADDRESS, "203.0.113.7", b"peer=203.0.113.7:4711\n"),
    (ItemKind.ADDRESS, "203.0.113.7", b"peer=::ffff:203.0.113.7\n"),
    (ItemKind.ADDRESS, "2001:db8::7", JSON),
    (ItemKind.ADDRESS, "2001:0db8::0007", SIX),
    (ItemKind.ADDRESS, "2001:db8::7", b"q=2001%3Adb8%3A%3A7\n"),
    (ItemKind.STREAM, "pull.example.com/live/room-1", LINE),
    (ItemKind.DOMAIN, "pull.example.com", LINE),
    (ItemKind.DOMAIN, "Pull.Example.com.", LINE),
    (ItemKind.DOMAIN, "xn--fsqu00a.com", "GET https://例子.com/live/room".encode()),
    (ItemKind.DOMAIN, "例子.com", b"GET https://XN--FSQU00A.com/live/room"),
    (ItemKind.DOMAIN, "例子.com", b"referer=https%3A%2F%2F%E4%BE%8B%E5%AD%90.com"),
]
KNOWN = [
    *HIT,
    (ItemKind.STREAM, "pull.example.com/live/room-1", JSON),
    (ItemKind.STREAM, "pull.example.com/live/a b", b"GET /live/a%20b.flv\n"),
    (ItemKind.DOMAIN, "pull.example.com", JSON),
]
MISS = [
    (ItemKind.ADDRESS, "203.0.113.70", LINE),
    (ItemKind.ADDRESS, "3.0.113.7", LINE),
    (ItemKind.ADDRESS, "2001:db8::70", JSON),
    (ItemKind.STREAM, "pull.example.com/live/room-1", SIX),
    (ItemKind.STREAM, "pull.example.com/live/room", LINE),
    (ItemKind.STREAM, "pull.example.com/other/room-1", LINE),
    (ItemKind.STREAM, "other.example.com/live/room-1", LINE),
    (ItemKind.DOMAIN, "example.com", LINE),
    (ItemKind.DOMAIN, "ull.example.com", LINE),
    (ItemKind.DOMAIN, "pull.example", LINE),
    (ItemKind.DOMAIN, "子.com", "GET https://例子.com/live/room".encode()),
]


def erasure(kind, text):
    return Erasure.begin(PlainItem.parse(kind, text), "now", date(2026, 11, 22))


@pytest.mark.parametrize(("kind", "text", "line"), KNOWN)
def test_a_known_item_is_found(kind, text, line):
    assert mentions(line, PlainItem.parse(kind, text), "pull.example.com")


@pytest.mark.parametrize(("kind", "text", "line"), HIT)
def test_an_item_of_which_only_the_hash_is_known_is_found(kind, text, line):
    assert mentions(line, erasure(kind, text), "pull.example.com")


@pytest.mark.parametrize(("kind", "text", "line"), MISS)
def test_other_items_stay(kind, text, line):
    assert not mentions(line, PlainItem.parse(kind, text), "pull.example.com")
    assert not mentions(line, erasure(kind, text), "pull.example.com")


def test_bytes_that_are_no_text_are_searched_as_well():
    item = PlainItem.parse(ItemKind.ADDRESS, "203.0.113.7")
    assert mentions(b"\xff\xfe 203.0.113.7 \x00%zz\n", item, "")
