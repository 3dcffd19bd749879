"""The manifest's entry about rows that an erasure took names no erased domain."""

from datetime import date

import pytest

from resources.raw import erased_rows
from resources.raw.erasures import Erasure, ItemKind, PlainItem

DOMAIN = PlainItem.parse(ItemKind.DOMAIN, "a.example")
STREAM = PlainItem.parse(ItemKind.STREAM, "a.example/live/one")


@pytest.mark.parametrize(
    ("counts", "item", "entry"),
    [
        ({"a.example": 3, "b.example": 1}, STREAM, {"a.example": 3, "b.example": 1}),
        ({"a.example": 3, "b.example": 1, "": 2}, DOMAIN, {"": 5, "b.example": 1}),
        ({"A.Example": 3}, DOMAIN, {"": 3}),
        ({"b.example": 0}, STREAM, None),
        ({}, DOMAIN, None),
    ],
)
def test_rows_by_domain_without_an_erased_one(counts, item, entry):
    hashed = Erasure.begin(item, "", date(2026, 11, 20))  # later its name is not known any more
    for known in (item, hashed):
        assert erased_rows.entry(counts, [known]).get(erased_rows.ERASED_ROWS) == entry


def test_a_manifest_without_the_entry_lost_nothing():
    assert erased_rows.of_manifest({}) == {}
