"""The decoder that accepts harmless deviations."""

import pytest

from resources.api.catalog import ENDPOINTS
from resources.api.errors import TryLater, WrongAnswer
from resources.api.parsing.decode_lenient import read
from resources.api.parsing.response_schema import envelope

ISP = ENDPOINTS["DescribeLiveISPData"]


def decoded(text):
    return read(ISP.action, envelope(ISP), text, 200, len(text))


def test_unknown_fields_are_named_once_without_positions():
    text = b'{"Result": {"ISPList": [{"Code": "a", "Name": "b", "N": 1}, {"Code": "c", "Name": "d", "N": 2}]}}'
    document, unknown = decoded(text)
    assert [one["Code"] for one in document["Result"]["ISPList"]] == ["a", "c"]
    assert unknown == {"Result.ISPList[].N"}


def test_a_field_that_is_given_twice_counts_if_both_are_equal():
    same = b'{"Result": {"ISPList": [{"Code": "a", "Code": "a", "Name": "b"}]}}'
    assert decoded(same)[0]["Result"]["ISPList"][0]["Code"] == "a"
    with pytest.raises(WrongAnswer, match="given once"):
        decoded(same.replace(b'"a", "Name"', b'"x", "Name"'))


def test_a_field_of_another_type_is_named_by_its_path():
    with pytest.raises(WrongAnswer, match=r"ISPList\[0\].Code"):
        decoded(b'{"Result": {"ISPList": [{"Code": 7, "Name": "b"}]}}')


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"Result": {"ISPList": [', b"{}"])
def test_what_is_no_answer_is_tried_again(text):
    with pytest.raises(TryLater):
        decoded(text)
