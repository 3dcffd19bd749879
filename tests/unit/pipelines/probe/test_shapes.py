"""Shapes of answers."""

import json

import pytest

from pipelines.probe.calls import Reply
from pipelines.probe.shapes import count_of, shapes


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (1, "1"),
        (2, "2 to 9"),
        (9, "2 to 9"),
        (10, "10 to 99"),
        (999, "100 to 999"),
        (10**6, "1000 or more"),
    ],
)
def test_a_count_is_an_order_of_magnitude(number, shown):
    assert count_of(number) == shown


def test_fields_that_are_not_known_are_counted_without_their_names():
    row = {"Code": "telecom", "Name": None, "room-secret": {"a": 1}}
    document = {"Result": {"ISPList": [row, {"Code": "unicom"}]}}
    found = shapes([Reply("DescribeLiveISPData", {}, document)])
    (level,) = found["DescribeLiveISPData"]["lists"].values()
    assert level["fields"]["Name"] == {"types": ["null"], "null": "always", "missing": "some"}
    assert level["other fields"] == {"count": "1", "types": ["object"]}
    assert "secret" not in json.dumps(found)
    assert "telecom" not in json.dumps(found)
